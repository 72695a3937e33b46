#include "daemon/store/room_state_text.h"

#include <utility>

#include "schema/json.h"

namespace rollcall::store {
namespace {

using json::Value;
using Levels = std::map<std::string, std::int64_t>;

Value list(const std::vector<std::string>& texts) {
    return json::Array(texts.begin(), texts.end());
}

std::vector<std::string> read_list(const Value& value) {
    std::vector<std::string> texts;
    if (const json::Array* array = value.array())
        for (const Value& text : *array) texts.push_back(text.text());
    return texts;
}

Value write_levels(const Levels& levels) {
    return json::Object(levels.begin(), levels.end());
}

Levels read_levels(const Value& value) {
    Levels levels;
    if (const json::Object* object = value.object())
        for (const auto& [name, level] : *object)
            levels.emplace_hint(levels.end(), name, level.integer_or(0));
    return levels;
}

constexpr std::pair<const char*, std::int64_t policy::PowerLevels::*> kLevels[] = {
    {"users_default", &policy::PowerLevels::users_default},
    {"events_default", &policy::PowerLevels::events_default},
    {"state_default", &policy::PowerLevels::state_default},
    {"ban", &policy::PowerLevels::ban},
    {"kick", &policy::PowerLevels::kick},
    {"redact", &policy::PowerLevels::redact},
    {"invite", &policy::PowerLevels::invite},
};

Value write_power(const policy::PowerLevels& power) {
    Value value;
    for (const auto& [name, level] : kLevels) value.set(name, power.*level);
    return value.set("users", write_levels(power.users)).set("events", write_levels(power.events));
}

policy::PowerLevels read_power(const Value& value) {
    policy::PowerLevels power;
    for (const auto& [name, level] : kLevels) power.*level = value[name].integer_or(power.*level);
    power.users = read_levels(value["users"]);
    power.events = read_levels(value["events"]);
    return power;
}

constexpr std::pair<const char*, ShortText policy::RoomState::*> kTexts[] = {
    {"name", &policy::RoomState::name},
    {"topic", &policy::RoomState::topic},
    {"alias", &policy::RoomState::alias},
    {"history", &policy::RoomState::history},
    {"guest_access", &policy::RoomState::guest_access},
    {"tombstone", &policy::RoomState::tombstone},
};

}  // namespace

std::string write_room_state(const policy::RoomState& state) {
    Value value;
    for (const auto& [name, text] : kTexts) value.set(name, (state.*text).view());
    if (state.create)
        value.set("create", Value{}
                                .set("version", state.create->version)
                                .set("space", state.create->space)
                                .set("creators", list(state.create->creators))
                                .set("intent", state.create->intent));
    if (state.power) value.set("power", write_power(state.power_levels()));
    if (state.join_rules)
        value.set(
            "join_rules",
            Value{}.set("rule", state.join_rules->rule).set("allow", list(state.join_rules->allow_rooms)));
    if (state.acl)
        value.set("acl", Value{}
                             .set("allow", list(state.acl->allow))
                             .set("deny", list(state.acl->deny))
                             .set("ip_literals", state.acl->allow_ip_literals));
    return json::write(value);
}

Status read_room_state(std::string_view text, policy::RoomState& state) {
    const Result<Value> value = json::parse(text);
    if (!value) return pass(value);
    for (const auto& [name, member] : kTexts) state.*member = (*value)[name].text();
    if (const Value& create = (*value)["create"]; !create.is_null())
        state.create = policy::CreateContent{create["version"].text(), create["space"].boolean_or(false),
                                             read_list(create["creators"]), create["intent"].text()};
    if (const Value& power = (*value)["power"]; !power.is_null()) state.set_power(read_power(power));
    if (const Value& rules = (*value)["join_rules"]; !rules.is_null())
        state.join_rules = policy::JoinRules{rules["rule"].text(), read_list(rules["allow"])};
    if (const Value& acl = (*value)["acl"]; !acl.is_null())
        state.acl = policy::ServerAcl{read_list(acl["allow"]), read_list(acl["deny"]),
                                      acl["ip_literals"].boolean_or(true)};
    return {};
}

}  // namespace rollcall::store
