#include "daemon/audit/kept_policies.h"

#include <fmt/format.h>
#include <sodium.h>
#include <filesystem>
#include <set>
#include <string_view>

namespace rollcall::audit {

std::string policy_version(const std::vector<std::pair<std::string, std::string>>& files) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    const auto feed = [&state](std::string_view text) {
        const std::string size = fmt::format("{}:", text.size());
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(size.data()), size.size());
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    };
    for (const auto& [file, text] : files) {
        feed(std::filesystem::path(file).filename().string());
        feed(text);
    }
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state, digest);
    std::string out;
    for (const unsigned char byte : digest) out += fmt::format("{:02x}", byte);
    return out;
}

Result<KeptPolicies> check_kept_policies(store::TrailReader& reader,
                                         const std::map<std::string, std::uint64_t>& named) {
    KeptPolicies out;
    const auto fault = [&out](std::string text) {
        if (out.faults.size() < kMostFaults) out.faults.push_back({store::kDatabaseFile, std::move(text)});
    };
    std::set<std::string> kept;
    const Status read = reader.each_policy([&](const store::StoredPolicy& policy) -> Status {
        kept.insert(policy.version);
        if (const std::string hash = policy_version(policy.files); hash == policy.version)
            ++out.whole;
        else
            fault(fmt::format("policy {}: the text that is kept is another, of the hash {}", policy.version,
                              hash));
        return {};
    });
    if (!read) return pass(read);
    for (const auto& [version, number] : named)
        if (!kept.contains(version))
            fault(fmt::format("policy {}: entry {} names it, and its text is not kept", version, number));
    return out;
}

}  // namespace rollcall::audit
