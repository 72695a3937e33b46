#include "policy/fact.h"

namespace rollcall::policy {

Fact::Fact() = default;
Fact::~Fact() = default;
Fact::Fact(const Fact&) = default;
Fact& Fact::operator=(const Fact&) = default;
Fact::Fact(Fact&&) noexcept = default;
Fact& Fact::operator=(Fact&&) noexcept = default;

}  // namespace rollcall::policy
