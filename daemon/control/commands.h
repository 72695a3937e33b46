// The commands behind Handler, one function each; see handler.h for what they take and answer. Engine thread.
#pragma once

#include "daemon/control/handler.h"

namespace rollcall::control {

inline const std::string kNoLogin;

struct Context {
    Context(engine::Engine& the_engine, const schema::Config& the_config, const Prepared& prepared)
        : engine(the_engine),
          config(the_config),
          args(prepared.request["args"]),
          caller(prepared.caller),
          login(prepared.login),
          login_of(prepared.login_of),
          policy(prepared.policy.get()),
          waited(prepared.waited(the_engine.world().tick)) {}

    // Of what nobody asked for.
    Context(engine::Engine& the_engine, const schema::Config& the_config, const json::Value& no_args,
            const schema::TrailCaller& nobody)
        : engine(the_engine), config(the_config), args(no_args), caller(nobody), login(kNoLogin) {}

    engine::Engine& engine;
    const schema::Config& config;
    const json::Value& args;
    const schema::TrailCaller& caller;
    const std::string& login;
    const LoginOf login_of{};             // of what is to be asked beside the engine
    const PolicyInput* policy = nullptr;  // of commands that work on the files
    const Duration waited{};              // since it was run first
};

// Every order says why, because the trail must: its {reason}, at most 1,000 bytes.
[[nodiscard]] Result<std::string> reason_of(const Context& context);

// plan_commands.cc
Answer plan(const Context& context);
Answer apply(const Context& context);
Answer check(const Context& context);
// status_command.cc
Answer status(const Context& context);
// why_command.cc
Answer why(const Context& context);
// order_commands.cc
Answer pause(const Context& context);
Answer resume(const Context& context);
Answer depart(const Context& context);
Answer readmit(const Context& context);
Answer holds(const Context& context);
Answer approve(const Context& context);
Answer reject(const Context& context);
// audit_commands.cc
Asked audit_list(const Context& context);
Asked audit_show(const Context& context);
Asked audit_export(const Context& context);
// access_command.cc
Asked audit_access(const Context& context);
// leavers_command.cc
Asked audit_leavers(const Context& context);
// review_commands.cc
Asked audit_review(const Context& context);
Asked audit_sign_off(const Context& context);
Asked audit_ask(const Context& context);

// rights_commands.cc
Asked audit_erase(const Context& context);
Asked audit_hold(const Context& context);
Asked audit_release(const Context& context);
// rotate_key_command.cc
Answer audit_rotate_key(const Context& context);

}  // namespace rollcall::control
