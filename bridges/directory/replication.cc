#include "bridges/directory/replication.h"

#include <cstddef>

#include "bridges/directory/little_endian.h"

namespace rollcall::directory {
namespace {

// Version 1: two words, the count, a word; then 48 bytes each: attribute, version, time in seconds since
// 1601, the database where the change began (16), its USN there, its USN here. All little endian.
constexpr std::size_t kHead = 16, kEach = 48, kTimeAt = 8;
constexpr std::int64_t kEpoch = 11'644'473'600;    // seconds from 1601 to 1970
constexpr std::int64_t kLatest = 253'402'300'799;  // 9999-12-31: later than anything that is meant

}  // namespace

std::optional<Time> written(std::string_view metadata, std::uint32_t attribute) {
    if (metadata.size() < kHead || little_endian(metadata, 0, 4) != 1) return std::nullopt;
    const std::uint64_t count = little_endian(metadata, 8, 4);
    if (metadata.size() - kHead != count * kEach) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = kHead + i * kEach;
        if (little_endian(metadata, at, 4) != attribute) continue;
        const std::uint64_t seconds = little_endian(metadata, at + kTimeAt, 8);
        if (seconds < static_cast<std::uint64_t>(kEpoch) ||
            seconds > static_cast<std::uint64_t>(kEpoch + kLatest))
            return std::nullopt;
        return from_ms((static_cast<std::int64_t>(seconds) - kEpoch) * 1000);
    }
    return std::nullopt;
}

policy::Written written(std::string_view metadata) {
    return {written(metadata, kAccountControlId), written(metadata, kAccountExpiresId),
            written(metadata, kIsDeletedId)};
}

}  // namespace rollcall::directory
