#include "schema/room_reader.h"

#include <fmt/format.h>

#include "policy/choices.h"
#include "schema/expression_reader.h"
#include "schema/fields.h"
#include "schema/matrix_id.h"
#include "schema/name_reader.h"

namespace rollcall::schema {
namespace {

using namespace policy;

constexpr std::size_t kLongestKey = 64;
constexpr std::size_t kMostFormerKeys = 20;  // of one room

class RoomReader {
  public:
    explicit RoomReader(const PolicyContext& context) : context_(context), out_(context.out) {}

    RoomText read(const Entry& entry, bool space) {
        RoomText room;
        room.at = entry.key_at;
        room.key = entry.key;
        room.space = space;
        Fields fields(entry.value, space ? "a space" : "a room", out_);
        names(fields, room);
        people(fields, room);
        choose(fields.take("admission"), kAdmission, room.admission);
        choose(fields.take("history"), kHistory, room.history);
        choose(fields.take("outsiders"), kOutsiders, room.outsiders);
        choose(fields.take("who_invites"), kWhoInvites, room.who_invites);
        choose(fields.take("leaving"), kLeaving, room.leaving);
        if (!space) choose(fields.take("who_posts"), kWhoPosts, room.who_posts);
        for (const char* key : {"adopt", "avatar", "encryption", "room_version", "federate"})
            fields.not_yet(key);
        fields.finish();
        return room;
    }

  private:
    void names(Fields& fields, RoomText& room) {
        if (const Node* name = fields.need("name", "write what people shall read in their list of rooms")) {
            room.name_at = name->at;
            fields.text(name, room.name, kLongestName);
        }
        text(fields.take("alias"), kLongestId, room.alias);
        if (room.alias && !alias_is_good(room.alias->value)) {
            report(out_, room.alias->at,
                   fmt::format("\"{}\" is not the local part of an alias", room.alias->value),
                   "write the part between # and the colon: engineering");
        }
        text(fields.take("topic"), kLongestTopic, room.topic);
        text(fields.take("space"), kLongestKey, room.parent);
        if (const Node* formerly = fields.take("formerly")) former_keys(*formerly, room);
    }

    // One, or a list of them.
    void former_keys(const Node& node, RoomText& room) {
        if (node.kind == Node::Kind::scalar) return former_key(node, room);
        for (const Node& item : read_list(node, out_, kMostFormerKeys)) former_key(item, room);
    }

    void former_key(const Node& node, RoomText& room) {
        auto key = read_text(node, out_, kLongestKey);
        if (key && check_key(*key, node.at, room.space ? "a space" : "a room", context_))
            room.formerly.push_back({std::move(*key), node.at});
    }

    [[nodiscard]] bool alias_is_good(const std::string& alias) const {
        return is_alias_localpart(alias) && alias.size() + context_.server_name.size() + 2 <= kLongestId;
    }

    void people(Fields& fields, RoomText& room) {
        const std::string path = (room.space ? "spaces." : "rooms.") + room.key;
        if (const Node* members = fields.need("members", "write employees, nobody or {group: …}"))
            room.members = read_expression(*members, path + ".members", context_);
        const Node* const owners = fields.take("owners");
        if (owners != nullptr) room.owners = read_expression(*owners, path + ".owners", context_);
        if (owners != nullptr && room.members && room.members->word == Expression::Word::nobody)
            report(out_, owners->at, "owners of a room that has no members",
                   "say who the members are, or take the owners out", Severity::warning);
    }

    void text(const Node* node, std::size_t longest, std::optional<Text>& into) {
        if (node == nullptr) return;
        if (auto value = read_text(*node, out_, longest)) into = Text{std::move(*value), node->at};
    }

    template <class Enum, std::size_t N>
    void choose(const Node* node, const std::array<Choice<Enum>, N>& choices, std::optional<Enum>& into) {
        if (node != nullptr) into = read_choice(*node, choices, out_);
    }

    const PolicyContext& context_;
    Diagnostics& out_;
};

}  // namespace

RoomText read_room(const Entry& entry, bool space, const PolicyContext& context) {
    (void)check_key(entry, space ? "a space" : "a room", context);
    return RoomReader(context).read(entry, space);
}

}  // namespace rollcall::schema
