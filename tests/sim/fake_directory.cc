#include "tests/sim/fake_directory.h"

#include <algorithm>
#include <utility>

namespace rollcall::sim {

namespace {
constexpr Duration kTellsTimeEvery = std::chrono::minutes{5};

// Controllers write such times in whole seconds.
Time in_seconds(Time time) {
    return std::chrono::time_point_cast<Duration>(std::chrono::floor<std::chrono::seconds>(time));
}
}  // namespace

void FakeDirectory::want(std::vector<std::string> attributes, std::vector<policy::Canary> looked_for) {
    canaries = std::move(looked_for);
    if (std::find(attributes.begin(), attributes.end(), "samaccountname") == attributes.end())
        attributes.emplace_back("samaccountname");
    const bool more = std::any_of(attributes.begin(), attributes.end(), [this](const std::string& name) {
        return std::find(attributes_.begin(), attributes_.end(), name) == attributes_.end();
    });
    attributes_ = std::move(attributes);
    if (more) request_sweep();
}

policy::Evidence FakeDirectory::evidence() const {
    return {"corp", "ldaps://dc1.corp.example", content.usn, "DC=corp,DC=example", agenda_.now()};
}

policy::DirectorySnapshot FakeDirectory::snapshot() const {
    policy::DirectorySnapshot out{evidence(), content.invocation, attributes_, {}, {}};
    for (const auto& [login, entry] : content.people)
        if (!entry.deleted) {
            out.people.push_back(entry);
            out.people.back().written = {};  // of what has changed only
        }
    for (const auto& [name, entry] : content.groups)
        if (!entry.deleted) out.groups.push_back(entry);
    for (const auto& [name, entry] : content.containers) out.containers.push_back(entry);
    return out;
}

void FakeDirectory::tell_time() {
    if (tells_time)
        deliver(policy::ClockReading{"the domain controller", agenda_.now() + clock_ahead, agenda_.tick()});
}

void FakeDirectory::tell_time_again() {
    agenda_.after(kTellsTimeEvery, [this, process = process_] {
        if (process != process_ || !running_) return;
        tell_time();
        tell_time_again();
    });
}

void FakeDirectory::request_sweep() {
    if (!running_ || sweeping_) return;
    sweeping_ = true;
    agenda_.after(latency, [this, process = process_] {
        if (process != process_ || !running_) return;
        // The read takes a while: what is written meanwhile comes before it, and is newer.
        ++sweeps;
        policy::DirectorySnapshot read = snapshot();
        const bool nobody = random_.chance(faults.empty_read);
        const bool nothing = random_.chance(faults.unreachable);
        const bool partial = random_.chance(faults.partial);
        if (nobody) read.people.clear();
        if (partial) thin_out(read);
        read.put_back = put_back_;
        agenda_.after(latency,
                      [this, process, nothing, again = nobody || partial, read = std::move(read)]() mutable {
                          if (process != process_ || !running_) return;
                          sweeping_ = false;
                          policy::DirectoryStatus status;
                          status.directory = "corp";
                          status.server = read.evidence.server;
                          if (nothing) {
                              status.health = policy::DirectoryHealth::unreachable;
                              status.text = "the domain controller does not answer";
                          }
                          status.current = !nothing;
                          if (!nothing) {
                              tell_time();
                              put_back_ = false;
                              deliver(std::move(read));
                          }
                          tell(std::move(status));
                          // The bridge tries again by itself.
                          if (nothing || again)
                              agenda_.after(std::chrono::seconds{30}, [this, process] {
                                  if (process == process_) request_sweep();
                              });
                      });
    });
}

// What a read that went wrong in silence brings: the groups whole, of the people every other one.
void FakeDirectory::thin_out(policy::DirectorySnapshot& read) const {
    bool other = false;
    std::erase_if(read.people, [&](const policy::PersonEntry& entry) {
        return (other = !other) && std::none_of(canaries.begin(), canaries.end(), [&](const auto& canary) {
                   return canary.guid == entry.guid;
               });
    });
}

void FakeDirectory::become(policy::test::Directory state, const std::string& invocation) {
    put_back_ = invocation == content.invocation && state.usn < content.usn;
    content = std::move(state);
    content.invocation = invocation;
    request_sweep();
}

void FakeDirectory::process_started(const policy::World::Cursor& cursor) {
    ++process_;
    running_ = true;
    sweeping_ = false;
    told_.reset();
    tell_time_again();
    put_back_ = cursor.invocation_id == content.invocation && cursor.usn > content.usn;
    if (put_back_ || cursor.invocation_id != content.invocation) return request_sweep();
    drain(cursor.usn);
    agenda_.after(latency, [this, process = process_] {
        if (process != process_ || !running_) return;
        policy::DirectoryStatus status;
        status.directory = "corp";
        status.current = true;
        tell_time();
        tell(std::move(status));
        request_sweep();  // as after each connection
    });
}

// As the bridge, only what is new.
void FakeDirectory::tell(policy::DirectoryStatus status) {
    if (told_ && told_->health == status.health && told_->text == status.text &&
        told_->current == status.current)
        return;
    told_ = status;
    deliver(std::move(status));
}

// Everything written since, as the bridge reads it after a restart.
void FakeDirectory::drain(std::uint64_t after) {
    std::vector<std::string> names;
    for (const auto& [login, entry] : content.people)
        if (entry.usn > after) names.push_back(login);
    for (const auto& [name, entry] : content.groups)
        if (entry.usn > after) names.push_back(name);
    touched(std::move(names));
}

void FakeDirectory::touched(std::vector<std::string> names) {
    if (!running_) return;
    agenda_.after(latency, [this, names = std::move(names), process = process_] {
        if (process != process_ || !running_) return;
        policy::DirectoryChanges changes = content.changes(names, !random_.chance(faults.unverified));
        changes.evidence = evidence();
        changes.attributes = attributes_;
        tell_time();
        deliver(std::move(changes));
    });
}

void FakeDirectory::hire(const std::string& login, const std::vector<std::string>& groups) {
    content.person(login, groups);
    touched(login);
    for (const std::string& group : groups) touched(group);
}

void FakeDirectory::disable(const std::string& login, bool disabled) {
    content.people.at(login).account_control = disabled ? 514U : 512U;
    if (tells_when) content.people.at(login).written.account_control = in_seconds(agenda_.now());
    content.wrote(login);
    touched(login);
}

void FakeDirectory::rename(const std::string& login, const std::string& to, bool disabled) {
    content.people.at(login).login = to;
    if (disabled) return disable(login, true);
    content.wrote(login);
    touched(login);
}

void FakeDirectory::erase(const std::string& login) {
    const Guid guid = content.people.at(login).guid;
    for (auto& [name, group] : content.groups)
        if (std::erase(group.members, guid) > 0) content.wrote(name), touched(name);
    content.people.at(login).deleted = true;
    if (tells_when) content.people.at(login).written.deleted = in_seconds(agenda_.now());
    content.wrote(login);
    touched(login);
}

void FakeDirectory::join(const std::string& group, const std::string& member) {
    content.join(group, member);
    touched(group);
}

void FakeDirectory::leave(const std::string& group, const std::string& member) {
    content.leave(group, member);
    touched(group);
}

void FakeDirectory::hide_members(const std::string& group, bool hidden) {
    content.groups.at(group).members_known = !hidden;
    content.wrote(group);
    touched(group);
}

}  // namespace rollcall::sim
