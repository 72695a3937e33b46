#include "tests/policy/generated_company.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <utility>

namespace rollcall::policy::test {
namespace {
constexpr int kGroups = 7;
const std::vector<std::string> kOutsiders{"@eve:elsewhere.example", "@zoe:partner.example",
                                          "@yan:partner.example",   "@glass:corp.example",
                                          "@bot:corp.example",      "@stranger:corp.example"};
constexpr const char* kPeopleUnit = "OU=People,DC=corp,DC=example";
const std::vector<std::string> kDepartments{"Sales", "sales", "Support", "Legal", ""};
}  // namespace

GeneratedCompany::GeneratedCompany(std::uint64_t seed)
    : mask(seed % 2 == 0), homeserver(scene), random_(seed) {
    scene.world.in_question.set_can_ask(mask);
    for (int i = 0; i < kGroups; ++i) scene.directory.group("g" + std::to_string(i));
    for (int i = 0; i < 9; ++i) {
        const std::string name = "p" + std::to_string(next_person_++);
        scene.directory.person(name);
        if (!one_in(5)) scene.directory.join("Staff", name);
        scene.directory.join(group(), name);
    }
    scene.directory.container("OU=Leavers,DC=corp,DC=example");
    for (int i = 0; i < 6; ++i) directory_write();
    written_.clear();
    for (auto& [name, entry] : scene.directory.people) entry.deleted = false;
    for (auto& [name, entry] : scene.directory.groups) entry.deleted = false;
    if (!one_in(4)) scene.read();
    if (!scene.world.directory_read) scene.read();  // names can be pinned only to what was seen
    while (!scene.decider) new_policy();
}

std::string GeneratedCompany::matrix_user() {
    if (one_in(4)) return one_of(kOutsiders);
    if (one_in(4)) return fmt::format("@{}:{}", one_of(scene.directory.people).second.login, kServer);
    return fmt::format("@{}:{}", login(), kServer);
}

Effects GeneratedCompany::learn(const Fact& fact) {
    Effects effects = scene.learn(fact);
    asked_.insert(asked_.end(), effects.find_accounts.begin(), effects.find_accounts.end());
    return effects;
}

// ---------------------------------------------------------------- policies

std::string GeneratedCompany::expression_text(int depth) {
    std::string out;
    switch (roll(depth > 1 ? 6 : 9)) {
        case 0:
        case 1:
        case 2:
            out = "group g" + std::to_string(roll(kGroups));
            break;
        case 3:
            out = "user p" + std::to_string(roll(9));
            break;
        case 4:
            out = one_in(2) ? "attribute department in Sales/Legal" : "attribute title matches 'Head .*'";
            break;
        case 5:
            out = "under 'OU=People,DC=corp,DC=example'";
            break;
        case 6:
            return "employees" +
                   (one_in(2) ? std::string() : " except group g" + std::to_string(roll(kGroups)));
        case 7:
            out = fmt::format("any({}, {})", expression_text(depth + 1), expression_text(depth + 1));
            break;
        default:
            out = fmt::format("all({}, {})", expression_text(depth + 1), expression_text(depth + 1));
            break;
    }
    if (one_in(5)) out += " + group g" + std::to_string(roll(kGroups));
    if (one_in(4)) out += " except " + expression_text(depth + 2);
    return out;
}

void GeneratedCompany::new_policy() {
    const PolicyFile before = scene.policy;
    PolicyFile& policy = scene.policy;
    policy.rooms.clear();
    policy.services.clear();
    policy.outsiders.clear();
    policy.protected_ids = {{"@glass:corp.example", {}}};
    if (one_in(3)) policy.protected_ids.push_back({"@p1:corp.example", {}});
    policy.people->identities.clear();
    if (one_in(2)) policy.people->identities.push_back({{}, "p2", "@p.two:corp.example"});
    if (one_in(6)) policy.people->identities.push_back({{}, "p3", "@p4:corp.example"});
    policy.people->employees =
        expression(one_in(4) ? "any(group Staff, group g0)" : "group Staff", "employees");
    scene.space("home", "employees");
    for (int i = 0; i < 5; ++i) {
        if (one_in(8)) continue;
        const std::string key = "room" + std::to_string(i);
        RoomText& room = scene.room(key, expression_text(), one_in(2) ? expression_text(1) : "");
        if (one_in(2)) room.outsiders = Outsiders::approved;
        if (one_in(2)) room.parent = Text{"home", {}};
        if (one_in(3)) room.leaving = Leaving::rejoin;
        if (one_in(4)) room.admission = Admission::invite;
    }
    scene.service("bot", "@bot:corp.example", {one_in(2) ? "all" : "room1"});
    for (const char* who : {"@eve:elsewhere.example", "@*:partner.example", "@p5:corp.example"})
        scene.approval("a" + std::to_string(roll(9)), who, {one_in(2) ? "all" : "room*"},
                       "p" + std::to_string(roll(9)),
                       scene.world.now + std::chrono::minutes{static_cast<int>(roll(300))});
    if (!scene.apply()) policy = before;
}

// ---------------------------------------------------------------- directory

void GeneratedCompany::write_person(const std::string& name) {
    PersonEntry& entry = scene.directory.people.at(name);
    switch (roll(9)) {
        case 0:
            entry.account_control = one_in(3) ? std::optional<std::uint32_t>(514) : 512;
            break;
        case 1:
            if (one_in(3)) entry.account_control.reset();
            break;
        case 2:
            entry.expires =
                one_in(4)
                    ? std::nullopt
                    : std::optional(scene.world.now + std::chrono::minutes{static_cast<int>(roll(90)) - 10});
            break;
        case 3:
            entry.expires = kNever;
            entry.account_control = 512;
            break;
        case 4:
            entry.deleted = one_in(3);
            break;
        case 5:
            entry.login = one_in(3) ? login() : one_in(3) ? fmt::format("{}-{}", name, roll(3)) : name;
            break;
        case 6:
            entry.dn = fmt::format(
                "CN={},{}", name,
                one_in(2) ? scene.directory.containers.at(kPeopleUnit).dn : "OU=Leavers,DC=corp,DC=example");
            break;
        case 7:
            entry.attributes["department"] = {one_of(kDepartments), one_of(kDepartments)};
            entry.unreadable.clear();
            if (one_in(4)) {
                entry.attributes.erase("department");
                entry.unreadable.push_back("department");
            }
            entry.attributes["title"] = {one_in(2) ? "Head of it" : "it"};
            break;
        default:
            entry.primary_group = one_in(3)   ? std::optional(scene.directory.next_rid())
                                  : one_in(2) ? std::optional(scene.directory.groups.at(group()).rid)
                                              : std::nullopt;
            break;
    }
}

std::string GeneratedCompany::write_group(const std::string& name) {
    GroupEntry& entry = scene.directory.groups.at(name);
    switch (roll(8)) {
        case 0:
        case 1:
            scene.directory.join(name, login());
            break;
        case 2:
        case 3:
            if (!entry.members.empty())
                entry.members.erase(entry.members.begin() +
                                    static_cast<std::ptrdiff_t>(roll(entry.members.size())));
            break;
        case 4:
            scene.directory.join(name, group());
            break;
        case 5:
            entry.members_known = !one_in(3);
            break;
        case 6:
            entry.deleted = name != "Staff" && one_in(4);
            break;
        default:
            entry.members.push_back(guid_of("person", "p" + std::to_string(next_person_)));  // not seen yet
            entry.members.push_back(guid_of("group", "new" + std::to_string(next_person_)));
            break;
    }
    return name;
}

std::string GeneratedCompany::directory_write() {
    if (one_in(20)) {
        const std::string name = "p" + std::to_string(next_person_++);
        scene.directory.person(name, {"Staff", group()});
        written_.push_back(name);
        return "a new person";
    }
    if (one_in(30)) {
        const std::string name = "new" + std::to_string(next_person_++);
        scene.directory.group(name, {group()}).members_known = one_in(2);
        written_.push_back(name);
        return "a new group";
    }
    if (one_in(25)) {
        scene.directory.move_container(kPeopleUnit,
                                       one_in(2) ? kPeopleUnit : "OU=People,OU=Old,DC=corp,DC=example");
        written_.push_back(kPeopleUnit);
        return "a container moves";
    }
    if (one_in(25)) {
        const std::string one = login(), other = login();
        std::swap(scene.directory.people.at(one).login, scene.directory.people.at(other).login);
        for (const std::string& name : {one, other}) {
            scene.directory.wrote(name);
            written_.push_back(name);
        }
        return "two swap logins";
    }
    const bool person = one_in(2);
    const std::string name = person ? login() : group();
    if (person)
        write_person(name);
    else
        write_group(name);
    scene.directory.wrote(name);
    written_.push_back(name);
    return "a write to " + name;
}

std::string GeneratedCompany::tell_changes() {
    if (written_.empty()) return "no change";
    std::shuffle(written_.begin(), written_.end(), random_);
    const std::size_t lost = one_in(6) ? roll(written_.size()) : 0;
    const std::vector<std::string> names(written_.begin() + static_cast<std::ptrdiff_t>(lost),
                                         written_.end());
    written_.clear();
    DirectoryChanges changes = scene.directory.changes(names, !one_in(3));
    if (one_in(15)) changes.attributes = {"department", "samaccountname"};
    if (one_in(20)) changes.invocation_id = "another";
    learn(std::move(changes));
    return "changes";
}

std::string GeneratedCompany::tell_snapshot() {
    if (one_in(8)) scene.directory.invocation = "db-" + std::to_string(roll(3));
    if (!old_reads_.empty() && one_in(4)) {  // one that took long
        learn(std::move(old_reads_.back()));
        old_reads_.clear();
        return "an old complete read";
    }
    DirectorySnapshot read = scene.directory.snapshot();
    if (one_in(5)) old_reads_.push_back(read);
    if (one_in(3) && read.people.size() > 2)
        read.people.erase(read.people.begin() + static_cast<std::ptrdiff_t>(roll(read.people.size())));
    if (one_in(6))
        read.groups.erase(read.groups.begin() + static_cast<std::ptrdiff_t>(roll(read.groups.size())));
    if (one_in(6))
        read.containers.erase(read.containers.begin() +
                              static_cast<std::ptrdiff_t>(roll(read.containers.size())));
    if (one_in(8)) read.people.clear();
    if (one_in(8)) read.groups.clear();
    if (one_in(6)) read.attributes = {"samaccountname", "title"};
    learn(std::move(read));
    return "a complete read";
}

// ---------------------------------------------------------------- rooms

std::string GeneratedCompany::room_event() {
    if (homeserver.rooms.empty()) return "no room";
    const std::string key = one_of(homeserver.rooms).first;
    if (one_in(8)) {
        PowerLevels levels;
        levels.users = {{matrix_user(), one_in(2) ? 50 : 0}, {"@rollcall:corp.example", 100}};
        undelivered_.push_back(
            homeserver.put_state(key, levels, one_in(2) ? matrix_user() : scene.world.bot));
        return "power levels";
    }
    if (one_in(12)) {
        undelivered_.push_back(homeserver.put_state(key, NameContent{"renamed"}, matrix_user()));
        return "a name";
    }
    constexpr MembershipState kStates[] = {MembershipState::invite, MembershipState::join,
                                           MembershipState::leave,  MembershipState::ban,
                                           MembershipState::knock,  MembershipState::join};
    const std::string user = matrix_user();
    const std::string sender = one_in(2) ? user : one_in(2) ? scene.world.bot : matrix_user();
    undelivered_.push_back(homeserver.put_member(key, user, kStates[roll(6)], sender));
    return "a member event";
}

std::string GeneratedCompany::deliver() {
    if (!delivered_.empty() && one_in(8)) {
        homeserver.answer(learn(RoomEventSeen{one_of(delivered_), false}));
        return "an event again";
    }
    if (undelivered_.empty()) return "no event";
    const std::size_t which = one_in(4) ? roll(undelivered_.size()) : 0;
    const RoomEvent event = undelivered_[which];
    undelivered_.erase(undelivered_.begin() + static_cast<std::ptrdiff_t>(which));
    if (one_in(12)) return "a lost event";
    delivered_.push_back(event);
    const Effects effects = learn(RoomEventSeen{event, one_in(6)});
    if (!one_in(5)) homeserver.answer(effects);
    return "an event";
}

std::string GeneratedCompany::wrong_result() {
    const std::string key = room_key();
    const auto at = scene.world.room_by_key.find(key);
    if (at == scene.world.room_by_key.end()) return "no room";
    const UserId user = scene.world.user(matrix_user());
    const Membership* held = scene.world.membership(user, at->second);
    switch (roll(4)) {
        case 0:
            learn(MembershipSet{user, at->second, one_in(2) ? MembershipState::join : MembershipState::leave,
                                one_in(2) ? "$result" : "", held == nullptr || one_in(2) ? 0 : held->event});
            return "a result";
        case 1:
            learn(Forgotten{user, at->second});
            return "forgotten";
        case 2:
            learn(AccountSeen{user, one_in(2) ? Account::present : Account::absent});
            return "an account";
        default:
            learn(PutBack{user, at->second});
            return "put back";
    }
}

UserId GeneratedCompany::name_in_question() {
    std::set<UserId> names;  // in an order that is the same everywhere
    for (const auto& [name, candidates] : scene.world.in_question.all()) names.insert(name);
    return one_of(names);
}

// Whoever may have an account in question departs, but for some, or is back.
std::string GeneratedCompany::candidates_depart() {
    if (scene.world.in_question.all().empty()) return "nothing in question";
    const UserId name = name_in_question();
    const std::vector<Guid>& had = scene.world.in_question.candidates(name);
    const std::string& id = scene.world.users.text(name);
    for (auto& [made_as, entry] : scene.directory.people) {
        const bool candidate = std::find(had.begin(), had.end(), entry.guid) != had.end();
        if (!candidate && fmt::format("@{}:{}", entry.login, kServer) != id) continue;
        entry.account_control = one_in(6) ? 512 : 514;
        entry.deleted = one_in(4);
        scene.directory.wrote(made_as);
        written_.push_back(made_as);
    }
    return "the candidates of " + id + " depart";
}

// Somebody comes to the login that an account in question was made of.
std::string GeneratedCompany::login_in_question() {
    if (scene.world.in_question.all().empty()) return "nothing in question";
    const std::string id = scene.world.users.text(name_in_question());
    const std::string made_as = login();
    scene.directory.people.at(made_as).login = id.substr(1, id.find(':') - 1);
    scene.directory.wrote(made_as);
    written_.push_back(made_as);
    return made_as + " gets the login of " + id;
}

// Of an account that was asked for, or that of a name that somebody has left.
std::string GeneratedCompany::tell_account() {
    const auto& in_question = scene.world.in_question.all();
    if (in_question.empty() && asked_.empty()) return "no account";
    UserId user;
    if (asked_.empty() || (!in_question.empty() && one_in(2))) {
        user = name_in_question();
    } else {
        user = asked_.front();
        asked_.pop_front();
    }
    if (mask && one_in(12)) {
        learn(MaskCovers{user, false});
        return "nobody of the mask";
    }
    learn(AccountSeen{user, one_in(2) ? Account::present : Account::absent});
    return "an account that was asked for";
}

std::string GeneratedCompany::carry_out_some() {
    homeserver.tell_events = one_in(2);
    homeserver.carry_out();
    return "a round of the plan";
}

// ---------------------------------------------------------------- anything

std::string GeneratedCompany::happen() {
    switch (roll(20)) {
        case 0:
        case 1:
        case 2:
        case 3:
        case 4:
            return directory_write() + ", " + (one_in(3) ? "not told" : tell_changes());
        case 5:
            return tell_changes();
        case 6:
            return tell_snapshot();
        case 7:
        case 8:
        case 9:
        case 10:
            return room_event() + ", " + deliver();
        case 11:
            if (one_in(3))
                return (one_in(2) ? candidates_depart() : login_in_question()) + ", " + tell_changes();
            return one_in(2) ? tell_account() : deliver();
        case 12:
            return deliver();
        case 13:
        case 14:
            if (one_in(3)) {
                scene.doubt_date(
                    one_in(4) ? kNever : scene.world.now + std::chrono::minutes{static_cast<int>(roll(90))});
                return "a date in doubt";
            }
            scene.pass_time(std::chrono::minutes{static_cast<int>(roll(40))});
            return "time";
        case 15:
            return wrong_result();
        case 16:
            if (!one_in(4)) return wrong_result();
            new_policy();
            return "a new policy";
        case 17: {
            const PersonId one = scene.world.person(guid_of("person", login()));
            if (one.valid()) learn(DepartOrdered{one, !one_in(4)});
            return "an order";
        }
        case 18:
            if (homeserver.rooms.empty()) return carry_out_some();
            learn(homeserver.read(one_of(homeserver.rooms).first));
            return "a room read";
        default:
            return one_in(3) ? carry_out_some() : room_event();
    }
}

void GeneratedCompany::catch_up() {
    scene.directory.invocation = "db-last";
    scene.read();
    for (const auto& [key, room] : homeserver.rooms) learn(homeserver.read(key));
    undelivered_.clear();
}

}  // namespace rollcall::policy::test
