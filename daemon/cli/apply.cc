// apply: shows the plan, asks, and puts the policy files in force. What is applied is what was shown, by its
// hash; the handler plans again and refuses anything else.
#include <fmt/format.h>

#include "daemon/cli/action_words.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/git_checkout.h"
#include "daemon/cli/hold_view.h"
#include "daemon/cli/items.h"
#include "daemon/cli/plan_view.h"
#include "daemon/cli/saved_plan.h"
#include "daemon/cli/text.h"
#include "daemon/control/policy_folder.h"

namespace rollcall::cli {
namespace {

class Apply {
  public:
    Apply(const Session& session, const Opened& opened)
        : session_(session), opened_(opened), terminal_(session.terminal) {}

    int run() {
        int exit = 1;
        std::optional<json::Value> files = policy_args(session_, opened_.config, "", exit);
        if (!files) return exit;
        const std::optional<json::Value> answer = ask(session_, *opened_.transport, request("plan", *files));
        if (!answer) return 1;
        if (failed(session_, *answer)) return exit_of(*answer);
        const json::Value& plan = (*answer)["result"];
        unseen_ = !items(plan["unseen"]).empty();
        if (!session_.arguments.file.empty())
            if (const int refused = compare(plan); refused != 0) return refused;
        if (!session_.arguments.json)
            terminal_.out(
                plan_view(plan, opened_.config.time_zone, terminal_.out_look(), session_.arguments.all));
        if (plan_is_empty(plan) && plan["in_force"].boolean_or(false))
            return nothing_to_do(plan, std::move(*files));
        if (const int no = confirm(); no != 0) return no;
        return send(plan, std::move(*files));
    }

  private:
    // As far as is known: what was not seen may be seen in a moment, and there may be something to do then,
    // which the daemon does by itself.
    int nothing_to_do(const json::Value& plan, json::Value files) {
        std::optional<json::Value> seen;
        if (unseen_ && !opened_.in_process) seen = seen_soon(std::move(files));
        unseen_ = unseen_ && !seen;
        if (session_.arguments.json)
            terminal_.out(json::write_pretty(seen ? *seen : plan) + "\n");
        else if (seen)
            terminal_.out("\n" + plan_view(*seen, opened_.config.time_zone, terminal_.out_look(),
                                           session_.arguments.all));
        if (!unseen_ && session_.arguments.wait && !opened_.in_process)
            if (const int waited = wait_for_daemon(); waited != 0) return waited;
        return unseen_ ? 1 : 0;
    }

    // Is it still the plan that was saved?
    int compare(const json::Value& now) {
        const Result<json::Value> saved = read_plan(session_.arguments.file);
        if (!saved) return report(terminal_, saved.error());
        if ((*saved)["hash"] == now["hash"]) return 0;
        terminal_.err(plan_difference((*saved)["plan"], now, terminal_.err_look()));
        return report(terminal_, Error{ErrorKind::conflict,
                                       fmt::format("{} is no longer the plan: the files, the directory or "
                                                   "the rooms have changed since it was saved",
                                                   session_.arguments.file),
                                       "look at `rollcall plan`, and apply that or save it anew"});
    }

    // 0 to go on.
    int confirm() {
        if (session_.arguments.yes) return 0;
        if (session_.arguments.json)
            return report(
                terminal_,
                Error{ErrorKind::invalid_input, "--json shows no plan to say yes to",
                      "add --yes, best with a plan that was saved and read: rollcall apply FILE --yes"});
        if (!terminal_.interactive())
            return report(
                terminal_,
                Error{ErrorKind::invalid_input, "nobody is there to say yes",
                      "add --yes, best with a plan that was saved and read: rollcall apply FILE --yes"});
        const std::string line = terminal_.ask("Apply? [y/N] ").value_or("");
        if (line == "y" || line == "Y" || line == "yes") return 0;
        terminal_.err("Nothing was applied.\n");
        return 1;
    }

    // `args`: the files as they were when they were planned.
    int send(const json::Value& plan, json::Value args) {
        json::Value files = args;
        args.set("plan", plan["hash"]);
        if (!session_.arguments.reason.empty()) args.set("reason", session_.arguments.reason);
        if (std::optional<json::Value> checkout = git_checkout(opened_.config.policy))
            args.set("checkout", std::move(*checkout));
        const std::optional<json::Value> answer =
            ask(session_, *opened_.transport, request("apply", std::move(args)));
        if (!answer) return 1;
        if (!(*answer)["error"].is_null() && !(*answer)["result"].is_null())
            terminal_.err(plan_difference(plan, (*answer)["result"], terminal_.err_look()));
        if (failed(session_, *answer)) return exit_of(*answer);
        const json::Value& result = (*answer)["result"];
        if (unseen_ && !opened_.in_process) unseen_ = !seen_soon(std::move(files));
        int exit = unseen_ ? 1 : exit_of(*answer);  // as `plan` ends
        if (opened_.in_process) {
            if (const int converged = converge(); converged != 0) exit = converged;
        } else if (!result["paused"].text().empty() && result["applied"].integer_or(0) > 0) {
            exit = 1;  // nobody waits for what waits for somebody
        } else if (session_.arguments.wait) {
            if (const int waited = wait_for_daemon(); waited != 0) exit = waited;
        }
        show(session_, result, [&](const Look& look) { return applied_view(result, look); });
        return exit;
    }

    // What is applied may be the cure: a room is made in the place of a lost one, an account that works again
    // writes its first message. Some seconds decide whether something is not seen, or was not yet: the plan
    // of which all is. Each look is a plan, so there are few: after one second, three, six and ten.
    std::optional<json::Value> seen_soon(json::Value files) {
        constexpr int kLooks = 4;
        if (terminal_.shows_progress()) terminal_.err("Looking whether all is seen …\n");
        const json::Value asked = request("plan", std::move(files));
        for (int look = 1; look <= kLooks; ++look) {
            for (int second = 0; second < look; ++second) session_.doors.wait();
            const std::optional<json::Value> answer = ask(session_, *opened_.transport, asked);
            if (!answer || !(*answer)["error"].is_null()) return std::nullopt;
            if (items((*answer)["result"]["unseen"]).empty()) return (*answer)["result"];
        }
        return std::nullopt;
    }

    // Until nothing more can be done now. What waits for an answer, or could not be done, is left.
    int wait_for_daemon() {
        std::int64_t left = -1;
        for (;;) {
            const std::optional<json::Value> answer = ask(session_, *opened_.transport, request("status"));
            if (!answer) return 1;
            if (failed(session_, *answer)) return exit_of(*answer);
            const json::Value& status = (*answer)["result"];
            const std::int64_t now = status["backlog"]["actions"].integer_or(0);
            if (terminal_.shows_progress() && now != left && !status["backlog"]["quiet"].boolean_or(false))
                terminal_.err(fmt::format(
                    "{} left, {} of them on their way …\n",
                    counted(static_cast<std::size_t>(std::max<std::int64_t>(0, now)), "action", "actions"),
                    status["backlog"]["in_flight"].integer_or(0)));
            left = now;
            if (status["backlog"]["quiet"].boolean_or(false)) return left_over(status);
            session_.doors.wait();
        }
    }

    int left_over(const json::Value& status) {
        if (const std::string pause = status["pause_text"].text(); !pause.empty())
            return report(terminal_, Error{ErrorKind::unavailable, "nothing is carried out: paused, " + pause,
                                           "`rollcall resume` lets it go on"});
        if (const std::string away = status["homeserver"]["text"].text(); !away.empty())
            return report(terminal_, Error{ErrorKind::unavailable, "the homeserver cannot be used: " + away,
                                           "the daemon goes on once it can; `rollcall status` shows it"});
        waited_ = true;
        return failures(status);
    }

    // No daemon carries it out, so this program does, once.
    int converge() {
        const bool shown = terminal_.shows_progress();
        const Status done =
            session_.doors.converge(*opened_.transport, [this, shown](const std::string& line) {
                if (shown) terminal_.err(printable(line) + "\n");
            });
        if (!done) return report(terminal_, done.error());
        const std::optional<json::Value> answer = ask(session_, *opened_.transport, request("status"));
        if (!answer) return 1;
        if (const std::string mask = (*answer)["result"]["homeserver"]["mask_text"].text(); !mask.empty())
            return report(terminal_,
                          Error{ErrorKind::unavailable,
                                "the policy is in force, but not everything could be carried out: " + mask,
                                "`rollcall run` goes on once it is known"});
        return failures((*answer)["result"]);
    }

    int failures(const json::Value& status) {
        const json::Array& failures = items(status["failures"]);
        if (failures.empty()) return 0;
        const Look look = terminal_.err_look();
        terminal_.err(
            paragraph(look, 0, Tone::bad,
                      fmt::format("{} could not be done:", counted(failures.size(), "action", "actions"))));
        for (const json::Value& one : failures)
            terminal_.err(bullet(look, 2, "!", Tone::bad,
                                 action_words(one["action"].text()) + ": " + one["text"].text()));
        const std::string bot = status["bot_text"].text();
        return report(terminal_, Error{ErrorKind::unavailable,
                                       "the policy is in force, but not everything could be carried out" +
                                           (bot.empty() ? bot : ": " + bot),
                                       std::string(opened_.in_process ? "`rollcall run` tries again"
                                                                      : "the daemon tries again by itself") +
                                           "; `rollcall status` shows what is left"});
    }

    std::string applied_view(const json::Value& result, const Look& look) const {
        const std::string version = result["version"].text().substr(0, 12);
        const auto number = [&result](const char* of) {
            return static_cast<std::size_t>(std::max<std::int64_t>(0, result[of].integer_or(0)));
        };
        const std::size_t n = number("applied"), held = number("held");
        std::string out = paragraph(look, 0, Tone::good, fmt::format("Policy {} is in force.", version));
        const json::Array* holds = result["holds"].array();
        if (const std::string paused = result["paused"].text(); !paused.empty() && n > 0)
            out += paragraph(
                look, 0, Tone::warning,
                fmt::format("Of {} that are to be done: {}.", counted(n, "action", "actions"), paused));
        else if (unseen_ && n > 0)
            out += paragraph(look, 0, Tone::warning,
                             "Not everything could be looked at (see ✗ above): what depends on it waits; "
                             "`rollcall status` shows what is left to do.");
        else if (waited_ && n > 0)
            out += paragraph(look, 0, Tone::plain, "The daemon has done all that it can do now.");
        else if (!opened_.in_process && n > 0)
            out +=
                paragraph(look, 0, Tone::plain,
                          fmt::format("The daemon carries out {} now; `rollcall status` shows how far it is.",
                                      counted(n, "action", "actions")));
        const bool frozen = any_nobody_answers(result["holds"]);
        if (held > 0)
            out += paragraph(
                look, 0, Tone::warning,
                fmt::format("{} held: not done unless {}.", counted(held, "action is", "actions are"),
                            frozen ? "somebody approves it, or the directory can be believed again"
                                   : "somebody approves it"));
        if (opened_.in_process)
            out += paragraph(look, 0, Tone::plain,
                             "No daemon is running: changes in the directory and in rooms are not followed "
                             "until `rollcall run`.");
        if (holds == nullptr || holds->empty()) return out;
        out += "\n" + paragraph(look, 0, Tone::warning,
                                counted(holds->size(), "hold waits", "holds wait") +
                                    (frozen ? ":" : " for an answer:"));
        for (const json::Value& hold : *holds)
            out += hold_heading(hold, opened_.config.time_zone, look) + hold_answers(hold, look);
        return out;
    }

    const Session& session_;
    const Opened& opened_;
    Terminal& terminal_;
    bool unseen_ = false;  // something that the plan depends on
    bool waited_ = false;  // until the daemon had nothing more to do
};

}  // namespace

int apply(const Session& session) {
    int exit = 1;
    const std::optional<Opened> opened = open(session, Use::acts, exit);
    if (!opened) return exit;
    print_diagnostics(session.terminal, control::not_read(opened->config.policy));
    return Apply(session, *opened).run();
}

}  // namespace rollcall::cli
