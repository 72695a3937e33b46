#include "bridges/directory/control.h"

#include <string>

namespace rollcall::directory {
namespace {
// SEQUENCE { INTEGER n } in BER, for n below 128.
std::string sequence_of(char number) {
    return {'\x30', '\x03', '\x02', '\x01', number};
}
}  // namespace

Controls::~Controls() {
    for (LDAPControl* control : controls_) ldap_control_free(control);
}

void Controls::add(const char* oid, std::string_view value) {
    std::string bytes(value);
    berval data{bytes.size(), bytes.data()};
    LDAPControl* control = nullptr;
    // Fails only when there is no memory, which ends the process anyway.
    if (ldap_control_create(oid, /*iscritical=*/1, value.empty() ? nullptr : &data, /*dupval=*/1, &control) ==
        LDAP_SUCCESS)
        controls_.push_back(control);
}

void Controls::domain_scope() {
    add("1.2.840.113556.1.4.1339", {});
}
void Controls::show_deleted() {
    add("1.2.840.113556.1.4.417", {});
}
void Controls::notification() {
    add("1.2.840.113556.1.4.528", {});
}
void Controls::extended_names() {
    add("1.2.840.113556.1.4.529", sequence_of(1));
}
void Controls::only_dacl() {
    add("1.2.840.113556.1.4.801", sequence_of(4));
}

Status Controls::page(LDAP* handle, int size, berval* cookie) {
    LDAPControl* control = nullptr;
    const int code = ldap_create_page_control(handle, size, cookie, /*iscritical=*/1, &control);
    if (code != LDAP_SUCCESS) return fail(ErrorKind::io, "cannot make a paging control");
    controls_.push_back(control);
    return {};
}

LDAPControl** Controls::list() {
    if (controls_.empty() || controls_.back() != nullptr) controls_.push_back(nullptr);
    return controls_.data();
}

}  // namespace rollcall::directory
