// A witness that does what C2SP tlog-witness says, over HTTP, and lies where a test tells it to.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bridges/http/server.h"
#include "schema/checkpoint.h"
#include "schema/signed_note.h"

namespace rollcall::anchors::test {

class FakeWitness {
  public:
    FakeWitness();

    [[nodiscard]] std::string url() const;
    [[nodiscard]] const schema::VerifierKey& key() const { return key_; }
    void trust(const std::string& origin, const schema::VerifierKey& log);
    // Answers so, whatever it is asked, until nullopt is given.
    void say(std::optional<http::Reply> reply);

    [[nodiscard]] std::vector<int> answers() const;  // statuses, in order
    [[nodiscard]] std::uint64_t size() const;
    // As if it had seen another log of that size.
    void has_seen(std::uint64_t size, const schema::TlogHash& root);

  private:
    [[nodiscard]] http::Reply add(const std::string& body);
    [[nodiscard]] std::string cosign(const std::string& text) const;

    std::array<unsigned char, 64> secret_{};
    schema::VerifierKey key_;
    mutable std::mutex mutex_;
    // protected by mutex_:
    std::string origin_;
    std::vector<schema::VerifierKey> logs_;
    std::optional<http::Reply> said_;
    std::vector<int> answers_;
    std::uint64_t size_ = 0;
    schema::TlogHash root_ = schema::tlog_empty_root();

    std::unique_ptr<http::Server> server_;  // last: it uses all of the above
};

}  // namespace rollcall::anchors::test
