#include "daemon/anchors/anchor_witness.h"

#include <fmt/format.h>
#include <algorithm>
#include <string_view>
#include <utility>

#include "daemon/audit/log_folder.h"
#include "schema/decimal.h"
#include "schema/tlog_proof.h"

namespace rollcall::anchors {
namespace {

constexpr Duration kWitnessDeadline = std::chrono::seconds{10};
constexpr Duration kLongestWait = std::chrono::hours{1};
constexpr std::size_t kLongestAnswer = std::size_t{64} << 10U;  // some hundred signature lines
constexpr int kTries = 3;  // it may sign for another of our processes in between

// C2SP tlog-witness, add-checkpoint.
std::string body(std::uint64_t old, const schema::TlogPath& proof, const std::string& note) {
    std::string out = fmt::format("old {}\n", old);
    for (const schema::TlogHash& hash : proof) out += schema::to_base64(hash) + "\n";
    return out + "\n" + note;
}

}  // namespace

AnchorWitness::AnchorWitness(std::string name, std::string url, schema::VerifierKey key, std::string folder)
    : AnchorPort(std::move(name)),
      url_(std::move(url)),
      key_(std::move(key)),
      folder_(std::move(folder)),
      http_(http::ClientOptions{
          .connections_per_host = 1, .connect_timeout = kWitnessDeadline, .ca_file = {}}) {}

Status AnchorWitness::put(std::uint64_t size, const std::string& note) {
    if (Clock::now() < not_before_)
        return fail(ErrorKind::unavailable, fmt::format("the witness {} has asked to wait", key_.name));
    std::uint64_t old = std::min(seen_.value_or(size), size);
    for (int tries = 0; tries < kTries; ++tries) {
        const Result<http::Response> answer = offer(old, size, note);
        if (!answer) return pass(answer);
        if (answer->failure == http::Failure::none && answer->status == 200) {
            if (Status taken = take(note, answer->body); !taken) return taken;
            seen_ = size;
            return {};
        }
        if (answer->failure != http::Failure::none || answer->status != 409) return refusal(*answer);
        const Result<std::uint64_t> last = seen(*answer, old, size);
        if (!last) return pass(last);
        seen_ = old = *last;
    }
    return fail(ErrorKind::unavailable,
                fmt::format("the witness {} says another size each time it is asked", key_.name));
}

Result<http::Response> AnchorWitness::offer(std::uint64_t old, std::uint64_t size, const std::string& note) {
    const auto folder = audit::LogFolder::open(folder_);
    if (!folder) return pass(folder);
    const Result<schema::TlogPath> proof = schema::tlog_consistency(folder->reader(size), old, size);
    if (!proof) return pass(proof);
    http::Request request;
    request.method = "POST";
    request.url = url_ + "/add-checkpoint";
    request.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
    request.body = body(old, *proof, note);
    request.deadline = kWitnessDeadline;
    request.max_response_bytes = kLongestAnswer;
    return patience_.answer_to<http::Response>(
        [&](auto take) { http_.send(std::move(request), std::move(take)); });
}

Status AnchorWitness::take(const std::string& note, const std::string& lines) {
    Result<std::string> own = schema::signature_lines_of(key_, note, lines);
    if (!own)
        return fail(ErrorKind::denied, fmt::format("what the witness {} answers is not its signature: {}",
                                                   key_.name, own.error().message));
    cosignature_ = std::move(*own);
    return {};
}

Result<std::uint64_t> AnchorWitness::seen(const http::Response& answer, std::uint64_t old,
                                          std::uint64_t size) const {
    std::string_view text = answer.body;
    if (text.ends_with('\n')) text.remove_suffix(1);
    const std::optional<std::uint64_t> last = schema::read_decimal(text);
    if (!last)
        return fail(ErrorKind::unavailable,
                    fmt::format("the witness {} answers 409 without saying what it has seen", key_.name));
    if (*last > size)
        return fail(ErrorKind::conflict,
                    fmt::format("the witness {} says it has seen {} entries, and this log has {}: was it "
                                "rolled back?",
                                key_.name, *last, size));
    if (*last == old)
        return fail(ErrorKind::conflict,
                    fmt::format("the witness {} says it has seen another log of {} entries: is this a fork?",
                                key_.name, *last));
    return *last;
}

tl::unexpected<Error> AnchorWitness::refusal(const http::Response& answer) {
    if (answer.retry_after) not_before_ = Clock::now() + std::min(*answer.retry_after, kLongestWait);
    if (answer.failure != http::Failure::none)
        return fail(ErrorKind::unavailable,
                    fmt::format("the witness {} cannot be asked: {}", key_.name, answer.text));
    switch (answer.status) {
        case 403:
            return fail(ErrorKind::denied,
                        fmt::format("the witness {} does not trust this log's key: give it to its operator "
                                    "(`rollcall status --json`, trail.key)",
                                    key_.name));
        case 404:
            return fail(
                ErrorKind::denied,
                fmt::format("the witness {} does not know this log: its operator must add the log's "
                            "origin and key (`rollcall status --json`, trail.key), or the url is wrong",
                            key_.name));
        case 422:
            seen_.reset();
            return fail(ErrorKind::conflict,
                        fmt::format("the witness {} says that this log does not continue the one it has "
                                    "seen: is this a fork?",
                                    key_.name));
        default:
            return fail(ErrorKind::unavailable,
                        fmt::format("the witness {} answers with status {}", key_.name, answer.status));
    }
}

}  // namespace rollcall::anchors
