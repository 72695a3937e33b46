#include "bridges/matrix/registration.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <cassert>

#include "bridges/http/message.h"
#include "schema/fields.h"
#include "schema/yaml_document.h"

namespace rollcall::matrix {
namespace {

using schema::Fields;
using schema::Node;

std::string escape_regex(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (std::string_view(R"(.^$*+?()[]{}|\/)").find(c) != std::string_view::npos) escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string localpart(std::string_view name, std::string_view server) {
    const std::string suffix = fmt::format(":{}", server);
    if (name.starts_with('@')) name.remove_prefix(1);
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
    return std::string(name);
}

std::vector<Namespace> all_aliases(std::string_view server) {
    return {{false, fmt::format("^#.*:{}$", escape_regex(server))}};
}

// Plain scalars have traps (no, 1e3, a: b), so every text is quoted. Single quotes take backslashes as they
// are.
std::string quoted(std::string_view text) {
    std::string out;
    if (http::is_field_value(text)) {
        for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
        return "'" + out + "'";
    }
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else if (c == '"' || c == '\\')
            out += fmt::format("\\{}", c);
        else
            out += c;
    }
    return "\"" + out + "\"";
}

std::string namespaces_yaml(std::string_view name, const std::vector<Namespace>& namespaces) {
    if (namespaces.empty()) return fmt::format("  {}: []\n", name);
    std::string text = fmt::format("  {}:\n", name);
    for (const Namespace& space : namespaces)
        text += fmt::format("    - exclusive: {}\n      regex: {}\n", space.exclusive, quoted(space.regex));
    return text;
}

bool is_null(const Node& node) {
    return node.kind == Node::Kind::scalar && !node.quoted &&
           (node.text.empty() || node.text == "null" || node.text == "~");
}

std::vector<Namespace> read_namespaces(const Node* list, Diagnostics& out) {
    std::vector<Namespace> namespaces;
    if (list == nullptr) return namespaces;
    for (const Node& item : schema::read_list(*list, out)) {
        Fields fields(item, "a namespace", out);
        if (!fields.good()) continue;
        Namespace space;
        fields.boolean(fields.need("exclusive"), space.exclusive);
        fields.text(fields.need("regex"), space.regex, 64U << 10U);
        namespaces.push_back(std::move(space));
    }
    return namespaces;
}

// A token goes into a header line; one that could end that line must not get there.
void read_token(const Node* node, std::string& into, Diagnostics& out) {
    if (node == nullptr) return;
    const auto text = schema::read_text(*node, out);
    if (!text) return;
    if (!http::is_field_value(*text) || text->find(' ') != std::string::npos)
        schema::report(out, node->at, "a token holds blanks or control characters");
    else
        into = *text;
}

}  // namespace

std::string new_token() {
    [[maybe_unused]] const int ready = sodium_init();
    assert(ready >= 0);
    std::array<unsigned char, 32> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    std::array<char, 2 * bytes.size() + 1> text{};
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    return text.data();
}

Registration make_main(const RegistrationWishes& wishes) {
    const std::string server = escape_regex(wishes.server_name);
    Registration main;
    main.id = "rollcall";
    main.url = wishes.url;
    main.as_token = new_token();
    main.hs_token = new_token();
    main.sender_localpart = "_rollcall_sender";
    main.users = {{true, fmt::format("^@{}:{}$", escape_regex(wishes.bot), server)},
                  {true, fmt::format("^@_rollcall_.*:{}$", server)}};
    if (!wishes.mask) main.aliases = all_aliases(wishes.server_name);
    return main;
}

Registration make_mask(const RegistrationWishes& wishes) {
    const std::string server = escape_regex(wishes.server_name);
    std::string spared = escape_regex(wishes.bot);
    for (const std::string& name : wishes.exclude)
        spared += "|" + escape_regex(localpart(name, wishes.server_name));
    Registration mask;
    mask.id = "rollcall-mask";
    mask.as_token = new_token();
    mask.hs_token = new_token();
    mask.sender_localpart = "_rollcall_mask";
    mask.users = {{false, fmt::format("^@(?!(?:{}):{}$).*:{}$", spared, server, server)}};
    mask.aliases = all_aliases(wishes.server_name);
    return mask;
}

std::string to_yaml(const Registration& registration) {
    return fmt::format(
               "id: {}\nurl: {}\nas_token: {}\nhs_token: {}\nsender_localpart: {}\nrate_limited: "
               "{}\nnamespaces:\n",
               quoted(registration.id), registration.url ? quoted(*registration.url) : "null",
               quoted(registration.as_token), quoted(registration.hs_token),
               quoted(registration.sender_localpart), registration.rate_limited) +
           namespaces_yaml("users", registration.users) + namespaces_yaml("aliases", registration.aliases) +
           "  rooms: []\n";
}

std::optional<Registration> read_registration(std::string_view text, const std::string& file,
                                              Diagnostics& out) {
    Diagnostics found;
    Registration registration;
    if (const auto root = schema::read_yaml(text, file, found)) {
        Fields fields(*root, "a registration", found);
        if (fields.good()) {
            fields.text(fields.need("id"), registration.id);
            read_token(fields.need("as_token"), registration.as_token, found);
            read_token(fields.need("hs_token"), registration.hs_token, found);
            fields.text(fields.need("sender_localpart"), registration.sender_localpart);
            fields.boolean(fields.take("rate_limited"), registration.rate_limited);
            const Node* url = root->find("url");
            if (url != nullptr && !is_null(*url)) registration.url = schema::read_text(*url, found);
            if (const Node* namespaces = fields.need("namespaces")) {
                registration.users = read_namespaces(namespaces->find("users"), found);
                registration.aliases = read_namespaces(namespaces->find("aliases"), found);
            }
        }
    }
    const bool good = !has_errors(found);
    out.insert(out.end(), found.begin(), found.end());
    if (!good) return std::nullopt;
    return registration;
}

}  // namespace rollcall::matrix
