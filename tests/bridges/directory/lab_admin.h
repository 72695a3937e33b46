// The lab's directory as its administrator changes it, and where the lab is. Everything asserts: a lab that
// does not do what a test needs is a failed test.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridges/directory/connection.h"

namespace rollcall::directory {

// What `tests/lab/lab env` prints; empty `url` where no lab was named.
struct Lab {
    std::string url;
    std::string address;
    std::string base;
    std::string ca_file;
    [[nodiscard]] static const Lab& get();
    [[nodiscard]] Settings service() const;  // as the bind account
    [[nodiscard]] Settings administrator() const;
    [[nodiscard]] std::string dn(std::string_view relative) const {
        return std::string(relative) + "," + base;
    }
};

#define SKIP_WITHOUT_LAB() \
    if (Lab::get().url.empty()) GTEST_SKIP() << "no lab: eval \"$(tests/lab/lab env)\""

// What it has made it takes away at its end: a test that fails leaves nothing that fails others.
class LabAdmin {
  public:
    LabAdmin();
    ~LabAdmin();
    LabAdmin(const LabAdmin&) = delete;
    LabAdmin& operator=(const LabAdmin&) = delete;
    // `where` is the part below the base: "CN=temp,OU=Staff". What is there already is deleted first.
    void add_person(const std::string& where, const std::string& login);
    void add_group(const std::string& where, const std::string& name);
    void add_computer(const std::string& where, const std::string& name);
    void add_unit(const std::string& where);
    void remove(const std::string& where);  // quiet where there is nothing
    void replace(const std::string& where, const char* attribute, const std::vector<std::string>& values);
    void add_member(const std::string& group, const std::string& member);
    void remove_member(const std::string& group, const std::string& member);
    void move(const std::string& where, const std::string& name, const std::string& parent);
    // Denies the bind account a read, until the object is gone. `attribute`: schemaIDGUID; null: everything.
    void deny(const std::string& where, const Guid* attribute);
    [[nodiscard]] std::string value(const std::string& where, const char* attribute);
    [[nodiscard]] Connection& connection() { return connection_; }

  private:
    void modify(const std::string& where, int operation, const char* attribute,
                const std::vector<std::string>& values, bool dacl = false);
    void add(const std::string& where, const std::vector<std::pair<const char*, std::string>>& values);
    Cutoff cutoff_;
    Connection connection_;
    std::vector<std::string> made_;  // where
};

}  // namespace rollcall::directory
