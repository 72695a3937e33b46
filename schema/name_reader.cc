#include "schema/name_reader.h"

#include <fmt/format.h>
#include <algorithm>

#include "policy/base/guid.h"
#include "policy/base/text.h"
#include "schema/beginning.h"
#include "schema/fields.h"
#include "schema/matrix_id.h"

namespace rollcall::schema {
namespace {

constexpr std::string_view kGuid = "guid:";
constexpr std::size_t kLongestLogin = 256;
constexpr std::size_t kLongestDn = 2048;

bool guid_is_good(const Node& node, const std::string& text, const PolicyContext& context) {
    if (!text.starts_with(kGuid) || Guid::from_text(std::string_view(text).substr(kGuid.size()))) return true;
    report(context.out, node.at, fmt::format("{} is not an objectGUID", kind_name(node)),
           "write guid: and 32 digits as in guid:0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    return false;
}

bool user_id_is_good(const Node& node, const std::string& text, const PolicyContext& context) {
    if (is_user_id(text)) return true;
    const bool glob = is_user_glob(text);
    report(context.out, node.at, fmt::format("{} is not a Matrix ID", kind_name(node)),
           glob ? "globs are for outsiders only; write one user"
                : "write \"@name:server\", of at most 255 bytes");
    return false;
}

}  // namespace

std::optional<std::string> read_person(const Node& node, const PolicyContext& context) {
    auto text = read_text(node, context.out, kLongestLogin);
    if (!text || !guid_is_good(node, *text, context)) return std::nullopt;
    if (text->starts_with('@') && !user_id_is_good(node, *text, context)) return std::nullopt;
    return text;
}

std::optional<std::string> read_group(const Node& node, const PolicyContext& context) {
    auto text = read_text(node, context.out, kLongestDn);
    if (!text || !guid_is_good(node, *text, context)) return std::nullopt;
    return text;
}

std::optional<std::string> read_user_id(const Node& node, const PolicyContext& context) {
    auto text = read_text(node, context.out);
    if (!text || !user_id_is_good(node, *text, context)) return std::nullopt;
    return text;
}

bool check_key(const Entry& entry, std::string_view what, const PolicyContext& context) {
    return check_key(entry.key, entry.key_at, what, context);
}

namespace {
// Of letters that are none of a-z the German ones are spelt out; of others nothing is left.
std::string in_plain_letters(std::string text) {
    for (const auto& [letter, spelt] : {std::pair{"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"ß", "ss"}})
        for (std::size_t at = text.find(letter); at != std::string::npos; at = text.find(letter, at))
            text.replace(at, std::string_view(letter).size(), spelt);
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    return text;
}
}  // namespace

bool check_key(const std::string& key, const Position& at, std::string_view what,
               const PolicyContext& context) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    if (!key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), allowed)) return true;
    std::string instead = in_plain_letters(slug(key)).substr(0, 64);
    report(context.out, at,
           fmt::format("\"{}\" cannot be the key of {}: 1 to 64 of a-z 0-9 . _ - are allowed",
                       beginning_of(key), what),
           instead.empty() ? std::string() : fmt::format("write {}", instead));
    return false;
}

}  // namespace rollcall::schema
