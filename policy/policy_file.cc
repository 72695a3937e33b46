#include "policy/policy_file.h"

namespace rollcall::policy {

PolicyFile::PolicyFile() = default;
PolicyFile::~PolicyFile() = default;
PolicyFile::PolicyFile(const PolicyFile&) = default;
PolicyFile& PolicyFile::operator=(const PolicyFile&) = default;
PolicyFile::PolicyFile(PolicyFile&&) noexcept = default;
PolicyFile& PolicyFile::operator=(PolicyFile&&) noexcept = default;

}  // namespace rollcall::policy
