#include "daemon/engine/matrix_homeserver.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "bridges/matrix/answer_reader.h"
#include "bridges/matrix/ping.h"
#include "daemon/engine/probe.h"
#include "schema/json.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using Kind = matrix::Outcome::Kind;

CallResult result_of(const matrix::Outcome& outcome) {
    CallResult result;
    result.event = outcome.event_id;
    result.room = outcome.room_id;
    result.retry_after = outcome.after;
    result.text = outcome.errcode.empty() ? outcome.text : outcome.errcode + ": " + outcome.text;
    switch (outcome.kind) {
        case Kind::done:
            result.outcome = CallOutcome::done;
            break;
        case Kind::already_so:
            result.outcome = CallOutcome::already_so;
            break;
        case Kind::refused:
            result.outcome = CallOutcome::refused;
            break;
        case Kind::unknown_result:
            result.outcome = CallOutcome::torn;
            break;
        case Kind::no_account:
            result.outcome = CallOutcome::no_account;
            break;
        case Kind::not_covered:
            result.outcome = CallOutcome::not_covered;
            break;
        // 429 is about this request; no answer, 5xx, what is none of its answers, or that it does not know
        // us, is about the homeserver.
        case Kind::retry:
            result.outcome = outcome.status < 300 || outcome.status >= 500 || outcome.unknown_token()
                                 ? CallOutcome::unreachable
                                 : CallOutcome::retry;
            break;
    }
    return result;
}

// Of a read. Only what the homeserver says about it is a refusal: an answer that is none (a page of HTML with
// 200), or is too large, is asked for again.
CallOutcome outcome_of(ErrorKind kind) {
    if (kind == ErrorKind::unavailable) return CallOutcome::unreachable;
    return kind == ErrorKind::denied || kind == ErrorKind::not_found ? CallOutcome::refused
                                                                     : CallOutcome::retry;
}

CallResult failed(const Error& error) {
    CallResult result;
    result.outcome = outcome_of(error.kind);
    result.text = error.text();
    return result;
}

CallResult not_signed_out(const matrix::Outcome& outcome) {
    CallResult result = result_of(outcome);
    if (outcome.status == 404 && outcome.errcode == "M_UNRECOGNIZED")
        result.text +=
            "; the homeserver has no sessions of its own to end, as where people sign in by "
            "another service: end them there";
    return result;
}

// The homeserver said that it ended them.
CallResult sessions_left(const Result<std::optional<std::size_t>>& left) {
    CallResult result;
    if (!left) result = failed(left.error());
    result.accepted = true;
    if (!left) {
        result.text = "whether a session is left could not be seen: " + result.text;
    } else if (!*left) {
        result.outcome = CallOutcome::accepted;
        result.text = "the homeserver does not tell whether a session is left";
    } else if (**left > 0) {
        result.outcome = CallOutcome::not_so;
        result.text = fmt::format("{} of their sessions are there all the same, or have begun since", **left);
    }
    return result;
}

// The homeserver said that it took the past away.
CallResult past_left(const Result<matrix::Past>& past) {
    CallResult result;
    if (!past) result = failed(past.error());
    result.accepted = true;
    if (!past) {
        result.text = "whether they still read the room could not be seen: " + result.text;
    } else if (*past == matrix::Past::readable) {
        result.outcome = CallOutcome::accepted;
        result.text = "what they could read of the room they can read still";
    } else if (*past == matrix::Past::inside) {
        result.outcome = CallOutcome::not_so;
        result.text = "they are in the room all the same";
    }
    return result;
}

json::Value body_of(const Call& call) {
    Result<json::Value> body = json::parse(call.body);
    return body ? std::move(*body) : json::Value{};  // written by requests.cc: it parses
}

matrix::Call member_call(const Call& call) {
    // A kick removes members and invitees and nothing else; writing `leave` would also lift a ban.
    if (call.membership == MembershipState::leave && call.as_user.empty())
        return matrix::kick(call.room, call.user, call.reason);
    return matrix::put_member(call.room, call.user, call.membership, call.reason, call.as_user);
}

}  // namespace

void MatrixHomeserver::finish(std::uint64_t id, CallResult result) {
    mailbox_.put(CallDone{id, std::move(result)});
}

void MatrixHomeserver::perform(std::uint64_t id, const matrix::Call& call) {
    perform(call, [this, id](CallResult result) { finish(id, std::move(result)); });
}

void MatrixHomeserver::perform(const matrix::Call& call, std::function<void(CallResult)> done) {
    client_.perform(call,
                    [done = std::move(done), alias = call.action == matrix::Action::put_alias,
                     mask = call.of_mask() || (call.actor == matrix::Actor::alias_keeper &&
                                               client_.can_act_as_users())](const matrix::Outcome& outcome) {
                        CallResult result = result_of(outcome);
                        if (mask && outcome.unknown_token()) result.outcome = CallOutcome::no_mask;
                        if (alias && outcome.status == 409 && result.outcome == CallOutcome::refused)
                            result.outcome = CallOutcome::conflict;
                        done(std::move(result));
                    });
}

void MatrixHomeserver::prepare() {
    client_.perform(matrix::register_bot(bot_), [this](const matrix::Outcome& outcome) {
        if (outcome.kind == Kind::done || outcome.kind == Kind::already_so) introduce();
    });
}

// The bot exists: it gets its name.
void MatrixHomeserver::introduce() {
    if (prepared_.exchange(true)) return;
    client_.perform(matrix::set_displayname(client_.access().bot, "Rollcall"), [](const matrix::Outcome&) {});
}

void MatrixHomeserver::send(std::uint64_t id, Call call) {
    if (prepared_) return carry_out(id, call);
    client_.perform(matrix::register_bot(bot_),
                    [this, id, call = std::move(call)](const matrix::Outcome& outcome) {
                        if (outcome.kind != Kind::done && outcome.kind != Kind::already_so)
                            return finish(id, result_of(outcome));
                        introduce();
                        carry_out(id, call);
                    });
}

void MatrixHomeserver::carry_out(std::uint64_t id, const Call& call) {
    switch (call.kind) {
        case CallKind::put_member:
            return perform(id, member_call(call));
        case CallKind::leave_elsewhere:
            return leave_elsewhere(id, call);
        case CallKind::forget:
            return forget(id, call);
        case CallKind::sign_out:
            return sign_out(id, call);
        case CallKind::sessions:
            return client_.devices(call.as_user, [this, id](const Result<std::optional<std::size_t>>& left) {
                finish(id, sessions_left(left));
            });
        case CallKind::list_rooms:
            return list_rooms(id, call);
        case CallKind::create_room:
            return perform(id, matrix::create_room(body_of(call)));
        case CallKind::find_created:
            return find_created(id, call);
        case CallKind::put_state:
            return perform(id, matrix::put_state(call.room, call.type, call.state_key, body_of(call)));
        case CallKind::claim_alias:
            return claim_alias(id, call);
        case CallKind::send_notice:
            return perform(id, matrix::send_message(call.room, call.marker, body_of(call)));
        case CallKind::join_alias:
            return join_alias(id, call);
        case CallKind::leave_double:
            return leave_double(id, call);
        case CallKind::ping:
            return ping(id, call);
        case CallKind::answers:
            return whether_it_answers(id);
        case CallKind::know_mask:
            return know_mask(id);
        case CallKind::read_room:
            return read_room(id, call);
        case CallKind::read_member:
            return read_member(id, call);
        case CallKind::read_state:
            return client_.state_event(call.room, call.type, call.state_key,
                                       [this, id](const Result<std::string>& event) {
                                           CallResult result = event ? CallResult{} : failed(event.error());
                                           if (event) result.event = *event;
                                           if (event && event->empty()) result.outcome = CallOutcome::absent;
                                           finish(id, std::move(result));
                                       });
        case CallKind::find_account:
            return find_account(id, call);
        case CallKind::know_sign_in:
            return client_.sign_in([this, id](const Result<matrix::SignIn>& said) {
                CallResult result = said ? CallResult{} : failed(said.error());
                if (said && *said == matrix::SignIn::delegated) result.outcome = CallOutcome::conflict;
                if (said && *said == matrix::SignIn::unknown) result.outcome = CallOutcome::retry;
                finish(id, std::move(result));
            });
        case CallKind::find_alias:
            return find_alias(id, call);
        case CallKind::probe:
            return probe(id, call);
        case CallKind::find_notice:
            return client_.marked_message(
                call.room, call.marker, [this, id](Result<std::optional<std::string>> found) {
                    CallResult result = found ? CallResult{} : failed(found.error());
                    if (found && !*found) result.outcome = CallOutcome::absent;
                    if (found && *found) result.event = **found;
                    finish(id, std::move(result));
                });
    }
}

void MatrixHomeserver::read_room(std::uint64_t id, const Call& call) {
    const auto large = std::make_shared<std::optional<schema::StateSize>>();
    client_.room_state(
        call.room, call.as_user,
        [this, id, large, as_user = call.as_user](Result<policy::RoomRead> read) {
            CallResult result = read ? CallResult{} : failed(read.error());
            if (read) result.read = std::move(*read);
            result.large = std::move(*large);
            if (!read && !as_user.empty()) return not_read_as(id, as_user, read.error(), std::move(result));
            finish(id, std::move(result));
        },
        [large](const schema::StateSize& size) { *large = size; });
}

void MatrixHomeserver::read_member(std::uint64_t id, const Call& call) {
    client_.member_event(call.room, call.user, call.as_user,
                         [this, id, as_user = call.as_user](Result<std::optional<policy::RoomEvent>> read) {
                             CallResult result = read ? CallResult{} : failed(read.error());
                             if (read) result.member = std::move(*read);
                             if (!read && !as_user.empty())
                                 return not_read_as(id, as_user, read.error(), std::move(result));
                             finish(id, std::move(result));
                         });
}

// That nobody may act as them says nothing of the room.
void MatrixHomeserver::not_read_as(std::uint64_t id, const std::string& user, const Error& error,
                                   CallResult result) {
    if (matrix::says_unknown_token(error)) result.outcome = CallOutcome::no_mask;
    if (error.kind == ErrorKind::denied) return why_denied(id, user, std::move(result));
    finish(id, std::move(result));
}

void MatrixHomeserver::find_account(std::uint64_t id, const Call& call) {
    client_.account_exists(call.user, [this, id](Result<bool> found) {
        CallResult result = found ? CallResult{} : failed(found.error());
        if (found && !*found) result.outcome = CallOutcome::absent;
        if (!found && matrix::says_unknown_token(found.error())) result.outcome = CallOutcome::no_mask;
        finish(id, std::move(result));
    });
}

void MatrixHomeserver::find_alias(std::uint64_t id, const Call& call) {
    client_.resolve_alias(call.alias, [this, id](Result<std::optional<std::string>> found) {
        CallResult result = found ? CallResult{} : failed(found.error());
        if (found && !*found) result.outcome = CallOutcome::absent;
        if (found && *found) result.room = **found;
        finish(id, std::move(result));
    });
}

// From another room of ours it is taken away first, if it leads there still: it may be anybody's by now, and
// Synapse takes away whatever it is asked to.
void MatrixHomeserver::claim_alias(std::uint64_t id, const Call& call) {
    const auto claim = [this, id, call] { perform(id, matrix::put_alias(call.alias, call.room)); };
    if (call.from.empty()) return claim();
    client_.resolve_alias(
        call.alias, [this, id, call, claim](const Result<std::optional<std::string>>& found) {
            if (!found) return finish(id, failed(found.error()));
            if (*found != call.from) return claim();
            perform(matrix::delete_alias(call.alias), [this, id, claim](CallResult taken) {
                if (taken.outcome == CallOutcome::done || taken.outcome == CallOutcome::already_so)
                    return claim();
                finish(id, std::move(taken));
            });
        });
}

// The room may be anybody's: who made it is asked for once the bot may look.
void MatrixHomeserver::join_alias(std::uint64_t id, const Call& call) {
    client_.perform(matrix::join_alias(call.alias), [this, id](const matrix::Outcome& outcome) {
        CallResult joined = result_of(outcome);
        if (outcome.kind == Kind::refused && outcome.errcode == "M_NOT_FOUND")
            joined.outcome = CallOutcome::absent;
        if (joined.outcome != CallOutcome::done) return finish(id, std::move(joined));
        client_.room_maker(joined.room, [this, id, joined](const Result<std::string>& maker) mutable {
            if (!maker) return finish(id, failed(maker.error()));
            joined.maker = *maker;
            finish(id, std::move(joined));
        });
    });
}

// What became of the way from the homeserver to us; the ping itself comes through the listener.
void MatrixHomeserver::ping(std::uint64_t id, const Call& call) {
    client_.perform(matrix::ping(registration_, call.marker), [this, id](const matrix::Outcome& outcome) {
        CallResult result = result_of(outcome);
        if (result.outcome == CallOutcome::done)
            result.text = matrix::ping_elsewhere(way_);
        else if (matrix::has_no_ping(outcome))
            result.outcome = CallOutcome::absent;
        else if (result.outcome == CallOutcome::refused || result.outcome == CallOutcome::torn)
            result.text = matrix::ping_trouble(outcome, way_);
        finish(id, std::move(result));
    });
}

// Nothing but the homeserver itself and its database is needed for that.
void MatrixHomeserver::whether_it_answers(std::uint64_t id) {
    client_.token_known(false, [this, id](Result<bool> known) {
        CallResult result = known ? CallResult{} : failed(known.error());
        if (known && !*known) {
            result.outcome = CallOutcome::unreachable;
            result.text =
                "the homeserver does not know the token in registrations/rollcall.yaml: add that file to "
                "app_service_config_files and restart the homeserver; and the daemon, if the file has "
                "changed since its start";
        }
        finish(id, std::move(result));
    });
}

void MatrixHomeserver::know_mask(std::uint64_t id) {
    const bool mask = client_.can_act_as_users();
    client_.token_known(mask, [this, id, mask](Result<bool> known) {
        CallResult result = known ? CallResult{} : failed(known.error());
        if (known && !*known) result.outcome = mask ? CallOutcome::no_mask : CallOutcome::unreachable;
        finish(id, std::move(result));
    });
}

// Their sessions end, and then none may be left.
void MatrixHomeserver::sign_out(std::uint64_t id, const Call& call) {
    client_.perform(matrix::logout_all(call.as_user),
                    [this, id, user = call.as_user](const matrix::Outcome& outcome) {
                        if (outcome.kind != Kind::done) return finish(id, not_signed_out(outcome));
                        client_.devices(user, [this, id](const Result<std::optional<std::size_t>>& left) {
                            finish(id, sessions_left(left));
                        });
                    });
}

// What is left to read is looked at as the user: the homeserver must not let them.
void MatrixHomeserver::forget(std::uint64_t id, const Call& call) {
    client_.perform(
        matrix::forget(call.room, call.as_user), [this, id, call](const matrix::Outcome& outcome) {
            // What was said to be left was not, if it cannot be forgotten.
            if (outcome.kind == Kind::refused && call.kind == CallKind::leave_elsewhere)
                return finish(id, past_left(matrix::Past::inside));
            if (outcome.kind != Kind::done) return finish(id, result_of(outcome));
            client_.past(call.room, call.as_user,
                         [this, id](const Result<matrix::Past>& past) { finish(id, past_left(past)); });
        });
}

// Out, and out of what they can still read. Leaving a room that was left before is no failure.
void MatrixHomeserver::leave_elsewhere(std::uint64_t id, const Call& call) {
    const matrix::Call leave =
        matrix::put_member(call.room, call.as_user, MembershipState::leave, "", call.as_user);
    client_.perform(leave, [this, id, call](const matrix::Outcome& outcome) {
        if (outcome.kind == Kind::done || outcome.kind == Kind::already_so) return forget(id, call);
        is_it_left(id, call, result_of(outcome));
    });
}

// A room that they are in no more cannot be left, and homeservers say so in many ways: Synapse answers 500
// for ever to the leave of an invitation that was taken back. What it lists for them decides.
void MatrixHomeserver::is_it_left(std::uint64_t id, const Call& call, CallResult failed) {
    if (failed.outcome != CallOutcome::refused && failed.outcome != CallOutcome::unreachable)
        return finish(id, std::move(failed));
    client_.joined_rooms(call.as_user, [this, id, call, failed](Result<std::vector<std::string>> joined) {
        if (!joined) return finish(id, failed);
        client_.invitations(call.as_user, [this, id, call, failed, rooms = std::move(*joined)](
                                              Result<std::vector<std::string>> invited) mutable {
            if (!invited) return finish(id, failed);
            rooms.insert(rooms.end(), invited->begin(), invited->end());
            if (std::find(rooms.begin(), rooms.end(), call.room) != rooms.end()) return finish(id, failed);
            client_.perform(matrix::forget(call.room, call.as_user),
                            [this, id](const matrix::Outcome& outcome) {
                                // Of a room that they never were in there is nothing to forget.
                                finish(id, outcome.kind == Kind::refused ? CallResult{} : result_of(outcome));
                            });
        });
    });
}

// The others first: without the bot nobody could take an invitation back.
void MatrixHomeserver::leave_double(std::uint64_t id, const Call& call) {
    client_.room_state(call.room, "", [this, id, room = call.room](Result<policy::RoomRead> read) {
        if (!read) return finish(id, failed(read.error()));
        std::vector<std::string> others;
        for (const policy::RoomEvent& event : read->state)
            if (const auto* member = std::get_if<policy::MemberContent>(&event.content);
                member != nullptr && member->user != client_.access().bot &&
                (member->membership == MembershipState::join ||
                 member->membership == MembershipState::invite))
                others.push_back(member->user);
        put_out(id, room, std::move(others));
    });
}

void MatrixHomeserver::put_out(std::uint64_t id, std::string room, std::vector<std::string> others) {
    if (others.empty())
        return perform(id, matrix::put_member(room, client_.access().bot, MembershipState::leave, "", ""));
    const std::string user = others.back();
    others.pop_back();
    client_.perform(matrix::kick(room, user, ""),
                    [this, id, room, others = std::move(others)](const matrix::Outcome& outcome) mutable {
                        if (outcome.kind == Kind::retry || outcome.kind == Kind::unknown_result)
                            return finish(id, result_of(outcome));
                        put_out(id, std::move(room), std::move(others));
                    });
}

void MatrixHomeserver::list_rooms(std::uint64_t id, const Call& call) {
    client_.joined_rooms(call.as_user, [this, id,
                                        user = call.as_user](Result<std::vector<std::string>> joined) {
        if (!joined) {
            CallResult result = failed(joined.error());
            if (matrix::says_unknown_token(joined.error())) {
                result.outcome = CallOutcome::no_mask;
                return finish(id, std::move(result));
            }
            // Nobody to act as, or not for us: that is said plainly when asked whom we act as.
            if (joined.error().kind == ErrorKind::denied) return why_denied(id, user, std::move(result));
            return finish(id, std::move(result));
        }
        client_.invitations(
            user, [this, id, rooms = std::move(*joined)](Result<std::vector<std::string>> invited) mutable {
                CallResult result;
                // Whoever asks them into enough rooms makes the list of these too long to be read.
                if (!invited) {
                    result = failed(invited.error());
                    result.partly = true;
                    result.rooms = std::move(rooms);
                    return finish(id, std::move(result));
                }
                rooms.insert(rooms.end(), invited->begin(), invited->end());
                result.rooms = std::move(rooms);
                finish(id, std::move(result));
            });
    });
}

void MatrixHomeserver::why_denied(std::uint64_t id, const std::string& user, CallResult denied) {
    client_.perform(matrix::whoami(user), [this, id, denied](const matrix::Outcome& outcome) {
        const bool known = outcome.kind == Kind::no_account || outcome.kind == Kind::not_covered;
        finish(id, known ? result_of(outcome) : denied);
    });
}

void MatrixHomeserver::find_created(std::uint64_t id, const Call& call) {
    client_.joined_rooms(
        "", [this, id, known = call.known, marker = call.marker](Result<std::vector<std::string>> joined) {
            if (!joined) return finish(id, failed(joined.error()));
            std::vector<std::string> rooms;
            for (const std::string& room : *joined)
                if (std::find(known.begin(), known.end(), room) == known.end()) rooms.push_back(room);
            look_for_marker(id, marker, std::move(rooms));
        });
}

void MatrixHomeserver::look_for_marker(std::uint64_t id, std::string marker, std::vector<std::string> rooms) {
    if (rooms.empty()) {
        CallResult result;
        result.outcome = CallOutcome::absent;
        return finish(id, std::move(result));
    }
    const std::string room = rooms.back();
    rooms.pop_back();
    client_.room_state(
        room, "",
        [this, id, room, marker = std::move(marker),
         rooms = std::move(rooms)](Result<policy::RoomRead> read) mutable {
            // Passed over by an answer that is none, the room that was made would be made again.
            if (!read && outcome_of(read.error().kind) != CallOutcome::refused)
                return finish(id, failed(read.error()));
            if (read)
                for (const policy::RoomEvent& event : read->state)
                    if (const auto* create = std::get_if<policy::CreateContent>(&event.content);
                        create != nullptr && create->intent == marker) {
                        CallResult result;
                        result.room = room;
                        return finish(id, std::move(result));
                    }
            look_for_marker(id, std::move(marker), std::move(rooms));
        });
}

// A process that ends before it knows the room that it has made leaves it behind, with nobody but the bot.
void MatrixHomeserver::probe(std::uint64_t id, Call call) {
    if (!call.room.empty())
        return make_events(
            id, call.room,
            probe_calls({call.room, client_.access().bot, call.user, call.marker}, call.known));
    client_.perform(matrix::create_room(probe_room()),
                    [this, id, call = std::move(call)](const matrix::Outcome& outcome) mutable {
                        if (outcome.kind != Kind::done) return finish(id, result_of(outcome));
                        call.room = outcome.room_id;
                        probe(id, std::move(call));
                    });
}

void MatrixHomeserver::make_events(std::uint64_t id, std::string room, std::vector<matrix::Call> rest) {
    CallResult result;
    result.room = room;
    if (rest.empty()) return finish(id, std::move(result));
    const matrix::Call next = std::move(rest.front());
    rest.erase(rest.begin());
    client_.perform(next, [this, id, room = std::move(room),
                           rest = std::move(rest)](const matrix::Outcome& outcome) mutable {
        if (outcome.kind == Kind::done || outcome.kind == Kind::already_so)
            return make_events(id, std::move(room), std::move(rest));
        CallResult failed = result_of(outcome);
        failed.room = std::move(room);
        finish(id, std::move(failed));
    });
}

}  // namespace rollcall::engine
