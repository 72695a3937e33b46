// A log in a folder of its own, for tests of what writes and reads one.
#pragma once

#include <gtest/gtest.h>
#include <filesystem>

#include "daemon/audit/publisher.h"
#include "daemon/audit/verify.h"

namespace rollcall::audit::test {

inline constexpr const char* kOrigin = "corp.example.com/rollcall";

class Log {
  public:
    Log();
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    [[nodiscard]] LogFolder folder() const { return LogFolder::open(path).value(); }
    [[nodiscard]] Result<Publisher> open(std::uint64_t committed) const {
        return Publisher::open(folder(), key, kOrigin, committed);
    }
    // Entries number `from` to before `to`.
    [[nodiscard]] static std::vector<std::string> entries(std::uint64_t from, std::uint64_t to);
    // Appends up to `size` entries in pieces of `piece`, signing after each.
    void grow(std::uint64_t size, std::uint64_t piece) const;
    [[nodiscard]] VerifyOptions options() const;
    [[nodiscard]] Verification verify() const { return verify_log(folder(), options()); }
    [[nodiscard]] std::vector<std::string> files() const { return folder().files().value(); }
    // What is wrong, "place: text" a line.
    [[nodiscard]] std::string faults() const;
    [[nodiscard]] std::string read(const std::string& file) const;
    void write(const std::string& file, const std::string& bytes) const;

    std::string path;
    mutable schema::SignerKey key = schema::SignerKey::generate(kOrigin).value();
};

}  // namespace rollcall::audit::test
