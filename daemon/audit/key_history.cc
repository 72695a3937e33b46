#include "daemon/audit/key_history.h"

#include <fmt/format.h>

#include "schema/trail_entry.h"

namespace rollcall::audit {

Result<schema::KeyChain> key_history(store::TrailReader& reader) {
    const auto numbers = reader.numbers(schema::to_text(schema::TrailKind::command), schema::kRotateKey);
    if (!numbers) return pass(numbers);
    schema::KeyChain out;
    for (const std::uint64_t number : *numbers) {
        const Result<std::string> leaf = reader.leaf(number);
        if (!leaf) return pass(leaf);
        if (Status added = out.add(number, schema::key_rotation_in(*leaf).value_or("")); !added)
            return fail(added.error().kind, fmt::format("entry {}: {}", number, added.error().message),
                        "`rollcall audit verify` says what is wrong");
    }
    return out;
}

Status go_on_with(const schema::KeyChain& keys, const KeyFiles& files, Publisher& publisher) {
    if (keys.empty() || keys.links().back().rotation.to == publisher.verifier()) return {};
    const auto& [number, rotation] = keys.links().back();
    if (rotation.from != publisher.verifier())
        return fail(ErrorKind::conflict,
                    fmt::format("the key in audit.key_file is {}, and entry {} has handed the log on to {}",
                                publisher.verifier().text(), number, rotation.to.text()),
                    "restore the newest copy of that file");
    Result<std::optional<schema::SignerKey>> next = files.next();
    if (!next) return pass(next);
    if (!*next || (*next)->verifier() != rotation.to)
        return fail(ErrorKind::conflict,
                    fmt::format("entry {} has handed the log on to the key {}, and {} is not it", number,
                                rotation.to.text(), files.next_path()),
                    "restore that file: without it nothing more can be signed");
    publisher.hand_on(std::move(**next), number, files);
    return {};
}

}  // namespace rollcall::audit
