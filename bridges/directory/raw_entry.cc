#include "bridges/directory/raw_entry.h"

#include <algorithm>
#include <charconv>

namespace rollcall::directory {

std::string lower(std::string_view ascii) {
    std::string out(ascii);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

ExtendedName parse_extended_name(std::string_view text) {
    ExtendedName name;
    constexpr std::string_view kGuid = "<GUID=";
    while (text.starts_with('<')) {
        const auto close = text.find('>');
        if (close == std::string_view::npos) break;
        if (text.starts_with(kGuid))
            name.guid = Guid::from_text(text.substr(kGuid.size(), close - kGuid.size()));
        text.remove_prefix(close + 1);
        if (text.starts_with(';')) text.remove_prefix(1);
    }
    name.dn = text;
    return name;
}

const std::vector<std::string>& RawEntry::all(std::string_view name) const {
    static const std::vector<std::string> none;
    const auto found = values.find(name);
    return found == values.end() ? none : found->second;
}

const std::string* RawEntry::first(std::string_view name) const {
    const auto& list = all(name);
    return list.empty() ? nullptr : &list.front();
}

std::string RawEntry::text(std::string_view name) const {
    const std::string* value = first(name);
    return value == nullptr ? std::string() : *value;
}

bool RawEntry::has_value(std::string_view name, std::string_view value) const {
    const auto& list = all(name);
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& each) { return lower(each) == lower(value); });
}

std::optional<std::int64_t> RawEntry::integer(std::string_view name) const {
    const std::string* value = first(name);
    if (value == nullptr) return std::nullopt;
    std::int64_t number = 0;
    const char* const end = value->data() + value->size();
    const auto [stop, error] = std::from_chars(value->data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

}  // namespace rollcall::directory
