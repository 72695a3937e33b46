// Client: calls and their answers over one http::Client, with the registrations' tokens.
//
// Thin on purpose: what goes out is call.h and access.h, what came back means outcome.h and answer_reader.h.
// The http::Client must outlive it; calls that are open when it ends are answered all the same. From any
// thread; each callback is called exactly once, on the http::Client's thread (or at once, where the call
// cannot be made), and must not block.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/http/client.h"
#include "bridges/matrix/access.h"
#include "bridges/matrix/answer_reader.h"
#include "bridges/matrix/call.h"
#include "bridges/matrix/effect_reader.h"
#include "bridges/matrix/outcome.h"
#include "bridges/matrix/sign_in.h"
#include "policy/base/result.h"
#include "policy/room_event.h"
#include "schema/state_size.h"

namespace rollcall::matrix {

// What calls on their way share with the client that made them.
struct Line {
    http::Client& http;
    const Access access;
    // What the homeserver's clock shows, with every answer, where that is the clock of another machine.
    const std::function<void(Time)> heard;
};

template <class T>
using Reading = std::function<void(Result<T>)>;

class Client {
  public:
    Client(http::Client& http, Access access, std::function<void(Time)> heard = {})
        : line_(std::make_shared<const Line>(Line{http, std::move(access), std::move(heard)})) {}

    // Every call that changes something. An alias that exists already is looked up: leading to the wanted
    // room, it is already so.
    void perform(const Call& call, std::function<void(Outcome)> done);

    void joined_rooms(std::string_view as_user, Reading<std::vector<std::string>> done);
    void invitations(std::string_view as_user, Reading<std::vector<std::string>> done);
    // `large` is told before `done` where there is more of it than there should be.
    void room_state(std::string_view room, std::string_view as_user, Reading<policy::RoomRead> done,
                    std::function<void(const schema::StateSize&)> large = {});
    void member_event(std::string_view room, std::string_view user, std::string_view as_user,
                      Reading<std::optional<policy::RoomEvent>> done);
    // Looking at what an action brought about (effect_reader.h).
    void state_event(std::string_view room, std::string_view type, std::string_view key,
                     Reading<std::string> done);
    void room_maker(std::string_view room, Reading<std::string> done);
    void past(std::string_view room, std::string_view as_user, Reading<Past> done);
    void devices(std::string_view as_user, Reading<std::optional<std::size_t>> done);
    // Among the newest 50 messages; nullopt where none of them carries that intent.
    void marked_message(std::string_view room, std::string_view marker,
                        Reading<std::optional<std::string>> done);
    // Of one sender, newest first; `from`: MessagePage::next of the page before, "" for the newest.
    void messages_of(std::string_view room, std::string_view sender, std::string_view from,
                     Reading<MessagePage> done);
    void resolve_alias(std::string_view alias, Reading<std::optional<std::string>> done);
    // By acting as that user where the mask allows it, otherwise by the profile.
    void account_exists(std::string_view user, Reading<bool> done);
    void whoami(std::string_view as_user, Reading<std::string> done);
    // Whether the homeserver knows the registration: of the mask, or the main one.
    void token_known(bool mask, Reading<bool> done);
    void versions(Reading<std::vector<std::string>> done);
    void sign_in(Reading<SignIn> done);

    [[nodiscard]] const Access& access() const { return line_->access; }
    [[nodiscard]] bool can_act_as_users() const { return !line_->access.mask_token.empty(); }

  private:
    const std::shared_ptr<const Line> line_;
};

}  // namespace rollcall::matrix
