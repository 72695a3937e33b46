// Client: calls and their answers over one http::Client, with the registrations' tokens.
//
// Thin on purpose: what goes out is call.h, what came back means outcome.h and answer_reader.h. Owned by the
// engine's owner; the http::Client must outlive it, and it must outlive every call that is open (end the
// http::Client first). From any thread; each callback is called exactly once, on the http::Client's thread,
// and must not block.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/http/client.h"
#include "bridges/matrix/call.h"
#include "bridges/matrix/outcome.h"
#include "policy/base/result.h"
#include "policy/room_event.h"

namespace rollcall::matrix {

template <class T>
using Reading = std::function<void(Result<T>)>;

class Client {
  public:
    Client(http::Client& http, Access access) : http_(http), access_(std::move(access)) {}

    // Every call that changes something. An alias that exists already is looked up: leading to the wanted
    // room, it is already so.
    void perform(const Call& call, std::function<void(Outcome)> done);

    void joined_rooms(std::string_view as_user, Reading<std::vector<std::string>> done);
    void invitations(std::string_view as_user, Reading<std::vector<std::string>> done);
    void room_state(std::string_view room, Reading<policy::RoomRead> done);
    void member_event(std::string_view room, std::string_view user,
                      Reading<std::optional<policy::RoomEvent>> done);
    void resolve_alias(std::string_view alias, Reading<std::optional<std::string>> done);
    // By acting as that user where the mask allows it, otherwise by the profile.
    void account_exists(std::string_view user, Reading<bool> done);
    void whoami(std::string_view as_user, Reading<std::string> done);
    void versions(Reading<std::vector<std::string>> done);

    [[nodiscard]] const Access& access() const { return access_; }
    [[nodiscard]] bool can_act_as_users() const { return !access_.mask_token.empty(); }

  private:
    void send(const Call& call, std::function<void(http::Response)> done,
              std::function<void(const Error&)> cannot);
    template <class T, class Reader>
    void read(const Call& call, Reading<T> done, Reader reader);
    void settle_alias(const Call& call, Outcome outcome, std::function<void(Outcome)> done);

    http::Client& http_;
    const Access access_;
};

}  // namespace rollcall::matrix
