// Dn: a distinguished name whose container is held once for all that lie in it. Half a million people lie in
// some thousand containers, and those are two thirds of the text.
//
// A Dn is a value and may outlive the pool that made it. Owned by the World; no locking.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "policy/base/short_text.h"

namespace rollcall {

class Dn {
  public:
    Dn() = default;
    [[nodiscard]] std::string text() const {
        return container_ ? std::string(own_).append(*container_) : std::string(own_);
    }

  private:
    friend class DnPool;
    ShortText own_;                                 // "CN=Anna Bakker"
    std::shared_ptr<const std::string> container_;  // ",OU=Sales,DC=corp,DC=example"; null: none
};

class DnPool {
  public:
    [[nodiscard]] Dn dn(std::string_view text);

  private:
    std::unordered_map<std::string, std::shared_ptr<const std::string>> known_;
};

}  // namespace rollcall
