#include "schema/checkpoint.h"

#include <fmt/format.h>

#include "schema/decimal.h"

namespace rollcall::schema {

std::string Checkpoint::text() const {
    return fmt::format("{}\n{}\n{}\n", origin, size, to_base64(root));
}

Result<Checkpoint> read_checkpoint_text(std::string_view text) {
    const auto bad = [](std::string_view what) {
        return fail(ErrorKind::invalid_input, fmt::format("this is no checkpoint: {}", what));
    };
    const std::size_t first = text.find('\n');
    const std::size_t second = first == std::string_view::npos ? first : text.find('\n', first + 1);
    const std::size_t third = second == std::string_view::npos ? second : text.find('\n', second + 1);
    if (third == std::string_view::npos) return bad("it has fewer than three lines");
    if (third + 1 != text.size()) return bad("it has extension lines, which cannot be audited");
    Checkpoint out;
    out.origin = text.substr(0, first);
    if (out.origin.empty()) return bad("no origin");
    const std::optional<std::uint64_t> size = read_decimal(text.substr(first + 1, second - first - 1));
    if (!size) return bad("the second line is no size");
    out.size = *size;
    const Result<TlogHash> root = tlog_hash_from_base64(text.substr(second + 1, third - second - 1));
    if (!root) return bad("the third line is no hash");
    out.root = *root;
    return out;
}

Result<Checkpoint> open_checkpoint(std::string_view note, const std::string& origin,
                                   const std::vector<VerifierKey>& trusted) {
    const Result<SignedNote> opened = open_note(note, trusted);
    if (!opened) return pass(opened);
    Result<Checkpoint> out = read_checkpoint_text(opened->text);
    if (out && out->origin != origin)
        return fail(ErrorKind::conflict,
                    fmt::format("this checkpoint is of the log {}, not {}", out->origin, origin));
    return out;
}

}  // namespace rollcall::schema
