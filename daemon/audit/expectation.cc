#include "daemon/audit/expectation.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <utility>

namespace rollcall::audit {
namespace {

using json::Value;
using schema::TrailAnchor;

constexpr std::int64_t kVersion = 1;
constexpr std::array<std::string_view, 5> kMembers{"anchors", "checkpoint", "key", "origin", "v"};

Status only_known(const Value& value) {
    if (!value.is_object()) return fail(ErrorKind::invalid_input, "it is no JSON object");
    for (const auto& [name, member] : *value.object())
        if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end())
            return fail(ErrorKind::invalid_input,
                        fmt::format("nothing is called \"{}\" in such a file", name));
    if (value["v"].integer_or(0) != kVersion)
        return fail(ErrorKind::invalid_input, fmt::format("\"v\" is not {}", kVersion));
    return {};
}

Result<TrailAnchor> read_expected(const Value& value) {
    const std::string name = value["name"].text();
    Result<TrailAnchor> anchor = schema::read_trail_anchor(value);
    if (anchor && !name.empty() && !anchor->kind.empty() && !anchor->place.empty()) return anchor;
    return fail(ErrorKind::invalid_input,
                fmt::format("the anchor \"{}\" needs a name, a kind and a place, and has nothing but these, "
                            "key, room, heads and newest",
                            name));
}

}  // namespace

std::string write_expectation(const Expectation& expectation) {
    std::string out = "{\n\"anchors\": [";
    for (const TrailAnchor& anchor : expectation.anchors)
        out += (out.ends_with('[') ? "\n" : ",\n") + json::write(to_json(anchor));
    out += "\n],\n";
    for (const auto& [name, text] : {std::pair("checkpoint", &expectation.checkpoint),
                                     {"key", &expectation.key},
                                     {"origin", &expectation.origin}})
        if (!text->empty()) out += fmt::format("\"{}\": {},\n", name, json::write(Value(*text)));
    return out + fmt::format("\"v\": {}\n}}\n", kVersion);
}

Result<Expectation> read_expectation(std::string_view text) {
    const Result<Value> value = json::parse(text);
    if (!value) return pass(value);
    if (Status known = only_known(*value); !known) return pass(known);
    Expectation out;
    for (const auto& [name, into] :
         {std::pair("checkpoint", &out.checkpoint), {"key", &out.key}, {"origin", &out.origin}}) {
        const Value& member = (*value)[name];
        if (!member.is_null() && member.string() == nullptr)
            return fail(ErrorKind::invalid_input, fmt::format("\"{}\" is no text", name));
        *into = member.text();
    }
    const Value& anchors = (*value)["anchors"];
    if (anchors.is_null()) return out;
    if (anchors.array() == nullptr) return fail(ErrorKind::invalid_input, "\"anchors\" is no list");
    for (const Value& one : *anchors.array()) {
        Result<TrailAnchor> anchor = read_expected(one);
        if (!anchor) return pass(anchor);
        out.anchors.push_back(std::move(*anchor));
    }
    return out;
}

}  // namespace rollcall::audit
