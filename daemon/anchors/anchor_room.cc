#include "daemon/anchors/anchor_room.h"

#include <fmt/format.h>
#include <algorithm>
#include <string_view>
#include <utility>

#include "bridges/matrix/call.h"
#include "schema/checkpoint.h"
#include "schema/json.h"
#include "schema/matrix_content.h"

namespace rollcall::anchors {
namespace {

using matrix::Outcome;

constexpr Duration kRoomDeadline = std::chrono::seconds{10};
constexpr std::size_t kNewestPages = 10, kAllPages = 1'000;

json::Value notice(std::uint64_t size, const std::string& note) {
    json::Value content = json::Object{}, head = json::Object{};
    head.set("size", static_cast<std::int64_t>(size)).set("note", note);
    content.set("msgtype", "m.notice").set("body", note);
    content.set(std::string(schema::kCheckpointKey), std::move(head));
    return content;
}

// As its text says, whoever has signed it; 0 for what is no checkpoint.
std::uint64_t entries_of(std::string_view note) {
    const auto head = schema::read_checkpoint_text(note.substr(0, note.find("\n\n") + 1));
    return head ? head->size : 0;
}

std::string taken_away(const matrix::MessagePage::Redacted& gone) {
    return fmt::format("a message of the bot there was redacted{}, so that a checkpoint may be gone: {}",
                       gone.by.empty() ? "" : " by " + gone.by, gone.event);
}

}  // namespace

AnchorRoom::AnchorRoom(std::string name, std::string key, FindRoom find, matrix::Access access)
    : AnchorPort(std::move(name)),
      key_(std::move(key)),
      find_(std::move(find)),
      http_(http::ClientOptions{.connections_per_host = 1, .connect_timeout = kRoomDeadline, .ca_file = {}}),
      matrix_(http_, std::move(access)) {}

Status AnchorRoom::put(std::uint64_t size, const std::string& note) {
    const Result<std::optional<std::string>> room = find_();
    if (!room) return pass(room);
    if (!*room)
        return fail(
            ErrorKind::unavailable,
            fmt::format("the room {} is not there yet: it is made once a policy with it is applied", key_));
    if (Clock::now() < not_before_)
        return fail(ErrorKind::unavailable, "the homeserver has asked to wait with further messages");
    matrix::Call call =
        matrix::send_message(**room, fmt::format("rollcall-checkpoint-{}", size), notice(size, note));
    call.deadline = kRoomDeadline;
    const Result<Outcome> outcome = patience_.answer_to<Outcome>(
        [&](auto take) { matrix_.perform(call, [take](Outcome said) { take(std::move(said)); }); });
    if (!outcome) return pass(outcome);
    if (outcome->kind == Outcome::Kind::done) return {};
    if (outcome->after) not_before_ = Clock::now() + *outcome->after;
    return fail(ErrorKind::unavailable, fmt::format("the room {} takes no message: {}", key_, outcome->text));
}

Result<audit::HeldOutside> AnchorRoom::read(std::size_t most, std::size_t pages) {
    audit::HeldOutside out;
    const Result<std::optional<std::string>> room = find_();
    if (!room) return pass(room);
    if (!*room) return out;
    std::string from;
    for (std::size_t page = 0; page < pages && out.heads.size() < most; ++page) {
        using Read = Result<matrix::MessagePage>;
        Result<Read> answer = patience_.answer_to<Read>(
            [&](auto take) { matrix_.messages_of(**room, matrix_.access().bot, from, take); });
        if (!answer) return pass(answer);
        if (!*answer)
            return fail(answer->error().kind,
                        fmt::format("the room {} cannot be read: {}", key_, answer->error().message));
        for (const json::Value& content : (*answer)->contents)
            if (const json::Value& head = content[schema::kCheckpointKey]; head["note"].string() != nullptr)
                out.heads.push_back(
                    {fmt::format("the room {} (checkpoint of {})", key_, head["size"].integer_or(0)),
                     head["note"].text(), true});
        for (const matrix::MessagePage::Redacted& gone : (*answer)->redacted)
            out.taken_away.push_back(taken_away(gone));
        gets_on();
        from = (*answer)->next;
        if (from.empty()) break;
    }
    out.whole = from.empty();
    return out;
}

Result<std::optional<audit::Anchor>> AnchorRoom::newest() {
    const Result<audit::HeldOutside> read_back = read(1, kNewestPages);
    if (!read_back) return pass(read_back);
    const std::vector<audit::Anchor>& found = read_back->heads;
    if (found.empty()) return std::optional<audit::Anchor>{};
    // Not the one that was sent last: whoever rolls the log back could send an old one again.
    return std::optional(
        *std::max_element(found.begin(), found.end(), [](const audit::Anchor& a, const audit::Anchor& b) {
            return entries_of(a.note) < entries_of(b.note);
        }));
}

Result<audit::HeldOutside> AnchorRoom::all() {
    Result<audit::HeldOutside> found = read(static_cast<std::size_t>(-1), kAllPages);
    if (!found) return found;
    std::reverse(found->heads.begin(), found->heads.end());
    std::reverse(found->taken_away.begin(), found->taken_away.end());
    return found;
}

}  // namespace rollcall::anchors
