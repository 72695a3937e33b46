#include "bridges/matrix/client.h"

#include <utility>

#include "bridges/matrix/answer_reader.h"

namespace rollcall::matrix {

void Client::send(const Call& call, std::function<void(http::Response)> done,
                  std::function<void(const Error&)> cannot) {
    auto request = to_request(call, access_);
    if (request)
        http_.send(std::move(*request), std::move(done));
    else
        cannot(request.error());
}

template <class T, class Reader>
void Client::read(const Call& call, Reading<T> done, Reader reader) {
    send(
        call, [done, reader](const http::Response& response) { done(reader(response)); },
        [done](const Error& error) { done(tl::unexpected<Error>(error)); });
}

void Client::perform(const Call& call, std::function<void(Outcome)> done) {
    send(
        call,
        [this, call, done](const http::Response& response) {
            Outcome outcome = interpret(call, response);
            if (call.action == Action::put_alias && outcome.kind == Outcome::Kind::refused &&
                outcome.status == 409)
                settle_alias(call, std::move(outcome), done);
            else
                done(std::move(outcome));
        },
        [done](const Error& error) { done(refused(error)); });
}

void Client::settle_alias(const Call& call, Outcome outcome, std::function<void(Outcome)> done) {
    resolve_alias(call.subject, [room = call.room, outcome = std::move(outcome),
                                 done = std::move(done)](Result<std::optional<std::string>> found) mutable {
        if (!found || !*found) {
            outcome.kind = Outcome::Kind::retry;  // it has just gone, or cannot be looked up now
            if (!found) outcome.text = found.error().text();
        } else if (**found == room) {
            outcome.kind = Outcome::Kind::already_so;
        } else {
            outcome.text = "the alias leads to another room: " + **found;
        }
        done(std::move(outcome));
    });
}

void Client::joined_rooms(std::string_view as_user, Reading<std::vector<std::string>> done) {
    read(matrix::joined_rooms(as_user), std::move(done), &read_joined_rooms);
}

void Client::invitations(std::string_view as_user, Reading<std::vector<std::string>> done) {
    read(matrix::invitations(as_user), std::move(done), &read_invitations);
}

void Client::room_state(std::string_view room, Reading<policy::RoomRead> done) {
    read(matrix::room_state(room), std::move(done),
         [room = std::string(room), bot = access_.bot](const http::Response& response) {
             return read_room(room, bot, response);
         });
}

void Client::member_event(std::string_view room, std::string_view user,
                          Reading<std::optional<policy::RoomEvent>> done) {
    read(matrix::member_event(room, user), std::move(done), &read_member);
}

void Client::resolve_alias(std::string_view alias, Reading<std::optional<std::string>> done) {
    read(matrix::resolve_alias(alias), std::move(done), &read_alias);
}

void Client::account_exists(std::string_view user, Reading<bool> done) {
    const auto by_profile = [this, user = std::string(user), done] {
        read(matrix::profile(user), done, &read_account);
    };
    if (!can_act_as_users()) return by_profile();
    const Reading<bool> by_acting = [by_profile, done](Result<bool> found) {
        if (!found && found.error().kind == ErrorKind::denied)
            return by_profile();  // the mask leaves that user out
        done(std::move(found));
    };
    read(matrix::whoami(user), by_acting, &read_account);
}

void Client::whoami(std::string_view as_user, Reading<std::string> done) {
    read(matrix::whoami(as_user), std::move(done), &read_whoami);
}

void Client::versions(Reading<std::vector<std::string>> done) {
    read(matrix::versions(), std::move(done), &read_versions);
}

}  // namespace rollcall::matrix
