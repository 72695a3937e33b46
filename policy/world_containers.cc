// The World's containers: what `under` means. They are few, so nothing here is indexed by name.
#include <utility>

#include "policy/base/text.h"
#include "policy/world.h"

namespace rollcall::policy {

std::vector<ContainerId> World::containers_named(std::string_view name) const {
    std::vector<ContainerId> found;
    if (name.starts_with("guid:")) {
        const auto guid = Guid::from_text(name.substr(5));
        const auto at = guid ? container_by_guid.find(*guid) : container_by_guid.end();
        if (at != container_by_guid.end()) found.push_back(at->second);
        return found;
    }
    const std::string wanted = fold_dn(name);
    for (std::size_t i = 0; i < containers.size(); ++i)
        if (containers[i].present && !containers[i].deleted && fold_dn(containers[i].dn) == wanted)
            found.emplace_back(i);
    return found;
}

void World::put_container(const ContainerEntry& entry, bool alone) {
    const auto [at, fresh] = container_by_guid.try_emplace(entry.guid, ContainerId(containers.size()));
    const ContainerId id = at->second;
    if (fresh) containers.emplace_back().guid = entry.guid;
    const Container before = containers[id.index()];
    Container& held = containers[id.index()];
    held.usn = entry.usn;
    held.present = true;
    held.deleted = entry.deleted;
    if (!entry.deleted) held.dn = entry.dn;  // a tombstone's name is mangled
    const bool same = !fresh && before.dn == held.dn && before.deleted == held.deleted && before.present;
    if (!same || before.usn != held.usn) touched.containers.insert(id);
    if (same) return;
    dirty.containers = true;
    if (!alone || fresh || before.dn == held.dn) return;
    // Nothing else tells of what has moved along.
    const std::string from = "," + before.dn, to = "," + held.dn;
    for (std::size_t i = 0; i < containers.size(); ++i) {
        if (!containers[i].dn.ends_with(from)) continue;
        std::string& dn = containers[i].dn;
        dn.replace(dn.size() - from.size(), from.size(), to);
        touched.containers.emplace(i);
    }
}

void World::container_missing(ContainerId id) {
    if (!std::exchange(containers[id.index()].present, false)) return;
    touched.containers.insert(id);
    dirty.containers = true;
}

}  // namespace rollcall::policy
