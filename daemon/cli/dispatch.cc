#include "daemon/cli/commands.h"

namespace rollcall::cli {

int dispatch(const Session& session) {
    switch (session.arguments.command) {
        case Command::init:
            return init(session);
        case Command::check:
            return check(session);
        case Command::plan:
            return plan(session);
        case Command::apply:
            return apply(session);
        case Command::run:
            return run(session);
        case Command::pause:
            return pause(session);
        case Command::resume:
            return resume(session);
        case Command::status:
            return status(session);
        case Command::why:
            return why(session);
        case Command::depart:
            return depart(session);
        case Command::readmit:
            return readmit(session);
        case Command::holds:
            return holds(session);
        case Command::approve:
        case Command::reject:
            return answer_hold(session);
        case Command::audit_list:
            return audit_list(session);
        case Command::audit_verify:
            return audit_verify(session);
        case Command::audit_prove:
            return audit_prove(session);
        case Command::audit_check_proof:
            return audit_check_proof(session);
        case Command::audit_show:
            return audit_show(session);
        case Command::audit_access:
            return audit_access(session);
        case Command::audit_leavers:
            return audit_leavers(session);
        case Command::audit_review:
            return audit_review(session);
        case Command::audit_sign_off:
            return audit_sign_off(session);
        case Command::audit_erase:
        case Command::audit_hold:
        case Command::audit_release:
            return audit_rights(session);
        case Command::audit_rotate_key:
            return audit_rotate_key(session);
        case Command::audit_recover:
            return audit_recover(session);
        case Command::audit_export:
            return audit_export(session);
    }
    return 2;
}

}  // namespace rollcall::cli
