// plan, apply and check: the files as they are now, against the world as it is now. apply puts in force
// exactly the plan that was shown, or nothing: it is told the hash of what was shown and plans again.
#include <fmt/format.h>
#include <sodium.h>
#include <algorithm>
#include <map>
#include <set>

#include "daemon/control/answer.h"
#include "daemon/control/auditor.h"
#include "daemon/control/commands.h"
#include "daemon/control/hidden.h"
#include "daemon/control/kept_back.h"
#include "daemon/control/people_remarks.h"
#include "daemon/control/plan_warnings.h"
#include "daemon/control/policy_files.h"
#include "daemon/control/room_remarks.h"
#include "daemon/control/seen.h"
#include "policy/doubts.h"
#include "policy/explain.h"
#include "policy/policy_change.h"

namespace rollcall::control {
namespace {

// A plan of the files: what would be done if they were applied, and what guards would hold of it.
struct Drafted {
    PolicyLoaded loaded;
    std::unique_ptr<policy::Decider> decider;
    std::vector<policy::RoomRename> renames;
    std::vector<policy::PlanLine> lines;
    policy::GuardMemory memory;  // rejections end where the policy changes
    std::vector<policy::Hold> holds;
    std::vector<std::string> holds_changed;  // what becomes of those of the policy in force
    std::string hash;
    json::Value room_trouble;  // what keeps rooms from being as the policy wants them
    json::Value stays;         // who must be out, and cannot be taken out
    std::vector<Seen> not_kept;
    std::vector<TakenAddress> taken;
    json::Value out_by_hand;
    [[nodiscard]] bool rejected(const policy::PlanLine& line) const {
        return policy::answers(memory.rejected, {line.kind, line.room, line.user},
                               line.user.empty() ? policy::kNoBasis : line.basis);
    }
};

std::string hash_of(const Drafted& draft) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    const auto feed = [&state](const std::string& text) {
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    };
    feed(draft.loaded.program->version);
    for (const policy::RoomRename& one : draft.renames)
        feed(fmt::format("\nrenamed {} {}", one.from, one.to));
    // What is stopped is another plan than the same actions carried out at once.
    std::map<policy::ActionKey, std::string> held;
    for (const policy::Hold& hold : draft.holds)
        for (const policy::ActionKey& key : hold.actions)
            held[key] += fmt::format("\theld by {} {}", policy::to_text(hold.guard), hold.room);
    for (const policy::PlanLine& line : draft.lines) {
        const auto stopped = held.find({line.kind, line.room, line.user});
        feed(fmt::format("\n{}\t{}\t{}\t{}{}{}", line.room, policy::to_text(line.kind), line.user, line.power,
                         draft.rejected(line) ? "\trejected" : "",
                         stopped == held.end() ? "" : stopped->second));
    }
    for (const TakenAddress& taken : draft.taken)
        feed(fmt::format("\naddress {} leads to {}", taken.address, taken.leads_to));
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state, digest);
    std::string out;
    for (int i = 0; i < 16; ++i) out += fmt::format("{:02x}", digest[i]);
    return out;
}

// Can the command be answered from what is known? If not: an error, or nothing yet (a read was asked for).
Result<bool> directory_ready(const Context& context, const policy::Program* program) {
    engine::Engine& engine = context.engine;
    const policy::World& world = engine.world();
    const policy::DirectoryStatus& status = engine.directory_status();
    if (engine.settings().one_shot && !engine.fresh()) {
        if (status.health != policy::DirectoryHealth::up)
            return fail(ErrorKind::unavailable, status.text,
                        "a plan needs one complete read of the directory");
        if (engine.reach().away())
            return fail(ErrorKind::unavailable, "the homeserver cannot be used: " + engine.reach().trouble(),
                        "`rollcall check --online` says what is to be mended");
        return false;
    }
    std::vector<std::string> missing;
    if (program != nullptr)
        for (const std::string& attribute : program->attributes)
            if (attribute != "samaccountname" && !world.attributes_read.contains(attribute))
                missing.push_back(attribute);
    if (world.directory_read && missing.empty()) return true;
    if (status.health != policy::DirectoryHealth::up)
        return fail(ErrorKind::unavailable,
                    status.text.empty() ? "the directory cannot be read" : status.text,
                    "a plan needs one complete read; `rollcall status` shows when the directory is back");
    if (!world.frozen.empty() && !world.directory_read)
        return fail(ErrorKind::unavailable, world.frozen,
                    "repair the directory, or what hides part of it from the bind account");
    if (!missing.empty()) {
        std::vector<std::string> wanted(world.attributes_read.begin(), world.attributes_read.end());
        wanted.insert(wanted.end(), missing.begin(), missing.end());
        // The canaries stay those of the policy in force: what was not applied changes nothing.
        engine.directory().want(std::move(wanted), engine.decider() == nullptr
                                                       ? std::vector<policy::Canary>{}
                                                       : engine.decider()->program().canaries);
        engine.directory().request_sweep();
    }
    return false;
}

// Addresses are asked for again after two seconds (Addresses): so long somebody waits who would read that the
// homeserver answers, and that it gave no answer about one of them.
constexpr Duration kAskedTwice = std::chrono::seconds{3};

bool any_unseen(const engine::Engine& engine, const std::vector<std::string>& addresses) {
    return std::any_of(addresses.begin(), addresses.end(), [&engine](const std::string& address) {
        const engine::Addresses::Seen* seen = engine.addresses().at(address);
        return seen != nullptr && !seen->said;
    });
}

// nullopt: wait for the directory, or for what the homeserver says of addresses.
Result<std::optional<Drafted>> draft(const Context& context, Diagnostics& diagnostics) {
    engine::Engine& engine = context.engine;
    if (engine.addresses().asking() && !engine.reach().away()) return std::optional<Drafted>{};
    const Result<bool> read = directory_ready(context, nullptr);
    if (!read) return pass(read);
    if (!*read) return std::optional<Drafted>{};
    if (!context.policy->texts) return pass(context.policy->texts);
    Drafted out;
    out.loaded = load_policy(*context.policy->texts, context.policy->read, engine.world(),
                             engine.policy() ? engine.policy()->pins : policy::Pins{});
    diagnostics = out.loaded.diagnostics;
    if (!out.loaded.program)
        return fail(ErrorKind::invalid_input, "the policy has errors; the one in force stays in force",
                    "correct them and try again");
    const Result<bool> attributes = directory_ready(context, out.loaded.program.get());
    if (!attributes) return pass(attributes);
    if (!*attributes) return std::optional<Drafted>{};
    out.renames = policy::room_renames(engine.world(), *out.loaded.program);
    if (const Status settled = none_is_being_made(engine, *out.loaded.program); !settled)
        return pass(settled);
    out.decider = std::make_unique<policy::Decider>(engine.world(), out.loaded.program, true);
    std::vector<std::string> addresses = addresses_to_claim(*out.decider);
    if (const std::string& admins = engine.settings().admin_room; admins.starts_with('#'))
        addresses.push_back(admins);
    if (!engine.addresses_looked_at(addresses)) return std::optional<Drafted>{};
    if (!engine.reach().away() && context.waited < kAskedTwice && any_unseen(engine, addresses))
        return std::optional<Drafted>{};
    for (Diagnostic& warning : plan_warnings(engine, *out.decider)) {
        out.loaded.diagnostics.push_back(warning);
        diagnostics.push_back(std::move(warning));
    }
    out.taken = taken_addresses(engine, *out.decider);
    out.lines = policy::whole_plan(*out.decider, engine.settings().abilities);
    policy::Backlog backlog;
    backlog.reset(*out.decider, engine.settings().abilities);
    backlog.refresh(*out.decider, engine.settings().abilities, engine.world().users.size());
    policy::GuardState guards;
    out.memory = engine.memory();
    if (!engine.policy() || engine.policy()->version != out.loaded.program->version)
        out.memory.rejected.clear();
    for (const policy::RoomRename& one : out.renames) policy::rename_room(out.memory, one.from, one.to);
    guards.evaluate(*out.decider, backlog, out.memory);
    out.holds = guards.holds();
    out.holds_changed = holds_changed(engine, *out.decider, out.renames, guards);
    out.hash = hash_of(out);
    out.room_trouble = rooms_in_trouble(engine, *out.decider, backlog);
    out.stays = who_stays(engine, *out.decider, backlog);
    out.not_kept = not_kept(engine, *out.decider, backlog);
    out.out_by_hand = out_by_hand(*out.decider, backlog);
    return std::optional<Drafted>(std::move(out));
}

// What the policy changes of the one in force, beside who moves.
json::Value policy_changes_json(engine::Engine& engine, const policy::Program& next,
                                const std::vector<policy::RoomRename>& renames) {
    const policy::Decider* decider = engine.decider();
    json::Value out{json::Array{}};
    for (const policy::PolicyChange& one :
         policy::policy_changes(decider == nullptr ? nullptr : &decider->program(), next, renames)) {
        json::Value row;
        row.set("path", one.path);
        row.set("room", one.room);
        row.set("before", one.before);
        row.set("after", one.after);
        if (!one.renamed_from.empty()) row.set("renamed_from", one.renamed_from);
        row.set("at", one.at.line > 0 ? one.at.file_line() : "");
        row.set("danger", one.danger);
        // What is meant to be another room is.
        row.set("hint", wants_another_key(engine, one.former) ? "" : one.hint);
        out.push(std::move(row));
    }
    return out;
}

// Also of a room that the policy lets go of.
bool exists(const policy::Decider& decider, const std::string& key) {
    const policy::World& world = decider.world();
    const int index = decider.program().room_index(key);
    const auto known = world.room_by_key.find(key);
    const RoomId id = index >= 0 ? decider.world_room(static_cast<std::uint32_t>(index))
                      : known != world.room_by_key.end() ? known->second
                                                         : RoomId{};
    return id.valid() && !world.rooms[id.index()].id.empty();
}

json::Value plan_json(const Context& context, const Drafted& draft) {
    const policy::Program& program = *draft.loaded.program;
    std::map<policy::ActionKey, std::string> held;
    for (const policy::Hold& hold : draft.holds)
        for (const policy::ActionKey& key : hold.actions) held.emplace(key, hold.id);
    json::Value plan, rooms{json::Array{}}, elsewhere{json::Array{}}, holds{json::Array{}},
        conflicts{json::Array{}}, counts{json::Object{}};
    std::map<std::string, std::int64_t> count;
    std::int64_t actions = 0;
    const bool in_force = context.engine.policy() && context.engine.policy()->version == program.version;
    std::map<std::string, json::Value> by_room;
    for (const policy::PlanLine& line : draft.lines) {
        const bool rejected = draft.rejected(line);
        if (!rejected) ++actions, ++count[std::string(policy::to_text(line.kind))];
        const auto hold = held.find({line.kind, line.room, line.user});
        json::Value row = to_json(*draft.decider, line, hold == held.end() ? "" : hold->second, rejected);
        if (in_force && line.user_id.valid() && line.kind == policy::ActionKind::remove)
            if (std::string after = after_sponsor(context.engine, line.user_id,
                                                  {line.room_index, line.kind, line.lane, line.basis, 0});
                !after.empty())
                row.set("after", std::move(after));
        if (line.room.empty())
            elsewhere.push(std::move(row));
        else
            by_room[line.room].push(std::move(row));
    }
    for (auto& [key, lines] : by_room) {
        json::Value room;
        const policy::CompiledRoom* spec = program.room(key);
        room.set("key", key);
        room.set("name", spec == nullptr ? "" : spec->name);
        room.set("space", spec != nullptr && spec->space);
        room.set("exists", exists(*draft.decider, key));
        room.set("lines", std::move(lines));
        rooms.push(std::move(room));
    }
    for (const policy::Hold& hold : draft.holds) {
        json::Value row = to_json(hold, draft.memory.held_since);
        row.set("cause", frozen_words(context.engine, hold.cause));
        holds.push(std::move(row));
    }
    for (const policy::IdentityConflict& conflict : draft.decider->conflicts()) conflicts.push(conflict.text);
    for (const auto& [kind, n] : count) counts.set(kind, n);
    plan.set("version", program.version);
    plan.set("in_force", in_force);
    plan.set("hash", draft.hash);
    plan.set("actions", actions);
    plan.set("policy_changes", policy_changes_json(context.engine, program, draft.renames));
    plan.set("rooms", std::move(rooms));
    plan.set("elsewhere", std::move(elsewhere));
    plan.set("holds", std::move(holds));
    json::Value holds_changed{json::Array{}};
    for (const std::string& text : draft.holds_changed) holds_changed.push(text);
    plan.set("holds_changed", std::move(holds_changed));
    plan.set("rejected", rejections_json(draft.memory.rejected));
    plan.set("diagnostics", to_json(told(*context.policy, draft.loaded.diagnostics)));
    plan.set("conflicts", std::move(conflicts));
    plan.set("counts", std::move(counts));
    plan.set("room_trouble", draft.room_trouble);
    plan.set("stays", draft.stays);
    plan.set("out_by_hand", draft.out_by_hand);
    if (in_force) plan.set("grace", who_waits(context.engine));
    plan.set("unseen", unseen(what_was_seen(context)));
    plan.set("pause_text", paused_text(context.engine));
    return plan;
}

}  // namespace

Answer plan(const Context& context) {
    Diagnostics diagnostics;
    const bool ways = context.engine.ways_looked_at(context.waited);
    const bool looked = context.engine.directory_looked_at(context.waited) && ways;
    const auto drafted = draft(context, diagnostics);
    if (!drafted) return error(drafted.error(), told(*context.policy, diagnostics));
    if (!*drafted || !looked) return std::nullopt;
    return ok(plan_json(context, **drafted));
}

namespace {

// As the caller's git says; what is no commit is not recorded.
std::optional<schema::TrailCheckout> checkout_of(const json::Value& said) {
    constexpr std::size_t kLongestSigner = 200;
    schema::TrailCheckout out{said["commit"].text(), said["changed"].boolean_or(false),
                              said["signature"].text(), said["signer"].text()};
    const bool hex = out.commit.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hex || (out.commit.size() != 40 && out.commit.size() != 64) || out.signature.size() > 1)
        return std::nullopt;
    if (out.signer.size() > kLongestSigner) out.signer.clear();
    return out;
}

}  // namespace

Answer apply(const Context& context) {
    Diagnostics diagnostics;
    auto drafted = draft(context, diagnostics);
    if (!drafted) return error(drafted.error(), told(*context.policy, diagnostics));
    if (!*drafted) return std::nullopt;
    Drafted& now = **drafted;
    const std::string shown = context.args["plan"].text();
    if (shown != now.hash) {
        json::Value answer = error(Error{ErrorKind::conflict,
                                         "the plan is not the one that was shown: the files, the directory "
                                         "or the rooms have changed since",
                                         "look at the new plan and apply that"});
        answer.set("result", plan_json(context, now));
        return answer;
    }
    json::Value result, holds{json::Array{}};
    for (const policy::Hold& hold : now.holds) holds.push(to_json(hold, now.memory.held_since));
    const bool held = !holds.array()->empty();
    result.set("version", now.loaded.program->version);
    std::int64_t done_now = 0, held_back = 0;
    std::set<policy::ActionKey> stopped;
    for (const policy::Hold& hold : now.holds) stopped.insert(hold.actions.begin(), hold.actions.end());
    for (const policy::PlanLine& line : now.lines)
        if (!now.rejected(line))
            ++(stopped.contains({line.kind, line.room, line.user}) ? held_back : done_now);
    result.set("applied", done_now);
    result.set("paused", pause_stops(context.engine, false));
    result.set("held", held_back);
    result.set("holds", std::move(holds));
    context.engine.apply({now.loaded.program, now.loaded.texts, context.caller, context.args["reason"].text(),
                          checkout_of(context.args["checkout"])});
    return ok(std::move(result), held ? 4 : 0);
}

namespace {

// How long `check` waits for servers that say nothing, before that is what it says of them.
constexpr Duration kCheckWaits = std::chrono::seconds{15};

// Of the servers alone, where no plan can be made: why not stands in a line of its own.
json::Value only_seen(std::vector<Seen> seen) {
    json::Value result;
    for (const char* list : {"diagnostics", "besides", "unreachable", "conflicts"})
        result.set(list, json::Value{json::Array{}});
    result.set("seen", to_json(seen));
    return ok(std::move(result), 1);
}

void count_matches(const policy::Decider& decider, json::Value& result) {
    const policy::World& world = decider.world();
    const policy::Program& program = decider.program();
    json::Value besides{json::Array{}}, unreachable{json::Array{}};
    std::vector<std::int64_t> not_employees(program.rooms.size(), 0), members(program.rooms.size(), 0);
    std::vector<bool> perhaps(program.rooms.size(), false);  // of somebody it is not known
    for (std::size_t i = 0; i < world.people.size(); ++i) {
        const PersonId person(i);
        // Whoever may be an employee is none "besides": that cannot be known is said elsewhere.
        const policy::Tri employee = decider.employee(person);
        if (decider.departed(person) != policy::Tri::no || !world.people[i].present) continue;
        for (std::size_t r = 0; r < program.rooms.size(); ++r) {
            const policy::Tri matches = decider.evaluate(person, program.rooms[r].members);
            if (employee != policy::Tri::unknown && matches == policy::Tri::yes)
                ++(employee == policy::Tri::yes ? members : not_employees)[r];
            else if (employee != policy::Tri::no && matches != policy::Tri::no)
                perhaps[r] = true;
        }
    }
    for (std::size_t r = 0; r < program.rooms.size(); ++r) {
        if (not_employees[r] > 0) {
            json::Value row;
            row.set("room", program.rooms[r].key);
            row.set("people", not_employees[r]);
            besides.push(std::move(row));
        }
        if (members[r] == 0 && !perhaps[r]) unreachable.push(program.rooms[r].key);
    }
    result.set("besides", std::move(besides));
    result.set("unreachable", std::move(unreachable));
}

}  // namespace

Answer check(const Context& context) {
    Diagnostics diagnostics;
    const bool lately = context.engine.ways_looked_at(context.waited, context.args["anew"].boolean_or(false));
    const bool directory = context.engine.directory_looked_at(context.waited);
    const auto drafted = draft(context, diagnostics);
    // What was asked for this plan may have met no answer: whether the homeserver is away is being asked, and
    // that it was there a moment before says nothing then.
    const bool looked = lately && !context.engine.reach().in_doubt();
    // Without a daemon each server has a time-out of its own, and a complete read takes what it takes.
    const bool enough = !context.engine.settings().one_shot && context.waited >= kCheckWaits;
    if (!enough && (!looked || !directory)) return std::nullopt;
    std::vector<Seen> seen = every_way(context);
    if (std::optional<Seen> kept = departures_seen(context.engine)) seen.push_back(std::move(*kept));
    if (!looked && seen.front().ok) {
        seen.front() = {"homeserver", false,
                        fmt::format("{} (homeserver.url) has not answered what it was asked {} ago",
                                    context.config.homeserver.url,
                                    duration_text(std::chrono::ceil<std::chrono::seconds>(context.waited)))};
        std::erase_if(seen, [](const Seen& one) { return one.what == "requests"; });  // that is the cause
        for (Seen& one : seen)  // what was seen of it before is not seen now
            if (one.what == "mask registration" || one.what == "events")
                one = {one.what, false, "not known: the homeserver has not answered"};
    }
    if (!drafted && drafted.error().kind != ErrorKind::unavailable) {  // the files are wrong; the servers?
        json::Value answer = error(drafted.error(), told(*context.policy, diagnostics)), result;
        result.set("seen", to_json(seen));
        answer.set("result", std::move(result));
        return answer;
    }
    if (!drafted || (!*drafted && enough)) return only_seen(std::move(seen));
    if (!*drafted) return std::nullopt;
    if (std::optional<Seen> admins = admin_room_seen(context.engine, seen))
        seen.push_back(std::move(*admins));
    if (const std::string paused = paused_text(context.engine); !paused.empty())
        seen.push_back({"pause", false, paused});
    if (seen.front().ok)  // else that is said instead
        for (const Seen& one : (*drafted)->not_kept) seen.push_back(one);
    const policy::Decider& decider = *(*drafted)->decider;
    json::Value result, conflicts{json::Array{}};
    for (const policy::IdentityConflict& conflict : decider.conflicts()) conflicts.push(conflict.text);
    for (Diagnostic& doubt : policy::doubtful_conditions(decider)) diagnostics.push_back(std::move(doubt));
    if (const Status auditors = auditors_are_known(context); !auditors)
        diagnostics.push_back({Position{"auditors.group", 0, 0}, auditors.error().message,
                               auditors.error().hint, Severity::warning});
    result.set("diagnostics", to_json(told(*context.policy, diagnostics)));
    result.set("unreadable_people", unreadable_people_json(context.engine.world()));
    count_matches(decider, result);
    result.set("conflicts", std::move(conflicts));
    result.set("seen", to_json(seen));
    const bool all = std::all_of(seen.begin(), seen.end(), [](const Seen& one) { return one.ok; });
    return ok(std::move(result), all ? 0 : 1);
}

}  // namespace rollcall::control
