// The keys of one log, one after another. A log is handed on to a new key by an entry that carries a note
// signed by both keys, so that whoever holds the first public key can follow it to the one in force:
//
//     corp.example.com/rollcall                 origin
//     key rotation                              no checkpoint has this as its second line
//     corp.example.com/rollcall+0a1b2c3d+AY…    from this key
//     corp.example.com/rollcall+91fe0017+Ab…    to this one
//                                               ← an empty line
//     — corp.example.com/rollcall …             the old key's signature
//     — corp.example.com/rollcall …             the new key's
//
// A head that covers that entry is signed by the new key; one that does not, by the old. So the key that was
// put away signs nothing more, whoever finds it. Values; any thread. Source: C2SP signed-note for the form;
// the note's text is our own (docs/log-format.md).
#pragma once

#include <cstdint>
#include <optional>

#include "schema/signed_note.h"

namespace rollcall::schema {

inline constexpr std::string_view kRotateKey = "rotate key";  // action of the entry
// As many as a proof has room for.
inline constexpr std::size_t kMostKeyRotations = 100;

struct KeyRotation {
    VerifierKey from, to;
    std::string note;
};

// The note. Both keys are of one log: they have one name.
[[nodiscard]] std::string write_key_rotation(const SignerKey& from, const SignerKey& to);
// Errors: invalid_input for what is no such note; denied names the key that has not signed it.
[[nodiscard]] Result<KeyRotation> read_key_rotation(std::string_view note);
// The note that an entry of the log carries; nullopt: it is another entry.
[[nodiscard]] std::optional<std::string> key_rotation_in(std::string_view leaf);

// Every key of a log, in the order in which they were in force.
class KeyChain {
  public:
    // The rotation in entry `number`, above those that were added before. Errors: as read_key_rotation();
    // conflict where it hands on from another key than the one in force.
    [[nodiscard]] Status add(std::uint64_t number, std::string_view note);
    [[nodiscard]] bool empty() const { return links_.empty(); }
    // Which signs a head of so many entries; not of an empty chain.
    [[nodiscard]] const VerifierKey& at(std::uint64_t size) const;
    [[nodiscard]] std::vector<VerifierKey> keys() const;
    [[nodiscard]] bool contains(const VerifierKey& key) const;

    struct Link {
        std::uint64_t number = 0;
        KeyRotation rotation;
    };
    [[nodiscard]] const std::vector<Link>& links() const { return links_; }

  private:
    std::vector<Link> links_;
};

}  // namespace rollcall::schema
