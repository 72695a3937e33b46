// Outcome: what an answer of the homeserver means for the action that was asked for. Pure; any thread.
//
// "Already so" is success: after a crash or a lost answer the same intent is sent again, and others act too.
// Homeservers say it in their own ways, so the texts and codes that are known are read here and nowhere else
// (seen on Synapse 1.163; Dendrite 0.15 and Conduit 0.11 where noted). What is not known to be a refusal by
// the homeserver itself is never taken for one: an answer without a Matrix error code comes from something in
// between, and is tried again.
//
// Likewise a success: the body must be the JSON that the specification says for that action. A page of HTML,
// an empty or a cut body, or a list under 200 says only that something answered; what became of a change is
// then unknown, and is looked at.
#pragma once

#include <optional>
#include <string>

#include "bridges/http/client.h"
#include "bridges/matrix/call.h"

namespace rollcall::matrix {

struct Outcome {
    enum class Kind {
        done,
        already_so,      // nothing to do: the wanted state was there before
        retry,           // not now: again after `after`, or when the caller likes
        refused,         // for good: errcode and text say why
        unknown_result,  // it may have been carried out: read the state before sending it again
        no_account,      // the user to act as has no account (yet)
        not_covered,     // the mask registration does not let us act as that user, whether or not they exist
    };
    Kind kind = Kind::done;
    std::optional<Duration> after;
    std::string event_id;  // where the answer has one
    std::string room_id;   // likewise; of an alias that is refused, where it leads
    std::string errcode;   // of the homeserver; "" where none
    std::string text;      // for people; "" when done
    int status = 0;

    // The homeserver does not know the registration whose token was used.
    [[nodiscard]] bool unknown_token() const { return status == 401 && errcode == "M_UNKNOWN_TOKEN"; }
};

// For people: "the homeserver answers M_FORBIDDEN: …", or that it does not answer and why.
[[nodiscard]] std::string words_of(const Outcome& outcome);
[[nodiscard]] Outcome interpret(const Call& call, const http::Response& response);
// The outcome of a call that could not be made into a request.
[[nodiscard]] Outcome refused(const Error& error);

[[nodiscard]] std::string_view to_text(Outcome::Kind kind);

}  // namespace rollcall::matrix
