// The two appservice registrations: what they say, and their files.
//
// A homeserver learns from a registration who may act as whom. There are two, because a namespace gives two
// things at once that are not wanted together: the right to act as its users, and every event of the rooms
// they are in. *Main* covers the bot's own names and is told what happens. *Mask* covers the server's users,
// with no URL, so that it gives the right alone (and Synapse calls nobody for it).
//
// Aliases: Synapse lets an appservice make or take away an alias only within an alias namespace of its
// registration, and then sends it all events of every room with such an alias. So that namespace stands in
// the mask (whose aliases then are made with the mask's token and no user), and in main only where there is
// no mask. It is never exclusive: people keep their aliases.
//
// Source: Matrix application service API v1.19, "Registration". Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/diagnostic.h"

namespace rollcall::matrix {

struct Namespace {
    bool exclusive = false;
    std::string regex;  // ^…$: Synapse matches from the start only
    bool operator==(const Namespace&) const = default;
};

struct Registration {
    std::string id;
    std::optional<std::string> url;  // nullopt: the homeserver sends nothing
    std::string as_token;            // ours, to the homeserver
    std::string hs_token;            // the homeserver's, to us
    std::string sender_localpart;
    std::vector<Namespace> users;
    std::vector<Namespace> aliases;
    bool rate_limited = false;
    bool operator==(const Registration&) const = default;
};

struct RegistrationWishes {
    std::string server_name;
    std::string url;               // where the homeserver reaches the daemon
    std::string bot = "rollcall";  // local part
    bool mask = true;              // whether there is a mask registration besides
    std::vector<std::string>
        exclude;  // whom the mask must not cover: local parts or Matrix IDs of this server
};

// With fresh tokens each. The sender is a name nobody uses: a homeserver refuses its sender some calls
// (Synapse: /sync), so the bot is another user, within the namespace.
[[nodiscard]] Registration make_main(const RegistrationWishes& wishes);
[[nodiscard]] Registration make_mask(const RegistrationWishes& wishes);

// 256 random bits as hexadecimal digits.
[[nodiscard]] std::string new_token();

[[nodiscard]] std::string to_yaml(const Registration& registration);
// nullopt after a report. Keys that only homeservers read are let pass.
[[nodiscard]] std::optional<Registration> read_registration(std::string_view text, const std::string& file,
                                                            Diagnostics& out);

}  // namespace rollcall::matrix
