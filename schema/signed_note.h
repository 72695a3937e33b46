// Signed notes: text with signatures below it, each by a named key.
//
//     example.com/rollcall
//     20852163
//     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//                                                        ← an empty line; the text ends before it
//     — example.com/rollcall Az3grlgtzPICa5OS8n…        ← key name, base64(key id ‖ signature)
//
// Ed25519 is the only algorithm so far, of logs (type 0x01) and of witnesses (type 0x04, which sign when they
// saw it as well); the type byte in a key is where another gets its place.
// Signatures by unknown keys are ignored, so that keys can be rotated and witnesses can sign; a bad signature
// by a known key refuses the note.
//
// Values; any thread. Source: C2SP signed-note and tlog-cosignature; RFC 8032 for the signatures.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace rollcall::schema {

// Who signs with a key, and so what is signed: the type byte of C2SP signed-note.
enum class KeyType : unsigned char { log = 0x01, witness = 0x04 };

// name+hex(key id)+base64(type ‖ public key): all that somebody needs to check a note.
struct VerifierKey {
    std::string name;
    std::array<unsigned char, 4> id{};
    std::array<unsigned char, 32> key{};
    KeyType type = KeyType::log;
    bool operator==(const VerifierKey&) const = default;
    [[nodiscard]] std::string text() const;
};
// invalid_input where the text is no key of that type, or its id is not that of its name and key.
[[nodiscard]] Result<VerifierKey> read_verifier_key(std::string_view text, KeyType type = KeyType::log);

// Whether a key may have this name: no blanks, no plus sign, at most 255 bytes.
[[nodiscard]] bool is_key_name(std::string_view name);

// Signs notes. Its text, "PRIVATE+KEY+name+hex(id)+base64(0x01 ‖ seed)", is a secret.
class SignerKey {
  public:
    // A new one. Errors: invalid_input for a name that is empty or has a space or a plus sign.
    [[nodiscard]] static Result<SignerKey> generate(std::string_view name);
    [[nodiscard]] static Result<SignerKey> read(std::string_view text);
    [[nodiscard]] std::string secret_text() const;
    [[nodiscard]] const VerifierKey& verifier() const { return verifier_; }
    // The note: text, an empty line, one signature. The text ends with a newline.
    [[nodiscard]] std::string sign(std::string_view text) const;
    [[nodiscard]] std::string signature_line(std::string_view text) const;

  private:
    static Result<SignerKey> from_seed(std::string_view name, const std::array<unsigned char, 32>& seed);
    std::array<unsigned char, 32> seed_{};
    std::array<unsigned char, 64> secret_{};
    VerifierKey verifier_;
};

struct SignedNote {
    std::string text;                  // with its last newline
    std::vector<std::string> signers;  // names of known keys whose signature holds
    std::vector<std::string> unknown;  // names of keys that signed it and are not known
};
// Opens a note with the keys that are trusted. Errors: invalid_input for what is no note (more than 100
// signatures or 1 MiB too), denied where a known key's signature does not hold, or no known key has signed.
[[nodiscard]] Result<SignedNote> open_note(std::string_view note, const std::vector<VerifierKey>& trusted);

// Of the lines that a witness answers, those that are this key's signature of the note. Errors: invalid_input
// for what are no signature lines, denied where none is this key's, or one does not hold.
[[nodiscard]] Result<std::string> signature_lines_of(const VerifierKey& key, std::string_view note,
                                                     std::string_view lines);

}  // namespace rollcall::schema
