#include "schema/key_rotation.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "schema/json.h"

namespace rollcall::schema {
namespace {

constexpr std::string_view kSecondLine = "key rotation";

Status signed_by(std::string_view note, const VerifierKey& key, std::string_view which) {
    const Result<SignedNote> opened = open_note(note, {key});
    if (opened) return {};
    return fail(ErrorKind::denied, fmt::format("the {} key {} has not signed it", which, key.text()));
}

}  // namespace

std::string write_key_rotation(const SignerKey& from, const SignerKey& to) {
    const std::string text = fmt::format("{}\n{}\n{}\n{}\n", from.verifier().name, kSecondLine,
                                         from.verifier().text(), to.verifier().text());
    return from.sign(text) + to.signature_line(text);
}

Result<KeyRotation> read_key_rotation(std::string_view note) {
    const auto bad = [] { return fail(ErrorKind::invalid_input, "this is no rotation of a key"); };
    const std::size_t blank = note.rfind("\n\n");
    if (blank == std::string_view::npos) return bad();
    std::array<std::string_view, 4> lines;
    std::string_view text = note.substr(0, blank);
    for (std::string_view& line : lines) {
        const std::size_t end = text.find('\n');
        line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    const Result<VerifierKey> from = read_verifier_key(lines[2]), to = read_verifier_key(lines[3]);
    if (!text.empty() || lines[1] != kSecondLine || !from || !to || from->name != lines[0] ||
        to->name != lines[0] || *from == *to)
        return bad();
    if (const Status old_key = signed_by(note, *from, "old"); !old_key) return pass(old_key);
    if (const Status new_key = signed_by(note, *to, "new"); !new_key) return pass(new_key);
    return KeyRotation{*from, *to, std::string(note)};
}

std::optional<std::string> key_rotation_in(std::string_view leaf) {
    // Inside a text a quotation mark is escaped, so these bytes are a member's name.
    if (leaf.find(R"("rotation":")") == std::string_view::npos) return std::nullopt;
    const Result<json::Value> event = json::parse(leaf);
    if (!event || (*event)["unmapped"]["action"].text() != kRotateKey) return std::nullopt;
    return (*event)["unmapped"]["rotation"].text();
}

Status KeyChain::add(std::uint64_t number, std::string_view note) {
    Result<KeyRotation> rotation = read_key_rotation(note);
    if (!rotation) return pass(rotation);
    if (!links_.empty() && links_.back().rotation.to != rotation->from)
        return fail(ErrorKind::conflict,
                    fmt::format("it hands the log on from the key {}, and the one in force was {}",
                                rotation->from.text(), links_.back().rotation.to.text()));
    if (contains(rotation->to))
        return fail(ErrorKind::conflict,
                    fmt::format("it hands the log back to the key {}", rotation->to.text()));
    links_.push_back({number, std::move(*rotation)});
    return {};
}

const VerifierKey& KeyChain::at(std::uint64_t size) const {
    const auto above =
        std::find_if(links_.begin(), links_.end(), [size](const Link& link) { return link.number > size; });
    return above == links_.begin() ? above->rotation.from : std::prev(above)->rotation.to;
}

std::vector<VerifierKey> KeyChain::keys() const {
    std::vector<VerifierKey> out;
    if (!links_.empty()) out.push_back(links_.front().rotation.from);
    for (const Link& link : links_) out.push_back(link.rotation.to);
    return out;
}

bool KeyChain::contains(const VerifierKey& key) const {
    return std::any_of(links_.begin(), links_.end(), [&](const Link& link) {
        return link.rotation.from == key || link.rotation.to == key;
    });
}

}  // namespace rollcall::schema
