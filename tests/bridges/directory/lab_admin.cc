#include "tests/bridges/directory/lab_admin.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "bridges/directory/control.h"
#include "bridges/directory/search.h"

namespace rollcall::directory {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string first_line(const std::string& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

Settings settings_for(const char* user, const char* password_file) {
    const Lab& lab = Lab::get();
    Settings s;
    s.name = "corp";
    s.url = lab.url;
    s.base = lab.base;
    s.user = variable(user);
    s.password = first_line(variable(password_file));
    s.ca_file = lab.ca_file;
    s.wanted.attributes = {"department", "employeeType"};
    return s;
}

Connection open_or_end(Cutoff& cutoff) {
    auto connection = Connection::open(Lab::get().administrator(), cutoff);
    if (!connection) {
        ADD_FAILURE() << connection.error().text();
        std::abort();
    }
    return std::move(*connection);
}

// LDAPMod and what it points to.
struct Change {
    Change(int operation, const char* attribute, std::vector<std::string> texts) : values(std::move(texts)) {
        for (std::string& value : values) bytes.push_back({value.size(), value.data()});
        for (berval& each : bytes) list.push_back(&each);
        list.push_back(nullptr);
        mod.mod_op = operation | LDAP_MOD_BVALUES;
        mod.mod_type = const_cast<char*>(attribute);
        mod.mod_bvalues = list.data();
    }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    std::vector<std::string> values;
    std::vector<berval> bytes;
    std::vector<berval*> list;
    LDAPMod mod{};
};

void put(std::string& out, std::size_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
}

std::size_t get(const std::string& in, std::size_t at, std::size_t width) {
    std::size_t value = 0;
    for (std::size_t i = width; i-- > 0;) value = value << 8U | static_cast<unsigned char>(in[at + i]);
    return value;
}

// A descriptor with the old access list and one deny entry before it (MS-DTYP 2.4).
std::string with_denial(const std::string& descriptor, const std::string& sid, const Guid* attribute) {
    std::string entry;
    put(entry, attribute != nullptr ? 6 : 1, 2);
    put(entry, (attribute != nullptr ? 28U : 8U) + sid.size(), 2);
    put(entry, 0x10, 4);
    if (attribute != nullptr) {
        put(entry, 1, 4);
        entry.append(reinterpret_cast<const char*>(attribute->bytes.data()), attribute->bytes.size());
    }
    entry += sid;
    const std::size_t at = get(descriptor, 16, 4);
    const std::size_t size = get(descriptor, at + 2, 2);
    std::string out = descriptor.substr(0, 4) + std::string(12, '\0');
    put(out, 20, 4);
    put(out, 4, 2);
    put(out, size + entry.size(), 2);
    put(out, get(descriptor, at + 4, 2) + 1, 4);
    return out + entry + descriptor.substr(at + 8, size - 8);
}

}  // namespace

const Lab& Lab::get() {
    static const Lab lab{variable("LAB_LDAPS_URL"), variable("LAB_DC_ADDRESS"), variable("LAB_BASE_DN"),
                         variable("LAB_CA")};
    return lab;
}

Settings Lab::service() const {
    static const Guid canary =
        Guid::from_bytes(LabAdmin().value("CN=rollcall-canary,OU=Service", "objectGUID")).value();
    Settings s = settings_for("LAB_BIND_DN", "LAB_BIND_PASSWORD_FILE");
    s.wanted.canaries = {{canary, "rollcall-canary"}};
    return s;
}
Settings Lab::administrator() const {
    return settings_for("LAB_ADMINISTRATOR_DN", "LAB_ADMINISTRATOR_PASSWORD_FILE");
}

LabAdmin::LabAdmin() : connection_(open_or_end(cutoff_)) {}

LabAdmin::~LabAdmin() {
    for (auto where = made_.rbegin(); where != made_.rend(); ++where)
        (void)ldap_delete_ext_s(connection_.handle(), Lab::get().dn(*where).c_str(), nullptr, nullptr);
}

void LabAdmin::modify(const std::string& where, int operation, const char* attribute,
                      const std::vector<std::string>& values, bool dacl) {
    Change change(operation, attribute, values);
    LDAPMod* mods[] = {&change.mod, nullptr};
    Controls controls;
    if (dacl) controls.only_dacl();
    const int code = ldap_modify_ext_s(connection_.handle(), Lab::get().dn(where).c_str(), mods,
                                       dacl ? controls.list() : nullptr, nullptr);
    EXPECT_EQ(code, LDAP_SUCCESS) << where << ' ' << attribute << ": " << ldap_err2string(code);
}

void LabAdmin::add(const std::string& where, const std::vector<std::pair<const char*, std::string>>& values) {
    remove(where);
    std::vector<std::unique_ptr<Change>> changes;
    std::vector<LDAPMod*> mods;
    for (const auto& [name, value] : values) {
        changes.push_back(std::make_unique<Change>(LDAP_MOD_ADD, name, std::vector{value}));
        mods.push_back(&changes.back()->mod);
    }
    mods.push_back(nullptr);
    const int code =
        ldap_add_ext_s(connection_.handle(), Lab::get().dn(where).c_str(), mods.data(), nullptr, nullptr);
    ASSERT_EQ(code, LDAP_SUCCESS) << where << ": " << ldap_err2string(code);
    made_.push_back(where);
}

// Without a password an account can only be made disabled or free of one.
void LabAdmin::add_person(const std::string& where, const std::string& login) {
    add(where, {{"objectClass", "user"},
                {"sAMAccountName", login},
                {"department", "Testing"},
                {"userAccountControl", "544"}});
}

void LabAdmin::add_group(const std::string& where, const std::string& name) {
    add(where, {{"objectClass", "group"}, {"sAMAccountName", name}});
}

void LabAdmin::add_computer(const std::string& where, const std::string& name) {
    add(where, {{"objectClass", "computer"}, {"sAMAccountName", name + "$"}});
}

void LabAdmin::add_unit(const std::string& where) {
    add(where, {{"objectClass", "organizationalUnit"}});
}

void LabAdmin::remove(const std::string& where) {
    const int code = ldap_delete_ext_s(connection_.handle(), Lab::get().dn(where).c_str(), nullptr, nullptr);
    EXPECT_TRUE(code == LDAP_SUCCESS || code == LDAP_NO_SUCH_OBJECT)
        << where << ": " << ldap_err2string(code);
}

void LabAdmin::replace(const std::string& where, const char* attribute,
                       const std::vector<std::string>& values) {
    modify(where, LDAP_MOD_REPLACE, attribute, values);
}
void LabAdmin::add_member(const std::string& group, const std::string& member) {
    modify(group, LDAP_MOD_ADD, "member", {Lab::get().dn(member)});
}
void LabAdmin::remove_member(const std::string& group, const std::string& member) {
    modify(group, LDAP_MOD_DELETE, "member", {Lab::get().dn(member)});
}

void LabAdmin::move(const std::string& where, const std::string& name, const std::string& parent) {
    const Lab& lab = Lab::get();
    const std::string above = parent.empty() ? lab.base : lab.dn(parent);
    const int code = ldap_rename_s(connection_.handle(), lab.dn(where).c_str(), name.c_str(), above.c_str(),
                                   /*deleteoldrdn=*/1, nullptr, nullptr);
    EXPECT_EQ(code, LDAP_SUCCESS) << where << ": " << ldap_err2string(code);
    made_.push_back(parent.empty() ? name : name + "," + parent);
}

void LabAdmin::deny(const std::string& where, const Guid* attribute) {
    Query who;
    who.base = Lab::get().service().user;
    who.attributes = {"objectSid"};
    const auto account = read_one(connection_, who);
    Query what;
    what.base = Lab::get().dn(where);
    what.attributes = {"nTSecurityDescriptor"};
    what.dacl = true;
    const auto object = read_one(connection_, what);
    ASSERT_TRUE(account && object);
    modify(where, LDAP_MOD_REPLACE, "nTSecurityDescriptor",
           {with_denial(object->text("ntsecuritydescriptor"), account->text("objectsid"), attribute)},
           /*dacl=*/true);
}

std::string LabAdmin::value(const std::string& where, const char* attribute) {
    Query query;
    query.base = Lab::get().dn(where);
    query.attributes = {attribute};
    const auto entry = read_one(connection_, query);
    EXPECT_TRUE(entry) << where;
    return entry ? entry->text(lower(attribute)) : "";
}

}  // namespace rollcall::directory
