#include "daemon/engine/call.h"

#include <string_view>

namespace rollcall::engine {

std::string_view to_text(CallKind kind) {
    switch (kind) {
        case CallKind::put_member:
            return "put_member";
        case CallKind::leave_elsewhere:
            return "leave_elsewhere";
        case CallKind::forget:
            return "forget";
        case CallKind::sign_out:
            return "sign_out";
        case CallKind::sessions:
            return "sessions";
        case CallKind::list_rooms:
            return "list_rooms";
        case CallKind::create_room:
            return "create_room";
        case CallKind::find_created:
            return "find_created";
        case CallKind::put_state:
            return "put_state";
        case CallKind::claim_alias:
            return "claim_alias";
        case CallKind::read_room:
            return "read_room";
        case CallKind::read_member:
            return "read_member";
        case CallKind::read_state:
            return "read_state";
        case CallKind::find_account:
            return "find_account";
        case CallKind::send_notice:
            return "send_notice";
        case CallKind::find_notice:
            return "find_notice";
        case CallKind::join_alias:
            return "join_alias";
        case CallKind::leave_double:
            return "leave_double";
        case CallKind::ping:
            return "ping";
        case CallKind::answers:
            return "answers";
        case CallKind::know_mask:
            return "know_mask";
        case CallKind::find_alias:
            return "find_alias";
        case CallKind::know_sign_in:
            return "know_sign_in";
        case CallKind::probe:
            return "probe";
    }
    return "";
}

std::string_view to_text(CallOutcome outcome) {
    switch (outcome) {
        case CallOutcome::done:
            return "done";
        case CallOutcome::already_so:
            return "already so";
        case CallOutcome::no_account:
            return "no such account";
        case CallOutcome::absent:
            return "absent";
        case CallOutcome::conflict:
            return "conflict";
        case CallOutcome::retry:
            return "to be tried again";
        case CallOutcome::unreachable:
            return "homeserver unreachable";
        case CallOutcome::torn:
            return "answer lost";
        case CallOutcome::refused:
            return "refused";
        case CallOutcome::no_mask:
            return "mask registration not known";
        case CallOutcome::not_covered:
            return "not covered by the mask registration";
        case CallOutcome::accepted:
            return "accepted";
        case CallOutcome::not_so:
            return "accepted, and not so";
    }
    return "";
}

}  // namespace rollcall::engine
