#include "bridges/matrix/client.h"

#include <utility>

namespace rollcall::matrix {

namespace {

using LinePtr = std::shared_ptr<const Line>;

void send(const LinePtr& line, const Call& call, http::Completion done,
          const std::function<void(const Error&)>& cannot) {
    auto request = to_request(call, line->access);
    if (!request) return cannot(request.error());
    line->http.send(std::move(*request), [line, done = std::move(done)](http::Response response) {
        if (line->heard && response.date && !response.same_machine) line->heard(*response.date);
        done(std::move(response));
    });
}

template <class T, class Reader>
void read(const LinePtr& line, const Call& call, Reading<T> done, Reader reader) {
    send(
        line, call, [done, reader](const http::Response& response) { done(reader(response)); },
        [done](const Error& error) { done(tl::unexpected<Error>(error)); });
}

// Whether an alias that exists leads to the room that it was wanted for.
void settle_alias(const LinePtr& line, const Call& call, Outcome outcome, std::function<void(Outcome)> done) {
    const Reading<std::optional<std::string>> settle = [room = call.room, outcome = std::move(outcome),
                                                        done = std::move(done)](const auto& found) mutable {
        if (!found || !*found) {
            outcome.kind = Outcome::Kind::retry;  // it has just gone, or cannot be looked up now
            if (!found) outcome.text = found.error().text();
        } else if (**found == room) {
            outcome.kind = Outcome::Kind::already_so;
        } else {
            outcome.room_id = **found;
            outcome.text = "the alias leads to another room: " + **found;
        }
        done(std::move(outcome));
    };
    read(line, resolve_alias(call.subject), settle, &read_alias);
}

}  // namespace

void Client::perform(const Call& call, std::function<void(Outcome)> done) {
    send(
        line_, call,
        [line = line_, call, done](const http::Response& response) {
            Outcome outcome = interpret(call, response);
            if (call.action == Action::put_alias && outcome.kind == Outcome::Kind::refused &&
                outcome.status == 409)
                settle_alias(line, call, std::move(outcome), done);
            else
                done(std::move(outcome));
        },
        [done](const Error& error) { done(refused(error)); });
}

void Client::joined_rooms(std::string_view as_user, Reading<std::vector<std::string>> done) {
    read(line_, matrix::joined_rooms(as_user), std::move(done), &read_joined_rooms);
}

void Client::invitations(std::string_view as_user, Reading<std::vector<std::string>> done) {
    read(line_, matrix::invitations(as_user), std::move(done), &read_invitations);
}

void Client::room_state(std::string_view room, std::string_view as_user, Reading<policy::RoomRead> done,
                        std::function<void(const schema::StateSize&)> large) {
    read(line_, matrix::room_state(room, as_user), std::move(done),
         [room = std::string(room), user = as_user.empty() ? line_->access.bot : std::string(as_user),
          seen_by = std::string(as_user), large = std::move(large)](const http::Response& response) {
             auto made = read_room(room, user, response);
             if (made) made->seen_by = seen_by;
             if (made && made->joined && large)
                 if (const auto size = schema::too_large_state(response.body)) large(*size);
             return made;
         });
}

void Client::member_event(std::string_view room, std::string_view user, std::string_view as_user,
                          Reading<std::optional<policy::RoomEvent>> done) {
    read(line_, matrix::member_event(room, user, as_user), std::move(done), &read_member);
}

void Client::state_event(std::string_view room, std::string_view type, std::string_view key,
                         Reading<std::string> done) {
    read(line_, matrix::state_event(room, type, key), std::move(done), &read_event_id);
}

void Client::room_maker(std::string_view room, Reading<std::string> done) {
    read(line_, matrix::state_event(room, "m.room.create", ""), std::move(done), &read_sender);
}

void Client::past(std::string_view room, std::string_view as_user, Reading<Past> done) {
    read(line_, matrix::own_membership(room, as_user), std::move(done), &read_past);
}

void Client::devices(std::string_view as_user, Reading<std::optional<std::size_t>> done) {
    read(line_, matrix::devices(as_user), std::move(done), &read_devices);
}

void Client::marked_message(std::string_view room, std::string_view marker,
                            Reading<std::optional<std::string>> done) {
    read(line_, matrix::recent_messages(room), std::move(done),
         [marker = std::string(marker)](const http::Response& response) {
             return read_marked_message(marker, response);
         });
}

void Client::messages_of(std::string_view room, std::string_view sender, std::string_view from,
                         Reading<MessagePage> done) {
    read(line_, matrix::messages_of(room, sender, from), std::move(done),
         [sender = std::string(sender)](const http::Response& response) {
             return read_messages_of(sender, response);
         });
}

void Client::resolve_alias(std::string_view alias, Reading<std::optional<std::string>> done) {
    read(line_, matrix::resolve_alias(alias), std::move(done), &read_alias);
}

void Client::account_exists(std::string_view user, Reading<bool> done) {
    const auto by_profile = [line = line_, user = std::string(user), done] {
        read(line, matrix::profile(user), done, &read_account);
    };
    if (!can_act_as_users()) return by_profile();
    const Reading<bool> by_acting = [by_profile, done](Result<bool> found) {
        if (!found && found.error().kind == ErrorKind::denied)
            return by_profile();  // the mask leaves that user out
        done(std::move(found));
    };
    read(line_, matrix::whoami(user), by_acting, &read_account);
}

void Client::whoami(std::string_view as_user, Reading<std::string> done) {
    read(line_, matrix::whoami(as_user), std::move(done), &read_whoami);
}

void Client::token_known(bool mask, Reading<bool> done) {
    read(line_, mask ? matrix::whoami_of_mask() : matrix::whoami(""), std::move(done), &read_known);
}

void Client::sign_in(Reading<SignIn> done) {
    read(line_, auth_metadata(), std::move(done),
         [](const http::Response& response) { return Result<SignIn>(read_sign_in(response)); });
}

void Client::versions(Reading<std::vector<std::string>> done) {
    read(line_, matrix::versions(), std::move(done), &read_versions);
}

}  // namespace rollcall::matrix
