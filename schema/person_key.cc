#include "schema/person_key.h"

#include <fmt/format.h>
#include <sodium.h>

#include "schema/base64.h"

namespace rollcall::schema {

static_assert(crypto_auth_hmacsha256_BYTES == sizeof(PersonKey));

PersonKey hmac(const PersonKey& key, std::string_view text) {
    crypto_auth_hmacsha256_state state;
    PersonKey out{};
    crypto_auth_hmacsha256_init(&state, key.data(), key.size());
    crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    crypto_auth_hmacsha256_final(&state, out.data());
    return out;
}

std::string pseudonym(const PersonKey& key) {
    const PersonKey whole = hmac(key, "pseudonym");
    std::string out;
    for (std::size_t i = 0; i < 16; ++i) out += fmt::format("{:02x}", whole[i]);
    return out;
}

PersonKey entry_key(const PersonKey& key, std::uint64_t number) {
    return hmac(key, fmt::format("entry {}", number));
}

PersonKey storage_key(const PersonKey& entry_key) {
    return hmac(entry_key, "storage");
}

std::string personal_mac(const PersonKey& entry_key, std::string_view text) {
    const PersonKey mac = hmac(entry_key, text);
    return to_base64(std::string_view(reinterpret_cast<const char*>(mac.data()), mac.size()));
}

}  // namespace rollcall::schema
