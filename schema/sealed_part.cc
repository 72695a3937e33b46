#include "schema/sealed_part.h"

#include <fmt/format.h>
#include <sodium.h>
#include <algorithm>

#include "schema/octets.h"

namespace rollcall::schema {
namespace {

using Nonce = std::array<unsigned char, crypto_secretbox_NONCEBYTES>;
static_assert(crypto_secretbox_KEYBYTES == sizeof(PersonKey));

Nonce nonce_of(const PersonKey& key, const PersonalPart& part) {
    const PersonKey whole = hmac(key, fmt::format("{} {}", to_text(part.party), part.text));
    Nonce nonce{};
    std::copy_n(whole.begin(), nonce.size(), nonce.begin());
    return nonce;
}

}  // namespace

std::string seal_part(const PersonKey& key, std::uint64_t number, const PersonalPart& part) {
    const PersonKey storage = storage_key(entry_key(key, number));
    const Nonce nonce = nonce_of(storage, part);
    std::string out(nonce.begin(), nonce.end());
    out.resize(nonce.size() + crypto_secretbox_MACBYTES + part.text.size());
    crypto_secretbox_easy(octets(out) + nonce.size(), octets(part.text), part.text.size(), nonce.data(),
                          storage.data());
    return out;
}

Result<PersonalPart> open_part(const PersonKey& key, std::uint64_t number, Party party,
                               std::string_view sealed) {
    constexpr std::size_t kBefore = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
    const PersonKey storage = storage_key(entry_key(key, number));
    PersonalPart out{party, std::string(sealed.size() < kBefore ? 0 : sealed.size() - kBefore, '\0')};
    if (sealed.size() < kBefore ||
        crypto_secretbox_open_easy(octets(out.text), octets(sealed) + crypto_secretbox_NONCEBYTES,
                                   sealed.size() - crypto_secretbox_NONCEBYTES, octets(sealed),
                                   storage.data()) != 0)
        return fail(ErrorKind::io,
                    fmt::format("what entry {} says of its {} cannot be deciphered", number, to_text(party)),
                    "`rollcall audit verify` says what is wrong");
    return out;
}

}  // namespace rollcall::schema
