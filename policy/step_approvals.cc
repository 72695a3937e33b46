// step: what follows from the end of an approval.
#include "policy/step_facts.h"

namespace rollcall::policy {

void Step::approval_ended(const CompiledApproval& approval) {
    for (const std::uint32_t room : approval.rooms) {
        const RoomId id = decider_->world_room(room);
        if (!id.valid()) continue;
        world_.dirty.rooms.insert(id);  // the server ACL
        for (const UserId user : world_.room_users.row(id.index())) world_.dirty.users.insert(user);
    }
}

// An approval ends with its sponsor, so whoever it lets stay is looked at again.
void Step::sponsor_changed(const Guid& guid) {
    if (!decider_->is_sponsor(guid)) return;
    for (const CompiledApproval& approval : decider_->program().approvals)
        if (approval.sponsor_guid == guid) approval_ended(approval);
}

void keep_approvals(World& world, const Decider& old) {
    for (std::size_t i = 0; i < world.users.size(); ++i) {
        const UserId user(i);
        if (old.person_of(user).valid()) continue;
        const auto row = world.memberships.row(i);
        const std::vector<Membership> held(row.begin(), row.end());
        for (Membership membership : held) {
            const int room = old.managed(membership.room);
            if (room < 0 || membership.approved_once ||
                old.approval(user, static_cast<std::uint32_t>(room)) == nullptr)
                continue;
            membership.approved_once = true;
            world.set_membership(user, membership);
        }
    }
}

}  // namespace rollcall::policy
