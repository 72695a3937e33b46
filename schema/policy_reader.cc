#include "schema/policy_reader.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <optional>

#include "schema/fields.h"
#include "schema/guard_reader.h"
#include "schema/guest_reader.h"
#include "schema/people_reader.h"
#include "schema/policy_context.h"
#include "schema/policy_references.h"
#include "schema/room_reader.h"
#include "schema/yaml_document.h"

namespace rollcall::schema {
namespace {

enum class Unmanaged { ignore, report };
constexpr std::array<Choice<Unmanaged>, 2> kUnmanaged{
    {{"ignore", Unmanaged::ignore}, {"report", Unmanaged::report}}};

class PolicyReader {
  public:
    explicit PolicyReader(const PolicyContext& context) : context_(context), out_(context.out) {}

    void file(const Node& root) {
        Fields fields(root, "a policy", out_);
        if (const Node* node = once(fields, root, "people")) policy_.people = read_people(*node, context_);
        if (const Node* node = fields.take("protected"))
            read_protected(*node, policy_.protected_ids, context_);
        for (const Entry& entry : entries(fields.take("services"), "services"))
            if (fresh(services_, entry)) policy_.services.push_back(read_service(entry, context_));
        for (const Entry& entry : entries(fields.take("spaces"), "spaces")) add_room(spaces_, entry, true);
        for (const Entry& entry : entries(fields.take("rooms"), "rooms")) add_room(rooms_, entry, false);
        fields.not_yet("for_each", "write the rooms out under rooms");
        for (const Entry& entry : entries(fields.take("outsiders"), "outsiders"))
            if (fresh(approvals_, entry)) policy_.outsiders.push_back(read_approval(entry, context_));
        if (const Node* node = once(fields, root, "guards")) policy_.guards = read_guards(*node, context_);
        if (const Node* node = once(fields, root, "unmanaged_rooms"))
            if (read_choice(*node, kUnmanaged, out_) == Unmanaged::report)
                report_not_yet(out_, node->at, "unmanaged_rooms: report", "write ignore");
        fields.finish();
    }

    policy::PolicyFile finish(const std::vector<PolicyText>& files, bool every_file_read) {
        policy_.rooms = std::move(spaces_);
        std::move(rooms_.begin(), rooms_.end(), std::back_inserter(policy_.rooms));
        if (!once_.contains("people") && every_file_read)
            report(out_, {files.empty() ? std::string("policy") : files.front().file, 0, 0},
                   "no file says who is an employee", "write people: with matrix_id and employees");
        check_references(policy_, context_);
        return std::move(policy_);
    }

  private:
    // A key that one file of the policy may have.
    const Node* once(Fields& fields, const Node& root, const char* key) {
        const Node* const node = fields.take(key);
        for (const Entry& entry : root.entries) {
            if (entry.key != key) continue;
            const auto [first, is_first] = once_.emplace(key, entry.key_at);
            if (is_first) return node;
            report(out_, entry.key_at, fmt::format("\"{}\" is given twice", key),
                   fmt::format("keep one of them; the first is {}", first->second.text()));
        }
        return nullptr;
    }

    const std::vector<Entry>& entries(const Node* node, std::string_view what) {
        static const std::vector<Entry> kNone;
        if (node == nullptr) return kNone;
        if (node->kind != Node::Kind::mapping)
            report(out_, node->at,
                   fmt::format("{} must be a mapping from keys, found {}", what, kind_name(*node)),
                   "write a key and, below it, indented, what it is");
        return node->entries;
    }

    bool fresh(std::map<std::string, Position, std::less<>>& seen, const Entry& entry) {
        const auto [first, is_first] = seen.emplace(entry.key, entry.key_at);
        if (!is_first)
            report(out_, entry.key_at, fmt::format("the key \"{}\" is taken", entry.key),
                   fmt::format("the first is {}", first->second.text()));
        return is_first;
    }

    // Rooms and spaces share their keys: each is an alias, and lists of rooms name both.
    void add_room(std::vector<policy::RoomText>& into, const Entry& entry, bool space) {
        if (!fresh(keys_, entry)) return;
        if (keys_.size() == kMostRooms + 1)
            report(out_, entry.key_at, fmt::format("more than {} rooms and spaces", kMostRooms));
        if (keys_.size() <= kMostRooms) into.push_back(read_room(entry, space, context_));
    }

    const PolicyContext& context_;
    Diagnostics& out_;
    policy::PolicyFile policy_;
    std::vector<policy::RoomText> spaces_;
    std::vector<policy::RoomText> rooms_;
    std::map<std::string, Position, std::less<>> once_;
    std::map<std::string, Position, std::less<>> services_;
    std::map<std::string, Position, std::less<>> approvals_;
    std::map<std::string, Position, std::less<>> keys_;
};

}  // namespace

PolicyRead read_policy(const std::vector<PolicyText>& files, const PolicySurroundings& surroundings) {
    PolicyRead read;
    std::map<std::string, Result<policy::Pattern>> patterns;
    const PolicyContext context{read.diagnostics, patterns, surroundings.directory, surroundings.server_name,
                                surroundings.time_zone};
    PolicyReader reader(context);
    bool every_file_read = true;
    for (const PolicyText& file : files) {
        if (const auto root = read_yaml(file.text, file.file, read.diagnostics))
            reader.file(*root);
        else
            every_file_read = false;
    }
    read.policy = reader.finish(files, every_file_read);
    std::stable_sort(read.diagnostics.begin(), read.diagnostics.end(),
                     [](const Diagnostic& a, const Diagnostic& b) { return a.at < b.at; });
    return read;
}

}  // namespace rollcall::schema
