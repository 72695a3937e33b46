#include "policy/base/dn.h"

namespace rollcall {

Dn DnPool::dn(std::string_view text) {
    std::size_t comma = text.find(',');  // RFC 4514: one that a backslash precedes belongs to the name
    while (comma != std::string_view::npos && comma > 0 && text[comma - 1] == '\\')
        comma = text.find(',', comma + 1);
    Dn out;
    out.own_ = ShortText(text.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    std::shared_ptr<const std::string>& container = known_[std::string(text.substr(comma))];
    if (!container) container = std::make_shared<const std::string>(text.substr(comma));
    out.container_ = container;
    return out;
}

}  // namespace rollcall
