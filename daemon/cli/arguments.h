// What was typed, as values. arguments.cc alone includes CLI11, which takes ten seconds to compile.
//
// The commands and their options are fixed (docs: command line); exit status 2 and a sentence for what is not
// one of them, with the nearest one that is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::cli {

enum class Command : std::uint8_t {
    init,
    check,
    plan,
    apply,
    run,
    pause,
    resume,
    status,
    why,
    depart,
    readmit,
    holds,
    approve,
    reject,
    audit_list,
    audit_verify,
    audit_prove,
    audit_check_proof,
    audit_show,
    audit_access,
    audit_leavers,
    audit_review,
    audit_sign_off,
    audit_erase,
    audit_hold,
    audit_release,
    audit_rotate_key,
    audit_recover,
    audit_export
};

struct InitOptions {
    std::string folder;  // "" for that of the configuration file
    std::string server_name, homeserver_url, listen, appservice_url, bot;
    std::string directory_name, directory_url, base, bind_user, bind_password_file, ca_file;
    std::string employees;  // the group whose members are the employees
    std::string state, socket, time_zone;
    std::vector<std::string> exclude;
    bool no_mask = false, rotate_tokens = false, audit_key = false, force = false;
};

struct Arguments {
    Command command = Command::status;
    std::string config = "/etc/rollcall/rollcall.yaml";
    bool json = false, no_color = false;
    // Of the commands that have them; see the help of each.
    bool online = false, exit_code = false, all = false, yes = false, take_back = false, follow = false,
         ask = false;
    std::string policy, out, file;
    std::string reason;
    std::string user, room, id, kind;
    std::string action, rule, result, at, from, to, promise, format, review;
    int most = 50;
    std::int64_t number = 0;  // of an entry of the trail
    // Of the commands that look at the log itself.
    std::string checkpoint, key, expect, write_expect;
    bool with_names = false, wait = false;
    InitOptions init;
};

struct Parsed {
    std::optional<Arguments> arguments;  // nothing where there is only text to print
    std::string out, err;
    int exit = 0;
};

// `words` without the program's own name.
[[nodiscard]] Parsed parse_arguments(const std::vector<std::string>& words);
// What --help shows, for a terminal of that many columns (0: not folded): descriptions under themselves, and
// examples as they are.
[[nodiscard]] std::string folded_help(std::string_view help, std::size_t width);

}  // namespace rollcall::cli
