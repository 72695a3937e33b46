#include "tests/sim/simulation.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "policy/compile.h"

namespace rollcall::sim {

using policy::MembershipState;

namespace {

constexpr std::size_t kMostIdleTurns = 200;    // without a message, in one moment
constexpr std::size_t kMostToConverge = 1500;  // requests, for so small a company
constexpr std::size_t kGroups = 4;

std::string group_name(std::size_t index) {
    return fmt::format("Team{}", index);
}

}  // namespace

Simulation::Simulation(Options wanted)
    : options(wanted),
      agenda(policy::test::at("2026-11-22T09:00:00Z")),
      random(wanted.seed),
      homeserver(agenda, random, kServerName, kBot),
      directory(agenda, random),
      log_(static_cast<LogLevel>(4), LogFormat::text),
      store_(wanted.store == nullptr ? memory : *wanted.store) {
    settings.server_name = kServerName;
    settings.sender = kSender;
    settings.bot = kBot;
    settings.abilities.mask = options.mask;
    settings.random = [this](std::span<unsigned char> bytes) {  // not `random`: what happens stays the same
        for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(key_random_.below(256));
    };
    homeserver.room_version = options.room_version;
    homeserver.deliver = [this](engine::Message message) { inbox_.push_back(std::move(message)); };
    directory.deliver = [this](engine::Message message) { inbox_.push_back(std::move(message)); };
    homeserver.kept = [this](const std::string& id) {
        const auto seen = store_.seen_transaction(id);
        return seen && *seen;
    };
    homeserver.announced = [this](std::uint64_t id) {
        if (&store_ == &memory) return memory.has_intent(id);
        const auto intents = store_.intents();
        return intents && std::any_of(intents->begin(), intents->end(),
                                      [id](const store::StoredIntent& intent) { return intent.id == id; });
    };
    directory.content.group("Staff");
}

Simulation::~Simulation() = default;

// ---------------------------------------------------------------- the process

void Simulation::start() {
    const auto compile = [this](const store::StoredPolicy& stored,
                                policy::World& world) -> Result<std::shared_ptr<const policy::Program>> {
        policy::Compiled compiled =
            policy::compile(versions_.at(stored.version), world, stored.pins, stored.version);
        if (compiled.program) return compiled.program;
        return fail(ErrorKind::invalid_input, compiled.diagnostics.front().text());
    };
    engine_ = std::make_unique<engine::Engine>(store_, homeserver, directory, log_, settings);
    idle_turns_ = 0;
    ++process_;
    const Status started = engine_->start(agenda.moment(), compile);
    if (!started) noticed_.push_back("start: " + started.error().text());
    homeserver.process_started();
    directory.process_started(engine_->world().cursor);
}

void Simulation::stop() {
    engine_.reset();
    inbox_.clear();
    homeserver.process_ended();
    directory.process_ended();
    memory.restarted();
    if (options.restarted) options.restarted();
}

void Simulation::step() {
    if (!running()) {
        agenda.advance(agenda.now() + Duration{random.below(3000)});
        return start();
    }
    if (inbox_.empty() && engine_->wake() > agenda.tick()) {
        const Time next = std::min(agenda.next(), agenda.time_of(engine_->wake()));
        agenda.advance(next == kNever ? agenda.now() + std::chrono::hours{1} : next);
    }
    if (running() && (!inbox_.empty() || engine_->wake() <= agenda.tick())) turn();
}

void Simulation::turn() {
    const std::size_t sent = homeserver.sent;
    const bool silent = inbox_.empty() && agenda.now() - last_turn_ < std::chrono::seconds{1};
    last_turn_ = agenda.now();
    static_cast<void>(turns++);
    try {
        status_ = engine_->turn(std::exchange(inbox_, {}), agenda.moment());
    } catch (const Crash&) {
        return stop();
    }
    if (!status_) return stop();
    idle_turns_ = silent && homeserver.sent == sent ? idle_turns_ + 1 : 0;
    if (idle_turns_ == kMostIdleTurns) noticed_.push_back("the engine spins");
    if (idle_turns_ >= kMostIdleTurns) agenda.advance(agenda.now() + std::chrono::seconds{1});
    if (after_turn) after_turn();
}

void Simulation::run_for(Duration time) {
    const Time end = agenda.now() + time;
    agenda.after(time, [] {});
    while (agenda.now() < end) step();
}

void Simulation::run_until(const std::function<bool()>& done, Duration at_most) {
    const Time end = agenda.now() + at_most;
    agenda.after(at_most, [] {});
    while (agenda.now() < end && !(running() && done())) step();
}

bool Simulation::command(std::function<void(engine::Engine&)> run, bool reads_only) {
    while (!running()) step();
    const auto answered = std::make_shared<bool>(false);
    const std::size_t process = process_;
    inbox_.push_back(engine::Command{[run = std::move(run), answered](engine::Engine& engine) {
                                         run(engine);
                                         return std::function<void()>([answered] { *answered = true; });
                                     },
                                     reads_only});
    for (int i = 0; i < 100'000 && !*answered && running() && process == process_; ++i) step();
    return *answered;
}

// ---------------------------------------------------------------- the company

void Simulation::found_company() {
    if (options.seed % 2 == 0) policy.policy.guards.grace = std::chrono::seconds{10};
    for (std::size_t i = 0; i < kGroups; ++i) directory.content.group(group_name(i));
    directory.content.join(group_name(0), group_name(kGroups - 1));  // nested
    for (std::size_t i = 0; i < options.people; ++i) {
        const std::string login = fmt::format("p{}", ++next_login_);
        directory.content.person(login, {"Staff"});
        for (std::size_t g = 0; g < kGroups; ++g)
            if (random.chance(35)) directory.content.join(group_name(g), login);
        if (random.chance(85))
            homeserver.add_account(id_of(login));
        else
            without_account.insert(login);
    }
    rules.push_back({.key = "company", .space = true, .members = "employees"});
    for (std::size_t i = 0; i < options.rooms; ++i) {
        Rule rule{.key = fmt::format("room{}", i), .members = group_name(i % kGroups)};
        if (random.chance(20)) rule.members = "employees";
        if (random.chance(60)) rule.owners = group_name(random.below(kGroups));
        if (random.chance(30)) rule.except = group_name(random.below(kGroups));
        if (random.chance(50)) rule.parent = "company";
        rule.invite_only = random.chance(15);
        rule.everyone_invites = random.chance(50);
        rules.push_back(std::move(rule));
    }
}

void Simulation::apply() {
    run_until([this] { return engine_->world().directory_read; }, std::chrono::hours{1});
    const std::string version = fmt::format("v{}", versions_.size() + 1);
    policy::PolicyFile& file = policy.policy;
    file.rooms.clear();
    file.outsiders.clear();
    file.services = services;
    for (const Rule& rule : rules) {
        std::string members = rule.members == "employees" ? "employees" : "group " + rule.members;
        if (!rule.except.empty()) members += " except group " + rule.except;
        const std::string owners = rule.owners.empty() ? "" : "group " + rule.owners;
        policy::RoomText& room = policy.room(rule.key, members, owners);
        room.space = rule.space;
        if (!rule.parent.empty()) room.parent = policy::Text{rule.parent, {}};
        for (const std::string& key : rule.formerly) room.formerly.push_back({key, {"test.yaml", 1, 1}});
        if (rule.invite_only) room.admission = policy::Admission::invite;
        if (rule.rejoin) room.leaving = policy::Leaving::rejoin;
        if (rule.everyone_invites) room.who_invites = policy::WhoInvites::everyone;
        if (rule.key == "room0") room.outsiders = policy::Outsiders::approved;
    }
    if (std::any_of(rules.begin(), rules.end(), [](const Rule& rule) { return rule.key == "room0"; }) &&
        directory.content.people.contains("p1"))
        policy.approval("friend", kFriend, {"room0"}, "p1", policy::test::at("2030-01-01T00:00:00Z"));
    versions_[version] = file;
    std::string errors;
    const bool done = command([&, version](engine::Engine& engine) {
        policy::Compiled compiled =
            policy::compile(versions_.at(version), engine.world(),
                            engine.policy() ? engine.policy()->pins : policy::Pins{}, version);
        if (compiled.program)
            engine.apply({compiled.program, {{"test.yaml", version}}, {0, -1, "tester"}, "a test"});
        else
            for (const Diagnostic& diagnostic : compiled.diagnostics) errors += diagnostic.text() + "\n";
    });
    if (done && !errors.empty()) noticed_.push_back("apply: " + errors);
}

std::string Simulation::room_id(const std::string& key) const {
    for (const auto& [id, room] : homeserver.rooms)
        if (room.name == key && !room.marker.empty() && !room.direct &&
            homeserver.membership(id, kBot) != policy::MembershipState::leave)
            return id;
    return {};
}

bool Simulation::in_group(const std::string& group, const std::string& login) const {
    std::set<Guid> reached{directory.content.people.at(login).guid};
    for (bool more = true; more;) {
        more = false;
        for (const auto& [name, entry] : directory.content.groups)
            if (!entry.deleted && !reached.contains(entry.guid) &&
                std::any_of(entry.members.begin(), entry.members.end(),
                            [&](const Guid& member) { return reached.contains(member); }))
                reached.insert(entry.guid), more = true;
    }
    return reached.contains(directory.content.groups.at(group).guid);
}

bool Simulation::employee(const std::string& login) const {
    const auto at = directory.content.people.find(login);
    if (at == directory.content.people.end()) return false;
    return !at->second.deleted && at->second.account_control == 512U && in_group("Staff", login);
}

bool Simulation::owns(const Rule& rule, const std::string& login) const {
    if (!employee(login) || rule.owners.empty() || !in_group(rule.owners, login)) return false;
    return rule.except.empty() || !in_group(rule.except, login);
}

bool Simulation::belongs(const Rule& rule, const std::string& login) const {
    if (!employee(login)) return false;
    if (!rule.except.empty() && in_group(rule.except, login)) return false;
    return rule.members == "employees" || in_group(rule.members, login) || owns(rule, login);
}

// ---------------------------------------------------------------- what happens

std::string Simulation::some_login() {
    return fmt::format("p{}", random.between(1, next_login_));
}

std::string Simulation::some_room() {
    std::vector<std::string> ids;  // nobody can join what the bot has left as the last one
    for (const auto& [id, room] : homeserver.rooms)
        if (!room.direct && !room.marker.empty() && homeserver.membership(id, kBot) == MembershipState::join)
            ids.push_back(id);
    return ids.empty() ? "" : random.pick(ids);
}

void Simulation::somebody_in_the_directory() {
    const std::string login = some_login();
    const std::string group = group_name(random.below(kGroups));
    const policy::PersonEntry& person = directory.content.people.at(login);
    const bool known = running() && engine_->world().person(person.guid).valid();
    switch (random.below(8)) {
        case 0: {
            const std::string fresh = fmt::format("p{}", ++next_login_);
            if (random.chance(80))
                homeserver.add_account(id_of(fresh));
            else
                without_account.insert(fresh);
            directory.hire(fresh, {"Staff", group});
            break;
        }
        case 1:
            if (person.deleted) break;
            if (known) departed.insert(login);
            directory.disable(login, true);
            break;
        case 2:
            if (person.deleted) break;
            departed.erase(login);
            directory.disable(login, false);
            break;
        case 3:
            if (person.deleted || login == "p1" || random.chance(60)) break;
            if (known) departed.insert(login);
            directory.erase(login);
            break;
        case 4:
        case 5:
            if (!person.deleted) directory.join(group, login);
            break;
        case 6:
            directory.leave(group, login);
            break;
        case 7:
            directory.hide_members(group, random.chance(40));
            break;
    }
}

// The daemon asks once which rooms a departed person is in, so who is known to have departed makes no new
// ones.
bool Simulation::may_meet(const std::string& user) const {
    if (!running() || !homeserver.accounts.contains(user)) return false;
    const std::string login = user.substr(1, user.find(':') - 1);
    return employee(login) && !engine_->world().departing.contains(engine_->world().users.find(user));
}

void Simulation::somebody_in_a_room() {
    const std::string room = some_room();
    if (room.empty()) return;
    const std::string one = id_of(some_login()), two = id_of(some_login());
    const std::string outsider = fmt::format("@guest{}:elsewhere.example", random.between(1, 3));
    switch (random.below(11)) {
        case 0:
        case 1:
            if (homeserver.invite(room, one, outsider)) ++invited_[{one, outsider}];
            break;
        case 2:
            homeserver.join(room, outsider);
            break;
        case 3:
            homeserver.leave(room, one);
            break;
        case 4:
            homeserver.kick(room, one, two);
            break;
        case 5:
            if (!homeserver.unban(room, one, two) && random.chance(30)) homeserver.ban(room, one, two);
            break;
        case 6:
            homeserver.rename_self(room, one);
            break;
        case 7:
            homeserver.set_state(room, one, policy::NameContent{fmt::format("renamed{}", next_login_)});
            break;
        case 8:
            if (random.chance(50))
                homeserver.force_state(room, policy::JoinRules{"public", {}});
            else
                homeserver.force_state(room, policy::TopicContent{"a topic that nobody wanted"});
            break;
        case 9: {
            const policy::RoomEvent* held = homeserver.state(room, "m.room.power_levels");
            policy::PowerLevels levels = std::get<policy::PowerLevels>(held->content);
            levels.users[one] = random.chance(50) ? 100 : 50;
            homeserver.force_state(room, levels);
            break;
        }
        case 10:
            if (may_meet(one) && may_meet(two)) {
                const std::string own = homeserver.make_room(one, "private");
                homeserver.invite(own, one, two);
            }
            break;
    }
}

void Simulation::something_happens() {
    switch (random.below(12)) {
        case 0:
            homeserver.down = random.chance(60);
            break;
        case 1:
            memory.fault = random.chance(30) ? MemoryStore::Fault::disk_full : MemoryStore::Fault::none;
            break;
        case 2:
            if (random.chance(20)) memory.fault = MemoryStore::Fault::fsync;
            break;
        case 3:
            if (without_account.empty()) break;
            if (const std::string login = *without_account.begin(); employee(login)) {
                homeserver.add_account(id_of(login));
                without_account.erase(login);
            }
            break;
        case 4:
        case 5:
        case 6:
        case 7:
            somebody_in_the_directory();
            break;
        default:
            somebody_in_a_room();
            break;
    }
}

void Simulation::trouble(std::size_t facts, unsigned crash_percent) {
    homeserver.faults = {3, 3, 3, 4, 2000, 2, 5, 3, 4};
    homeserver.patience = std::chrono::seconds{3};
    directory.faults = {30, 10, 10, 10};
    for (std::size_t i = 0; i < facts; ++i) {
        something_happens();
        if (random.chance(crash_percent) && running()) stop();
        homeserver.create_takes = Duration{random.chance(15) ? random.below(15'000) : 0};
        run_for(Duration{random.below(random.chance(10) ? 60'000 : 400)});
        if (memory.fault == MemoryStore::Fault::fsync && !running()) memory.fault = MemoryStore::Fault::none;
    }
}

void Simulation::converge() {
    const std::size_t sent = homeserver.sent;
    homeserver.faults = {};
    homeserver.create_takes = Duration{0};
    homeserver.down = false;
    directory.faults = {};
    memory.fault = MemoryStore::Fault::none;
    for (const auto& [name, group] : directory.content.groups)
        if (!group.members_known) directory.hide_members(name, false);
    run_for(std::chrono::seconds{30});
    directory.request_sweep();
    for (int round = 0; round < 6; ++round) {
        run_for(std::chrono::minutes{70});
        std::vector<std::string> holds;
        for (const policy::Hold& hold : engine_->guards().holds()) holds.push_back(hold.id);
        if (holds.empty() && round >= 5) break;
        for (const std::string& id : holds)
            command([id](engine::Engine& engine) {
                static_cast<void>(engine.answer(true, id, {0, -1, "tester"}, "a test"));
            });
        run_for(std::chrono::minutes{20});
    }
    if (homeserver.sent - sent > kMostToConverge)
        noticed_.push_back(fmt::format("{} requests until all was well", homeserver.sent - sent));
}

}  // namespace rollcall::sim
