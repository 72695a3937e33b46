#include "bridges/directory/containers.h"

#include <algorithm>
#include <unordered_map>

#include "bridges/directory/entry.h"
#include "bridges/directory/search.h"

namespace rollcall::directory {

Result<std::vector<policy::ContainerEntry>> read_containers(Connection& connection, const Settings& settings,
                                                            std::uint64_t read_at) {
    std::vector<policy::ContainerEntry> containers;
    Query query;
    query.base = settings.base;
    query.filter = kContainersFilter;
    query.attributes = {"objectGUID", "uSNChanged"};
    const auto done = search(connection, query, [&](RawEntry&& entry) -> Status {
        if (const auto container = to_container(entry, read_at)) containers.push_back(*container);
        return {};
    });
    if (!done) return pass(done);
    return containers;
}

bool same_places(const std::vector<policy::ContainerEntry>& before,
                 const std::vector<policy::ContainerEntry>& after) {
    std::unordered_map<Guid, const std::string*, GuidHash> places;
    for (const auto& container : before) places.emplace(container.guid, &container.dn);
    return std::all_of(after.begin(), after.end(), [&](const auto& container) {
        const auto at = places.find(container.guid);
        return at == places.end() || *at->second == container.dn;
    });
}

}  // namespace rollcall::directory
