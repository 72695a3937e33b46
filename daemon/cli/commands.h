// The commands, one function and one small file each. Each reports what it has to say and returns the exit
// status: 0 done; 1 failed; 2 the input is wrong; 3 plan --exit-code found changes; 4 a guard holds
// something.
#pragma once

#include "daemon/cli/session.h"

namespace rollcall::cli {

int init(const Session& session);
int check(const Session& session);
int plan(const Session& session);
int apply(const Session& session);
int run(const Session& session);
int pause(const Session& session);
int resume(const Session& session);
int status(const Session& session);
int why(const Session& session);
int depart(const Session& session);
int readmit(const Session& session);
int holds(const Session& session);
int answer_hold(const Session& session);  // approve, reject
int audit_list(const Session& session);
int audit_verify(const Session& session);
int audit_prove(const Session& session);
int audit_check_proof(const Session& session);
int audit_show(const Session& session);
int audit_access(const Session& session);
int audit_leavers(const Session& session);
int audit_review(const Session& session);
int audit_sign_off(const Session& session);
int audit_rotate_key(const Session& session);
int audit_recover(const Session& session);
int audit_rights(const Session& session);  // erase, hold, release
int audit_export(const Session& session);

// The command that was typed.
int dispatch(const Session& session);

}  // namespace rollcall::cli
