// The key of one person (or other caller) in the trail, and what is made of it. The log holds only these, so
// that destroying the key destroys the way back from an entry to whom it is about.
//
//     pseudonym   = first 16 bytes of HMAC(key, "pseudonym"), as 32 hex digits: the same in all their entries
//     entry key   = HMAC(key, "entry " number): of one entry alone, so that it can be shown without the
//     others mac         = base64 of HMAC(entry key, text) storage key = HMAC(entry key, "storage"): under
//     which the store keeps what that entry says of them
//
// HMAC is HMAC-SHA-256 (RFC 2104), numbers are decimal. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rollcall::schema {

using PersonKey = std::array<unsigned char, 32>;

[[nodiscard]] std::string pseudonym(const PersonKey& key);
[[nodiscard]] PersonKey entry_key(const PersonKey& key, std::uint64_t number);
[[nodiscard]] PersonKey storage_key(const PersonKey& entry_key);
[[nodiscard]] PersonKey hmac(const PersonKey& key, std::string_view text);
[[nodiscard]] std::string personal_mac(const PersonKey& entry_key, std::string_view text);

}  // namespace rollcall::schema
