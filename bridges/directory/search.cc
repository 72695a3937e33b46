#include "bridges/directory/search.h"

#include <fmt/format.h>
#include <memory>
#include <optional>
#include <utility>

namespace rollcall::directory {
namespace {

struct BerFree {
    void operator()(BerElement* ber) const { ber_free(ber, 0); }
};
using Ber = std::unique_ptr<BerElement, BerFree>;

// The server's place in a paged search.
class Cookie {
  public:
    Cookie() = default;
    ~Cookie() { clear(); }
    Cookie(const Cookie&) = delete;
    Cookie& operator=(const Cookie&) = delete;
    [[nodiscard]] berval* get() { return &value_; }
    [[nodiscard]] bool empty() const { return value_.bv_len == 0; }
    void clear() {
        ber_memfree(value_.bv_val);
        value_ = {0, nullptr};
    }

  private:
    berval value_{0, nullptr};
};

// What the final message of a page says.
struct PageEnd {
    int code = LDAP_OTHER;
    std::string diagnostic;
};

Result<PageEnd> parse_end(const Connection& connection, LDAPMessage* message, bool paged, Cookie& cookie) {
    PageEnd end;
    char* diagnostic = nullptr;
    LDAPControl** raw = nullptr;
    const int parsed =
        ldap_parse_result(connection.handle(), message, &end.code, nullptr, &diagnostic, nullptr, &raw,
                          /*freeit=*/0);
    const std::unique_ptr<char, decltype(&ldap_memfree)> text(diagnostic, &ldap_memfree);
    const std::unique_ptr<LDAPControl*, decltype(&ldap_controls_free)> controls(raw, &ldap_controls_free);
    if (parsed != LDAP_SUCCESS) return tl::unexpected<Error>(connection.error(parsed, "read an answer", {}));
    if (text) end.diagnostic = text.get();
    if (!paged || end.code != LDAP_SUCCESS) return end;
    cookie.clear();
    LDAPControl* const control = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, raw, nullptr);
    if (control == nullptr)  // then nothing says whether there is more
        return fail(ErrorKind::io,
                    fmt::format("{} answered a paged search without paging", connection.url()));
    ber_int_t estimate = 0;
    const int decoded =
        ldap_parse_pageresponse_control(connection.handle(), control, &estimate, cookie.get());
    if (decoded != LDAP_SUCCESS) return tl::unexpected<Error>(connection.error(decoded, "read a page", {}));
    return end;
}

Result<int> send(Connection& connection, const Query& query, Cookie& cookie) {
    Controls controls;
    if (query.controls) {
        controls.domain_scope();
        controls.extended_names();
    }
    if (query.deleted) controls.show_deleted();
    if (query.dacl) controls.only_dacl();
    if (query.paged)
        if (const auto added = controls.page(connection.handle(), kPageSize, cookie.get()); !added)
            return pass(added);
    std::vector<char*> names;
    for (const std::string& name : query.attributes) names.push_back(const_cast<char*>(name.c_str()));
    names.push_back(nullptr);
    int id = 0;
    const int code =
        ldap_search_ext(connection.handle(), query.base.c_str(), query.scope, query.filter.c_str(),
                        names.data(), /*attrsonly=*/0, controls.list(), nullptr, nullptr, LDAP_NO_LIMIT, &id);
    if (code != LDAP_SUCCESS) return tl::unexpected<Error>(connection.error(code, "search", {}));
    return id;
}

// What one search has brought so far, over all of its pages: messages of any kind, and bytes.
struct Brought {
    std::size_t messages = 0, bytes = 0;
};

std::size_t size_of(const RawEntry& entry) {
    std::size_t bytes = entry.dn.size();
    for (const auto& [name, values] : entry.values)
        for (const std::string& value : values) bytes += value.size();
    return bytes;
}

// Why no more of it is taken: a server that is never done must not hold us, nor fill us.
std::optional<Error> too_much(const Connection& connection, const Brought& brought) {
    const Limits& limits = connection.limits();
    const auto error = [&](std::string what) {
        return Error{ErrorKind::limit, fmt::format("{} {}", connection.url(), what),
                     "see whether it is the controller that was meant, and whether it is well"};
    };
    if (brought.messages > limits.entries)
        return error(fmt::format("has more than {} entries for one search", limits.entries));
    if (brought.bytes > limits.read_bytes)
        return error(fmt::format("has more than {} bytes for one search", limits.read_bytes));
    if (connection.is_late()) return error("does not come to an end of what is read from it");
    return std::nullopt;
}

// Takes the messages of one page. An abandoned page leaves the connection usable.
Status take_page(Connection& connection, const Query& query, int id, Cookie& cookie, Brought& brought,
                 const EntrySink& sink) {
    const auto abandon = [&](Error error) -> Status {
        ldap_abandon_ext(connection.handle(), id, nullptr, nullptr);
        return tl::unexpected<Error>(std::move(error));
    };
    for (;;) {
        auto message = connection.next(id, connection.limits().operation);
        if (!message) return pass(message);
        if (*message == nullptr) return abandon(connection.error(LDAP_TIMEOUT, "search", {}));
        const int type = ldap_msgtype(message->get());
        if (type == LDAP_RES_SEARCH_RESULT) {
            const auto end = parse_end(connection, message->get(), query.paged, cookie);
            if (!end) return pass(end);
            if (end->code == LDAP_SUCCESS) return {};
            return tl::unexpected<Error>(connection.error(
                end->code, fmt::format("search {} completely", query.base), end->diagnostic));
        }
        ++brought.messages;
        if (auto limit = too_much(connection, brought)) return abandon(std::move(*limit));
        if (type != LDAP_RES_SEARCH_ENTRY) continue;  // references lead to other domains
        auto entry = to_raw_entry(connection, message->get());
        if (!entry) return abandon(entry.error());
        brought.bytes += size_of(*entry);
        if (const auto taken = sink(std::move(*entry)); !taken) return abandon(taken.error());
    }
}

}  // namespace

Result<RawEntry> to_raw_entry(const Connection& connection, LDAPMessage* message) {
    const auto broken = [&](int code) {
        return tl::unexpected<Error>(connection.error(code, "send a readable entry", {}));
    };
    RawEntry entry;
    BerElement* raw = nullptr;
    berval dn{};
    if (const int code = ldap_get_dn_ber(connection.handle(), message, &raw, &dn); code != LDAP_SUCCESS)
        return broken(code);
    const Ber ber(raw);
    auto name = parse_extended_name({dn.bv_val, dn.bv_len});
    entry.dn = std::move(name.dn);
    entry.guid = name.guid;
    for (;;) {
        berval attribute{};
        berval* values = nullptr;
        const int code = ldap_get_attribute_ber(connection.handle(), message, ber.get(), &attribute, &values);
        const std::unique_ptr<berval, decltype(&ber_memfree)> owner(values, &ber_memfree);
        if (code != LDAP_SUCCESS) return broken(code);
        if (attribute.bv_val == nullptr) return entry;
        auto& list = entry.values[lower({attribute.bv_val, attribute.bv_len})];
        for (const berval* value = values; value != nullptr && value->bv_val != nullptr; ++value) {
            if (value->bv_len > connection.limits().value_bytes)
                return fail(ErrorKind::limit,
                            fmt::format("{} has a value of {} bytes in {}", entry.dn, value->bv_len,
                                        std::string_view(attribute.bv_val, attribute.bv_len)));
            list.emplace_back(value->bv_val, value->bv_len);
        }
    }
}

Status search(Connection& connection, const Query& query, const EntrySink& sink) {
    Cookie cookie;
    Brought brought;
    do {
        ++brought.messages;  // a page without an entry is one too
        if (auto limit = too_much(connection, brought)) return tl::unexpected<Error>(std::move(*limit));
        const auto id = send(connection, query, cookie);
        if (!id) return pass(id);
        if (const auto page = take_page(connection, query, *id, cookie, brought, sink); !page) return page;
    } while (!cookie.empty());
    return {};
}

Result<RawEntry> read_one(Connection& connection, Query query) {
    query.scope = LDAP_SCOPE_BASE;
    query.paged = false;
    std::optional<RawEntry> found;
    const auto done = search(connection, query, [&](RawEntry&& entry) -> Status {
        found = std::move(entry);
        return {};
    });
    if (!done) return pass(done);
    if (!found)
        return fail(ErrorKind::not_found,
                    fmt::format("{} shows nothing at '{}'", connection.url(), query.base));
    return std::move(*found);
}

std::string filter_value(std::string_view value) {
    std::string out;
    for (const char c : value) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.';
        if (plain) {
            out += c;
        } else {
            out += fmt::format("\\{:02x}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::string guid_name(const Guid& guid) {
    return fmt::format("<GUID={}>", guid.text());
}

}  // namespace rollcall::directory
