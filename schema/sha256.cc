#include "schema/sha256.h"

#include <fmt/format.h>
#include <sodium.h>

#include "schema/octets.h"

namespace rollcall::schema {

std::string sha256_hex(std::string_view text) {
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, octets(text), text.size());
    std::string out;
    for (const unsigned char byte : digest) out += fmt::format("{:02x}", byte);
    return out;
}

}  // namespace rollcall::schema
