// A personal part of an entry as the store keeps it: encrypted under its person's key, so that destroying
// that key destroys what it says wherever copies of its bytes lie: in pages of the database that were split,
// in a write-ahead log, in spare blocks of a disk.
//
//     storage key = HMAC(entry key, "storage")                                (schema/person_key.h)
//     nonce       = first 24 bytes of HMAC(storage key, party, a blank, text): none is ever used for two
//     texts sealed      = nonce, then crypto_secretbox of the text (XSalsa20 and Poly1305, as libsodium has
//     it)
//
// Values; any thread.
#pragma once

#include "policy/base/result.h"
#include "schema/trail_leaf.h"

namespace rollcall::schema {

[[nodiscard]] std::string seal_part(const PersonKey& key, std::uint64_t number, const PersonalPart& part);

// Error io: these bytes were not sealed under that key for that place.
[[nodiscard]] Result<PersonalPart> open_part(const PersonKey& key, std::uint64_t number, Party party,
                                             std::string_view sealed);

}  // namespace rollcall::schema
