#include "policy/step.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "policy/base/text.h"

namespace rollcall::policy {
namespace {

std::string slot(const RoomContent& content, const std::string& state_key) {
    return fmt::format("{}|{}", content.index(), state_key);
}

class Step {
  public:
    Step(World& world, Decider* decider) : world_(world), decider_(decider) {}

    Effects run(const Fact& fact) {
        // Whoever puts a policy in force marks everybody dirty: they are looked at for the first time.
        std::unordered_set<PersonId> unsettled;
        if (!world_.dirty.settled) {
            unsettled = world_.dirty.people;
            unsettled.merge(world_.dirty.entries);
            world_.dirty.entries.clear();
        }
        std::visit([this](const auto& f) { take(f); }, fact);
        if (decider_ != nullptr) {
            settle(unsettled, true);
            settle(std::exchange(world_.dirty.entries, {}), first_read_);
            world_.dirty.settled = true;
        } else {
            world_.dirty.entries.merge(unsettled);
        }
        return std::move(effects_);
    }

  private:
    // ------------------------------------------------------------ time

    void take(const TimePassed& fact) {
        const Time before = world_.now;
        world_.now = std::max(before, fact.now);  // a clock that goes back undoes nothing
        while (!world_.expiries.empty() && world_.expiries.begin()->first <= world_.now) {
            mark_person(world_.expiries.begin()->second);
            world_.expiries.erase(world_.expiries.begin());
        }
        while (!world_.revisit.empty() && world_.revisit.begin()->first <= world_.now) {
            world_.dirty.users.insert(world_.revisit.begin()->second);
            world_.revisit.erase(world_.revisit.begin());
        }
        if (decider_ == nullptr) return;
        for (const CompiledApproval& approval : decider_->program().approvals)
            if (before < approval.until && approval.until <= world_.now) approval_ended(approval);
    }

    void approval_ended(const CompiledApproval& approval) {
        for (const std::uint32_t room : approval.rooms) {
            const RoomId id = decider_->world_room(room);
            if (!id.valid()) continue;
            world_.dirty.rooms.insert(id);  // the server ACL
            for (const UserId user : world_.room_users.row(id.index())) world_.dirty.users.insert(user);
        }
    }

    // ------------------------------------------------------------ directory

    void take(const DirectoryRefused& fact) {
        world_.frozen = fact.why;
        note({Note::Kind::directory_refused, fact.why, {}, {}, "", "", fact.evidence});
    }

    void take(const DirectorySnapshot& fact) {
        if (std::string why = disbelief(fact); !why.empty())
            return take(DirectoryRefused{std::move(why), fact.evidence});
        const bool first = !world_.directory_read;
        const bool same_database = fact.invocation_id == world_.cursor.invocation_id;
        world_.frozen.clear();
        if (!same_database) forget_usns();
        bool all_attributes = true;  // everybody's come from this read
        std::unordered_set<Guid, GuidHash> seen;
        for (const PersonEntry& entry : fact.people) {
            seen.insert(entry.guid);
            if (newer_known(entry))
                all_attributes = false;
            else
                world_.put_person(entry);
        }
        for (const GroupEntry& entry : fact.groups) {
            seen.insert(entry.guid);
            if (!newer_known(entry)) world_.put_group(entry, true);
        }
        // What was learned since the read began is not judged by it.
        const auto older = [&](const auto& object) { return object.usn <= fact.evidence.usn; };
        for (std::size_t i = 0; i < world_.people.size(); ++i) {
            const Person& person = world_.people[i];
            if (person.deleted || !person.present || seen.contains(person.guid)) continue;
            if (older(person))
                world_.person_missing(PersonId(i));
            else
                all_attributes = false;
        }
        for (std::size_t i = 0; i < world_.groups.size(); ++i) {
            const Group& group = world_.groups[i];
            if (group.deleted || seen.contains(group.guid) || !older(group)) continue;
            if (still_named(GroupId(i), seen))
                world_.group_hidden(GroupId(i));
            else
                world_.group_missing(GroupId(i));
        }
        take_containers(fact);
        read_attributes(fact.attributes, all_attributes || first);
        world_.directory_read = true;
        if (first) {
            world_.compact();
            world_.dirty.everything = first_read_ = true;
            for (std::size_t i = 0; i < world_.people.size(); ++i) mark_person(PersonId(i));
        }
        const std::uint64_t usn =
            same_database ? std::max(world_.cursor.usn, fact.evidence.usn) : fact.evidence.usn;
        world_.cursor = {fact.evidence.directory, fact.evidence.server, fact.invocation_id, usn,
                         fact.evidence.time};
        note({Note::Kind::directory_read,
              fmt::format("complete read: {} people, {} groups", fact.people.size(), fact.groups.size()),
              {},
              {},
              "",
              "",
              fact.evidence});
    }

    // Links to an object end with it, so a group that is still somebody's member is there, but hidden from
    // us.
    [[nodiscard]] bool still_named(GroupId group, const std::unordered_set<Guid, GuidHash>& seen) const {
        const auto parents = world_.group_parents.row(group.index());
        return std::any_of(parents.begin(), parents.end(), [&](GroupId parent) {
            return world_.groups[parent.index()].members_known &&
                   seen.contains(world_.groups[parent.index()].guid);
        });
    }

    void take_containers(const DirectorySnapshot& fact) {
        std::unordered_set<Guid, GuidHash> seen;
        for (const ContainerEntry& entry : fact.containers) {
            seen.insert(entry.guid);
            if (!newer_known(entry)) world_.put_container(entry, false);
        }
        for (std::size_t i = 0; i < world_.containers.size(); ++i) {
            const Container& container = world_.containers[i];
            if (!container.deleted && !seen.contains(container.guid) && container.usn <= fact.evidence.usn)
                world_.container_missing(ContainerId(i));
        }
    }

    // USNs are one database's own: what another one counted says nothing about which entry is the newer.
    void forget_usns() {
        for (Person& person : world_.people) person.usn = 0;
        for (Group& group : world_.groups) group.usn = 0;
        for (Container& container : world_.containers) container.usn = 0;
        for (std::size_t i = 0; i < world_.people.size(); ++i) world_.touched.people.emplace(i);
        for (std::size_t i = 0; i < world_.groups.size(); ++i) world_.touched.groups.emplace(i);
        for (std::size_t i = 0; i < world_.containers.size(); ++i) world_.touched.containers.emplace(i);
    }

    // Known of everybody are only the attributes that every entry was read with.
    void read_attributes(const std::vector<std::string>& asked, bool of_everybody) {
        std::set<std::string, std::less<>> read(asked.begin(), asked.end());
        if (!of_everybody) {
            std::erase_if(read,
                          [this](const std::string& name) { return !world_.attributes_read.contains(name); });
            effects_.sweep |= read.size() < asked.size();
        }
        if (read == world_.attributes_read) return;
        world_.attributes_read = std::move(read);
        world_.dirty.groups = true;
    }

    // Why a complete read is not to be believed; "" if it is.
    [[nodiscard]] std::string disbelief(const DirectorySnapshot& fact) const {
        if (fact.people.empty())
            return fmt::format("the directory {} answered with nobody: nothing is concluded from that",
                               fact.evidence.directory);
        if (fact.groups.empty() && std::any_of(world_.groups.begin(), world_.groups.end(),
                                               [](const Group& group) { return !group.deleted; }))
            return fmt::format("the directory {} answered without any group: nothing is concluded from that",
                               fact.evidence.directory);
        if (decider_ == nullptr) return {};
        for (const Canary& canary : decider_->program().canaries) {
            const bool there = std::any_of(fact.people.begin(), fact.people.end(), [&](const PersonEntry& p) {
                return !p.deleted && p.guid == canary.guid;
            });
            if (!there)
                return fmt::format(
                    "a complete read of {} lacks the canary '{}': part of the directory is hidden from us",
                    fact.evidence.directory, canary.name);
        }
        return {};
    }

    bool newer_known(const PersonEntry& entry) const {
        const PersonId held = world_.person(entry.guid);
        return held.valid() && world_.people[held.index()].usn > entry.usn;
    }
    bool newer_known(const ContainerEntry& entry) const {
        const auto held = world_.container_by_guid.find(entry.guid);
        return held != world_.container_by_guid.end() &&
               world_.containers[held->second.index()].usn > entry.usn;
    }
    bool newer_known(const GroupEntry& entry) const {
        const auto held = world_.group_by_guid.find(entry.guid);
        return held != world_.group_by_guid.end() && world_.groups[held->second.index()].usn > entry.usn;
    }

    // Entries read with fewer attributes leave the others unknown until a complete read.
    void narrow_attributes(const std::vector<std::string>& asked) {
        std::set<std::string, std::less<>> read = world_.attributes_read;
        std::erase_if(read, [&asked](const std::string& name) {
            return std::find(asked.begin(), asked.end(), name) == asked.end();
        });
        if (read == world_.attributes_read) return;
        world_.attributes_read = std::move(read);
        world_.dirty.groups = true;
        effects_.sweep = true;
    }

    void take(const DirectoryChanges& fact) {
        if (!world_.directory_read || fact.invocation_id != world_.cursor.invocation_id) {
            effects_.sweep = true;  // changes to something that was never read whole
            return;
        }
        evidence_ = &fact.evidence;
        for (const ContainerEntry& entry : fact.containers) {  // before the people who stand below them
            if (newer_known(entry)) continue;
            const auto at = world_.container_by_guid.find(entry.guid);
            // Where those below it are now is told by a complete read only.
            effects_.sweep |= at != world_.container_by_guid.end() && !entry.deleted &&
                              world_.containers[at->second.index()].dn != entry.dn;
            world_.put_container(entry, true);
        }
        if (!fact.people.empty()) narrow_attributes(fact.attributes);
        for (const PersonEntry& entry : fact.people) {
            if (newer_known(entry)) continue;
            world_.put_person(entry);
        }
        for (const GroupEntry& entry : fact.groups) {
            if (newer_known(entry)) continue;
            const auto at = world_.group_by_guid.find(entry.guid);
            // One that comes back may stand in groups whose own entries did not move.
            effects_.sweep |= at != world_.group_by_guid.end() && world_.groups[at->second.index()].deleted;
            world_.put_group(entry, fact.groups_verified);
        }
        if (!fact.groups_verified && !fact.groups.empty())
            effects_.sweep = true;  // who is missing from them must be verified
        world_.cursor.usn = std::max(world_.cursor.usn, fact.evidence.usn);
        world_.cursor.time = fact.evidence.time;
    }

    // After any fact: people whose entries it touched are bound anew, and departures and returns noticed.
    void settle(const std::unordered_set<PersonId>& dirty, bool first_look) {
        if (std::exchange(world_.dirty.containers, false)) decider_->containers_changed();
        if (std::exchange(world_.dirty.groups, false)) decider_->readability_changed();
        std::vector<PersonId> people(dirty.begin(), dirty.end());
        std::sort(people.begin(), people.end());
        for (const PersonId person : people) {
            keep_what_is_in_use(person);
            decider_->person_changed(person);
            keep_what_is_in_use(person);
            notice_departure(person, first_look);
        }
    }

    // Whoever is in a room under a Matrix ID keeps it, and so does an account that is gone while anything is
    // still to be taken back from it.
    void keep_what_is_in_use(PersonId id) {
        const UserId user = decider_->user_of(id);
        if (!user.valid() || world_.people[id.index()].kept.valid()) return;
        const bool deleted = world_.people[id.index()].deleted;
        const auto row = world_.memberships.row(user.index());
        if (std::any_of(row.begin(), row.end(), [deleted](const Membership& held) {
                return held.state == MembershipState::join ||
                       (deleted &&
                        (held.state == MembershipState::invite || held.state == MembershipState::knock));
            }))
            keep_identity(user);
    }

    void notice_departure(PersonId id, bool first_look) {
        Person& person = world_.people[id.index()];
        // An order holds until the directory says so too: from then on it is the directory's word.
        if (person.depart_ordered && decider_->departed_in_directory(id) == Tri::yes) {
            person.depart_ordered = false;
            world_.touched.people.insert(id);
        }
        const Tri departed = decider_->departed(id);
        const UserId user = decider_->user_of(id);
        sponsor_changed(person.guid);
        if (departed == Tri::yes && !person.departed_seen) {
            person.departed_seen = true;
            world_.touched.people.insert(id);
            // Of those who had left before we ever looked, only whoever was seen here is our business.
            if (!user.valid() ||
                (first_look && !person.kept.valid() && world_.memberships.row(user.index()).empty()))
                return;
            world_.departing[user] = {};
            world_.touched.users.insert(user);
            world_.dirty.users.insert(user);
            note({Note::Kind::departed, departure_text(person), id, user, "", "", evidence_of(person)});
        } else if (departed == Tri::no && person.departed_seen) {
            person.departed_seen = false;
            world_.touched.people.insert(id);
            if (!user.valid()) return;
            world_.departing.erase(user);
            world_.touched.users.insert(user);
            world_.dirty.users.insert(user);
            note({Note::Kind::returned, fmt::format("{} is back", person.login.view()), id, user, "", "",
                  evidence_of(person)});
        }
    }

    // An approval ends with its sponsor, so whoever it lets stay is looked at again.
    void sponsor_changed(const Guid& guid) {
        if (!decider_->is_sponsor(guid)) return;
        for (const CompiledApproval& approval : decider_->program().approvals)
            if (approval.sponsor_guid == guid) approval_ended(approval);
    }

    [[nodiscard]] std::string departure_text(const Person& person) const {
        if (person.deleted) return fmt::format("{}: account deleted", person.login.view());
        if (person.account_control && (*person.account_control & kAccountDisabled) != 0)
            return fmt::format("{}: account disabled", person.login.view());
        if (person.expires && *person.expires <= world_.now)
            return fmt::format("{}: account expired on {}", person.login.view(), to_rfc3339(*person.expires));
        return fmt::format("{}: ordered by an admin", person.login.view());
    }

    [[nodiscard]] Evidence evidence_of(const Person& person) const {
        return {world_.cursor.directory, world_.cursor.server, person.usn, person.dn.text(),
                evidence_ != nullptr ? evidence_->time : world_.cursor.time};
    }

    void take(const DepartOrdered& fact) {
        world_.people[fact.person.index()].depart_ordered = !fact.taken_back;
        world_.touched.people.insert(fact.person);
        mark_person(fact.person);
    }

    // ------------------------------------------------------------ rooms

    void take(const RoomEventSeen& fact) {
        const auto at = world_.room_by_id.find(fact.event.room);
        if (at == world_.room_by_id.end()) return;
        if (const auto* member = std::get_if<MemberContent>(&fact.event.content))
            member_event(at->second, fact, *member);
        else if (fact.event.state)
            state_event(at->second, fact.event);
    }

    void member_event(RoomId room, const RoomEventSeen& fact, const MemberContent& content) {
        const UserId user = world_.user(content.user);
        const Membership* held = world_.membership(user, room);
        const std::uint32_t event = event_digest(fact.event.event);
        const std::uint32_t before = held == nullptr ? 0 : held->event;
        if (event == before) return;
        const bool first = held == nullptr || (held->state == MembershipState::none && held->event == 0);
        if (first ? !fact.event.replaces.empty() : event_digest(fact.event.replaces) != before) {
            effects_.read_members.emplace_back(fact.event.room, content.user);
            late_invitation(room, user, fact.event, content.membership);
            return;
        }
        set_member(room, user, fact.event, content, fact.ours);
    }

    void set_member(RoomId room, UserId user, const RoomEvent& event, const MemberContent& content,
                    bool ours) {
        const Membership* held = world_.membership(user, room);
        Membership next = held == nullptr ? Membership{.room = room} : *held;
        const MembershipState before = next.state;
        next.event = event_digest(event.event);
        next.state = content.membership;
        next.cause = ours || event.sender == world_.bot ? Cause::daemon
                     : event.sender == content.user     ? Cause::self
                                                        : Cause::other;
        apply_membership(user, next, before);
        if (content.user == world_.bot) {
            world_.rooms[room.index()].bot_joined = content.membership == MembershipState::join;
            world_.mark_room(room);
            return;
        }
        if (content.membership == MembershipState::invite && event.sender != world_.bot)
            world_.inviters[World::pair(user, room)] = world_.user(event.sender);
        if (before == next.state) return;  // a changed display name
        if (next.cause != Cause::daemon) {
            note({Note::Kind::membership,
                  fmt::format("{} by {}", to_text(content.membership), event.sender),
                  {},
                  user,
                  world_.rooms[room.index()].key,
                  event.event,
                  {}});
            tell_inviter(room, user, event, next.state);
        }
    }

    // Shared by events and by our own results: what follows from a membership whatever told us of it.
    void apply_membership(UserId user, Membership next, MembershipState before) {
        const bool was_in = before == MembershipState::join || before == MembershipState::invite;
        const bool is_out = next.state == MembershipState::leave || next.state == MembershipState::ban;
        if (was_in && is_out && world_.is_local(world_.users.text(user))) next.needs_forget = true;
        if (next.state == MembershipState::join || next.state == MembershipState::invite)
            next.needs_forget = false;
        if (next.state == MembershipState::join) world_.set_account(user, Account::present);
        const int managed = decider_ == nullptr ? -1 : decider_->managed(next.room);
        if (managed >= 0) {
            const Verdict verdict = decider_->verdict(user, static_cast<std::uint32_t>(managed));
            if (is_out)
                next.approved_once = false;  // who comes back comes without the old approval
            else if (verdict.basis == Basis::approval)
                next.approved_once = true;
            // Whoever is out because they no longer belong may be brought back when they belong again.
            if (verdict.presence == Presence::out && is_out) next.cause = Cause::daemon;
        }
        world_.set_membership(user, next);
        if (is_out && next.cause == Cause::other)
            if (const auto at = world_.put_back.find(World::pair(user, next.room));
                at != world_.put_back.end())
                world_.revisit.emplace(at->second + kPutBackEvery, user);
        if (next.state == MembershipState::join) keep_identity(user);
    }

    // A Matrix ID is kept for life once an account of that name was seen in use.
    void keep_identity(UserId user) {
        if (decider_ == nullptr) return;
        const PersonId id = decider_->person_of(user);
        if (!id.valid() || world_.people[id.index()].kept.valid()) return;
        world_.people[id.index()].kept = user;
        world_.touched.people.insert(id);
        note({Note::Kind::identity_kept,
              fmt::format("{} is {} from now on", world_.people[id.index()].login.view(),
                          world_.users.text(user)),
              id,
              user,
              "",
              "",
              {}});
    }

    void tell_inviter(RoomId room, UserId user, const RoomEvent& event, MembershipState state) {
        if (decider_ == nullptr || state != MembershipState::invite) return;
        const int managed = decider_->managed(room);
        if (managed < 0 || event.sender == world_.bot || event.sender == world_.users.text(user)) return;
        const Verdict verdict = decider_->verdict(user, static_cast<std::uint32_t>(managed));
        if (verdict.presence == Presence::out && verdict.basis != Basis::departed)
            effects_.notices.push_back(
                {world_.user(event.sender), world_.rooms[room.index()].key, world_.users.text(user)});
    }

    // An invitation that is told of after what came of it decides nothing. But whoever sent it is owed the
    // explanation all the same, once: who is remembered as the inviter has had it.
    void late_invitation(RoomId room, UserId user, const RoomEvent& event, MembershipState state) {
        if (state != MembershipState::invite || event.sender == world_.bot ||
            world_.membership(user, room) == nullptr)
            return;
        const UserId inviter = world_.user(event.sender);
        UserId& known = world_.inviters[World::pair(user, room)];
        if (known == inviter) return;
        known = inviter;
        world_.touched.memberships.insert(World::pair(user, room));
        tell_inviter(room, user, event, state);
    }

    static std::string state_key_of(const RoomEvent& event) {
        if (const auto* child = std::get_if<SpaceChildContent>(&event.content)) return child->child;
        return {};
    }

    void state_event(RoomId room, const RoomEvent& event) {
        if (std::holds_alternative<OtherContent>(event.content)) return;
        HeldEvents& events = world_.rooms[room.index()].state.events;
        const std::string place = slot(event.content, state_key_of(event));
        const std::string_view held = events.find(place);
        if (held == event.event) return;
        if (held != event.replaces) {  // not the successor of what we know: the room is read afresh
            effects_.read_rooms.push_back(room);
            return;
        }
        events.set(place, event.event);
        set_state(room, event.content, event.sender);
    }

    void set_state(RoomId id, const RoomContent& content, const std::string& sender) {
        Room& room = world_.rooms[id.index()];
        RoomState& state = room.state;
        struct Setter {
            Step& step;
            RoomId id;
            RoomState& state;
            void operator()(const PowerLevels& c) { step.set_power(id, c); }
            void operator()(const JoinRules& c) { state.join_rules = c; }
            void operator()(const ServerAcl& c) { state.acl = c; }
            void operator()(const NameContent& c) { state.name = c.name; }
            void operator()(const TopicContent& c) { state.topic = c.topic; }
            void operator()(const CanonicalAliasContent& c) { state.alias = c.alias; }
            void operator()(const HistoryVisibilityContent& c) { state.history = c.visibility; }
            void operator()(const GuestAccessContent& c) { state.guest_access = c.access; }
            void operator()(const CreateContent& c) {
                state.create = CreateContent{c.version, c.space, c.creators, {}};
            }
            void operator()(const TombstoneContent& c) { state.tombstone = c.replacement; }
            void operator()(const SpaceChildContent& c) {
                if (c.present)
                    state.children.insert(c.child);
                else
                    state.children.erase(c.child);
                if (const auto at = step.world_.room_by_id.find(c.child); at != step.world_.room_by_id.end())
                    step.world_.dirty.rooms.insert(at->second);
            }
            void operator()(const MemberContent&) {}
            void operator()(const OtherContent&) {}
        };
        std::visit(Setter{*this, id, state}, content);
        world_.parts.share(state);
        world_.mark_room(id);
        if (!sender.empty() && sender != world_.bot)
            note({Note::Kind::room_state,
                  fmt::format("{} changed the room's state", sender),
                  {},
                  {},
                  room.key,
                  "",
                  {}});
    }

    void set_power(RoomId id, const PowerLevels& levels) {
        Room& room = world_.rooms[id.index()];
        std::map<std::string, std::int64_t> next = levels.users;
        for (const auto& [user, level] : room.state.users) next.emplace(user, 0);
        room.state.set_power(levels);
        for (const auto& [name, level] : next) {
            if (name == world_.bot) continue;
            const UserId user = world_.user(name);
            const Membership* held = world_.membership(user, id);
            Membership changed = held == nullptr ? Membership{.room = id} : *held;
            changed.power = static_cast<std::int16_t>(std::clamp<std::int64_t>(level, -32768, 32767));
            if (held == nullptr || held->power != changed.power) world_.set_membership(user, changed);
        }
    }

    // The same event may be held with another state: an answer of ours without an event ID said so.
    static bool says_so(const Membership* held, const RoomEvent& event, const MemberContent& content) {
        return held != nullptr && held->event == event_digest(event.event) &&
               held->state == content.membership;
    }

    void take(const RoomRead& fact) {
        const auto at = world_.room_by_id.find(fact.room);
        if (at == world_.room_by_id.end()) return;
        const RoomId id = at->second;
        Room& room = world_.rooms[id.index()];
        if (room.bot_joined != fact.joined) world_.mark_room(id);
        room.bot_joined = fact.joined;
        if (!fact.joined) return;
        std::unordered_set<UserId> seen;
        for (const RoomEvent& event : fact.state) {
            const auto* member = std::get_if<MemberContent>(&event.content);
            if (member == nullptr) {
                if (std::holds_alternative<OtherContent>(event.content)) continue;
                const std::string place = slot(event.content, state_key_of(event));
                if (room.state.events.find(place) == event.event) continue;
                room.state.events.set(place, event.event);
                set_state(id, event.content, event.sender);
                continue;
            }
            const UserId user = world_.user(member->user);
            seen.insert(user);
            const Membership* held = world_.membership(user, id);
            if (!says_so(held, event, *member)) set_member(id, user, event, *member, false);
        }
        const auto row = world_.room_users.row(id.index());
        const std::vector<UserId> users(row.begin(), row.end());
        for (const UserId user : users) {  // held, but the homeserver knows nothing of it
            const Membership* held = world_.membership(user, id);
            if (held == nullptr || seen.contains(user) || held->state == MembershipState::none) continue;
            Membership none{.room = id};
            none.power = held->power;
            world_.set_membership(user, none);
        }
    }

    void take(const MemberRead& fact) {
        const auto at = world_.room_by_id.find(fact.room);
        if (at == world_.room_by_id.end()) return;
        const UserId user = world_.user(fact.user);
        if (!fact.event) {
            const Membership* held = world_.membership(user, at->second);
            if (held != nullptr && held->state != MembershipState::none)
                world_.set_membership(user, Membership{.room = at->second});
            return;
        }
        const auto* member = std::get_if<MemberContent>(&fact.event->content);
        const Membership* held = world_.membership(user, at->second);
        if (member != nullptr && !says_so(held, *fact.event, *member))
            set_member(at->second, user, *fact.event, *member, false);
    }

    // ------------------------------------------------------------ results of our own requests

    void take(const MembershipSet& fact) {
        const Membership* held = world_.membership(fact.user, fact.room);
        const std::uint32_t now = held == nullptr ? 0 : held->event;
        if (now != fact.held) return;  // an event has come since, and it may be a later one
        Membership next = held == nullptr ? Membership{.room = fact.room} : *held;
        const MembershipState before = next.state;
        next.state = fact.state;
        next.cause = Cause::daemon;
        // An answer without an event ID leaves the old one held, so that the event, when it comes, is its
        // successor.
        if (!fact.event.empty()) next.event = event_digest(fact.event);
        apply_membership(fact.user, next, before);
    }

    void take(const Forgotten& fact) {
        const Membership* held = world_.membership(fact.user, fact.room);
        if (held == nullptr || !held->needs_forget) return;
        Membership next = *held;
        next.needs_forget = false;
        world_.set_membership(fact.user, next);
    }

    void take(const StateSet& fact) {
        const std::string now = held_state_event(world_, fact.room, fact.content, fact.state_key);
        if (now != fact.held) return;  // an event has come since, and it may be a later one
        if (!fact.event.empty())
            world_.rooms[fact.room.index()].state.events.set(slot(fact.content, fact.state_key), fact.event);
        set_state(fact.room, fact.content, world_.bot);
    }

    void take(const RoomCreated& fact) {
        world_.set_room_id(fact.room, fact.id);
        Room& room = world_.rooms[fact.room.index()];
        room.state = {};
        room.released = false;
        room.bot_joined = true;
        room.phase = fact.hidden ? RoomPhase::filling : RoomPhase::open;
        room.filling_since = world_.now;
        effects_.read_rooms.push_back(fact.room);
        dirty_children(fact.room);
    }

    // A new space is the place, and perhaps the join rule, of rooms that exist already.
    void dirty_children(RoomId space) {
        const int managed = decider_ == nullptr ? -1 : decider_->managed(space);
        if (managed < 0 || !decider_->program().rooms[static_cast<std::size_t>(managed)].space) return;
        for (std::uint32_t r = 0; r < decider_->program().rooms.size(); ++r)
            if (decider_->program().rooms[r].parent == world_.rooms[space.index()].key &&
                decider_->world_room(r).valid())
                world_.dirty.rooms.insert(decider_->world_room(r));
    }

    void take(const Published& fact) {
        Room& room = world_.rooms[fact.room.index()];
        room.phase = RoomPhase::open;
        world_.mark_room(fact.room);
    }

    void take(const Released& fact) {
        world_.rooms[fact.room.index()].released = true;
        world_.mark_room(fact.room);
    }

    void take(const AliasClaimed& fact) {
        Room& room = world_.rooms[fact.room.index()];
        (fact.conflict ? room.alias_conflict : room.claimed_alias) = fact.alias;
        if (!fact.conflict) room.alias_conflict.clear();
        world_.mark_room(fact.room);
    }

    void take(const AccountSeen& fact) {
        world_.set_account(fact.user, fact.account);
        if (fact.account == Account::present) keep_identity(fact.user);
    }

    void take(const SignedOut& fact) {
        if (const auto at = world_.departing.find(fact.user); at != world_.departing.end())
            at->second.signed_out = true;
        touch_user(fact.user);
    }

    void take(const RoomsListed& fact) {
        const auto at = world_.departing.find(fact.user);
        if (at == world_.departing.end()) return;
        at->second.listed = true;
        at->second.rooms.clear();
        for (const std::string& room : fact.rooms) at->second.rooms.push_back({room, false});
        touch_user(fact.user);
    }

    void take(const LeftUnmanaged& fact) {
        const auto at = world_.departing.find(fact.user);
        if (at == world_.departing.end()) return;
        for (Departing::Elsewhere& room : at->second.rooms)
            if (room.room == fact.room) room.done = true;
        touch_user(fact.user);
    }

    void take(const PutBack& fact) {
        world_.put_back[World::pair(fact.user, fact.room)] = world_.now;
        world_.revisit.emplace(world_.now + kPutBackEvery, fact.user);
        touch_user(fact.user);
    }

    void mark_person(PersonId person) {
        world_.dirty.people.insert(person);
        world_.dirty.entries.insert(person);
    }

    void touch_user(UserId user) {
        world_.touched.users.insert(user);
        world_.dirty.users.insert(user);
    }

    void note(Note note) { effects_.notes.push_back(std::move(note)); }

    World& world_;
    Decider* decider_;
    Effects effects_;
    const Evidence* evidence_ = nullptr;
    bool first_read_ = false;
};

}  // namespace

Effects step(World& world, Decider* decider, const Fact& fact) {
    return Step(world, decider).run(fact);
}

std::string held_state_event(const World& world, RoomId room, const RoomContent& content,
                             const std::string& state_key) {
    return std::string(world.rooms[room.index()].state.events.find(slot(content, state_key)));
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

Time next_moment(const World& world, const Decider* decider) {
    Time next = kNever;
    if (!world.expiries.empty()) next = std::min(next, world.expiries.begin()->first);
    if (!world.revisit.empty()) next = std::min(next, world.revisit.begin()->first);
    if (decider != nullptr)
        for (const CompiledApproval& approval : decider->program().approvals)
            if (approval.until > world.now) next = std::min(next, approval.until);
    return next;
}

}  // namespace rollcall::policy
