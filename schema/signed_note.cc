#include "schema/signed_note.h"

#include <fmt/format.h>
#include <sodium.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "schema/base64.h"
#include "schema/octets.h"
#include "schema/utf8.h"

namespace rollcall::schema {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // em dash, space
constexpr std::string_view kPrivate = "PRIVATE+KEY+";
constexpr std::size_t kMostSignatures = 100;
constexpr std::size_t kLongestNote = std::size_t{1} << 20U;

using KeyId = std::array<unsigned char, 4>;

// Not fmt::join: at -O3 g++ 12 sees an overflow in it where there is none.
std::string hex_of(const KeyId& id) {
    std::array<char, 2 * std::tuple_size_v<KeyId> + 1> text{};
    sodium_bin2hex(text.data(), text.size(), id.data(), id.size());
    return text.data();
}

template <std::size_t N>
std::string_view view(const std::array<unsigned char, N>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), N};
}
KeyId key_id(std::string_view name, KeyType type, const std::array<unsigned char, 32>& key) {
    const std::string hashed = fmt::format("{}\n{}{}", name, static_cast<char>(type), view(key));
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), octets(hashed), hashed.size());
    KeyId out;
    std::copy_n(digest.begin(), out.size(), out.begin());
    return out;
}

// Spaces of Unicode beyond ASCII (White_Space=yes), in UTF-8.
constexpr std::string_view kSpaces[] = {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
                                        "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
                                        "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

// name+hex id+base64(type ‖ 32 bytes): the form of both kinds of key.
struct KeyText {
    std::string name;
    KeyId id{};
    std::array<unsigned char, 32> bytes{};
};
std::optional<KeyText> split_key(std::string_view text, KeyType type) {
    const std::size_t first = text.find('+');
    const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    KeyText out;
    out.name = text.substr(0, first);
    const std::string_view hex = text.substr(first + 1, second - first - 1);
    std::size_t length = 0;
    if (!is_key_name(out.name) || hex.size() != 8 ||
        sodium_hex2bin(out.id.data(), out.id.size(), hex.data(), hex.size(), nullptr, &length, nullptr) !=
            0 ||
        length != out.id.size() || hex_of(out.id) != hex)
        return std::nullopt;
    const Result<std::string> key = from_base64(text.substr(second + 1));
    if (!key || key->size() != 33 || static_cast<KeyType>(key->front()) != type) return std::nullopt;
    std::copy(key->begin() + 1, key->end(), out.bytes.begin());
    return out;
}

std::string join_key(const std::string& name, const KeyId& id, KeyType type,
                     const std::array<unsigned char, 32>& bytes) {
    return fmt::format("{}+{}+{}", name, hex_of(id),
                       to_base64(fmt::format("{}{}", static_cast<char>(type), view(bytes))));
}

struct Signature {
    std::string name;
    std::string bytes;  // key id ‖ signature
};
Result<Signature> read_signature(std::string_view line) {
    const auto bad = [] {
        return fail(ErrorKind::invalid_input, "a signature line of the note is malformed");
    };
    if (!line.starts_with(kDash)) return bad();
    line.remove_prefix(kDash.size());
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || !is_key_name(line.substr(0, space))) return bad();
    Result<std::string> bytes = from_base64(line.substr(space + 1));
    if (!bytes || bytes->size() < 5) return bad();
    return Signature{std::string(line.substr(0, space)), std::move(*bytes)};
}

bool is_by(const Signature& signature, const VerifierKey& key) {
    return key.name == signature.name && signature.bytes.starts_with(view(key.id));
}

// A log signs the text; a witness signs when it saw it, and the text (C2SP tlog-cosignature).
bool holds(const Signature& signature, const VerifierKey& key, std::string_view text) {
    constexpr std::size_t kTime = 8;
    std::string_view bytes = std::string_view(signature.bytes).substr(key.id.size());
    std::string seen;
    if (key.type == KeyType::witness) {
        if (bytes.size() < kTime) return false;
        std::uint64_t time = 0;
        for (const char c : bytes.substr(0, kTime)) time = time << 8U | static_cast<unsigned char>(c);
        seen = fmt::format("cosignature/v1\ntime {}\n{}", time, text);
        text = seen;
        bytes.remove_prefix(kTime);
    }
    return bytes.size() == crypto_sign_BYTES &&
           crypto_sign_verify_detached(octets(bytes), octets(text), text.size(), key.key.data()) == 0;
}

}  // namespace

bool is_key_name(std::string_view name) {
    return !name.empty() && name.size() <= 255 && is_utf8(name) &&
           std::none_of(
               name.begin(), name.end(),
               [](char c) { return c == '+' || c == '\x7f' || (static_cast<unsigned char>(c) <= ' '); }) &&
           std::none_of(std::begin(kSpaces), std::end(kSpaces), [name](std::string_view space) {
               return name.find(space) != std::string_view::npos;
           });
}

std::string VerifierKey::text() const {
    return join_key(name, id, type, key);
}

Result<VerifierKey> read_verifier_key(std::string_view text, KeyType type) {
    const std::optional<KeyText> parts = split_key(text, type);
    if (!parts)
        return fail(ErrorKind::invalid_input, "this is no verifier key",
                    "it looks like example.com/rollcall+530d903a+AekyeRrm…, one line");
    if (key_id(parts->name, type, parts->bytes) != parts->id)
        return fail(ErrorKind::invalid_input, "the id in this verifier key is not that of its name and key",
                    "copy the whole line again");
    return VerifierKey{parts->name, parts->id, parts->bytes, type};
}

Result<SignerKey> SignerKey::from_seed(std::string_view name, const std::array<unsigned char, 32>& seed) {
    if (!is_key_name(name))
        return fail(ErrorKind::invalid_input, fmt::format("'{}' cannot name a key", name),
                    "use a name without spaces and plus signs, such as corp.example.com/rollcall");
    SignerKey out;
    out.seed_ = seed;
    out.verifier_.name = name;
    crypto_sign_seed_keypair(out.verifier_.key.data(), out.secret_.data(), seed.data());
    out.verifier_.id = key_id(name, KeyType::log, out.verifier_.key);
    return out;
}

Result<SignerKey> SignerKey::generate(std::string_view name) {
    std::array<unsigned char, 32> seed{};
    randombytes_buf(seed.data(), seed.size());
    return from_seed(name, seed);
}

Result<SignerKey> SignerKey::read(std::string_view text) {
    const std::optional<KeyText> parts =
        text.starts_with(kPrivate) ? split_key(text.substr(kPrivate.size()), KeyType::log) : std::nullopt;
    if (!parts) return fail(ErrorKind::invalid_input, "this is no signing key", "`rollcall init` makes one");
    Result<SignerKey> out = from_seed(parts->name, parts->bytes);
    if (out && out->verifier_.id != parts->id)
        return fail(ErrorKind::invalid_input, "the id in this signing key is not that of its name and key",
                    "restore the file from a backup");
    return out;
}

std::string SignerKey::secret_text() const {
    return std::string(kPrivate) + join_key(verifier_.name, verifier_.id, verifier_.type, seed_);
}

std::string SignerKey::signature_line(std::string_view text) const {
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    crypto_sign_detached(signature.data(), nullptr, octets(text), text.size(), secret_.data());
    return fmt::format("{}{} {}\n", kDash, verifier_.name,
                       to_base64(fmt::format("{}{}", view(verifier_.id), view(signature))));
}

std::string SignerKey::sign(std::string_view text) const {
    return fmt::format("{}\n{}", text, signature_line(text));
}

Result<SignedNote> open_note(std::string_view note, const std::vector<VerifierKey>& trusted) {
    const auto bad = [](std::string_view what) {
        return fail(ErrorKind::invalid_input, fmt::format("this is no signed note: {}", what));
    };
    if (note.size() > kLongestNote) return bad("it is longer than 1 MiB");
    if (!is_utf8(note) || std::any_of(note.begin(), note.end(), [](char c) {
            return static_cast<unsigned char>(c) < ' ' && c != '\n';
        }))
        return bad("it is not plain text");
    const std::size_t blank = note.rfind("\n\n");
    if (blank == std::string_view::npos || !note.ends_with('\n'))
        return bad("no signatures below an empty line");
    SignedNote out;
    out.text = note.substr(0, blank + 1);
    std::string_view lines = note.substr(blank + 2);
    if (lines.empty()) return bad("it has no signatures");
    for (std::size_t count = 0; !lines.empty(); ++count) {
        if (count == kMostSignatures) return bad("it has more than 100 signatures");
        const std::size_t end = lines.find('\n');
        const Result<Signature> signature = read_signature(lines.substr(0, end));
        if (!signature) return pass(signature);
        lines.remove_prefix(end + 1);
        const auto key = std::find_if(trusted.begin(), trusted.end(),
                                      [&](const VerifierKey& known) { return is_by(*signature, known); });
        if (key == trusted.end()) {
            out.unknown.push_back(signature->name);
            continue;
        }
        if (!holds(*signature, *key, out.text))
            return fail(ErrorKind::denied, fmt::format("the signature of {} does not hold", key->name),
                        "the text was changed after it was signed, or the key is another one");
        out.signers.push_back(key->name);
    }
    if (out.signers.empty())
        return fail(ErrorKind::denied, "no known key has signed this note",
                    "give the log's verifier key, with --key");
    return out;
}

Result<std::string> signature_lines_of(const VerifierKey& key, std::string_view note,
                                       std::string_view lines) {
    if (!lines.ends_with('\n')) return fail(ErrorKind::invalid_input, "these are no signature lines");
    std::string own;
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n');
        const Result<Signature> signature = read_signature(lines.substr(0, end));
        if (!signature) return pass(signature);
        if (is_by(*signature, key)) own += lines.substr(0, end + 1);
        lines.remove_prefix(end + 1);
    }
    if (own.empty()) return fail(ErrorKind::denied, fmt::format("none is by {}", key.name));
    const Result<SignedNote> opened = open_note(std::string(note) + own, {key});
    if (!opened) return pass(opened);
    return own;
}

}  // namespace rollcall::schema
