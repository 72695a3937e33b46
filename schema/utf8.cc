#include "schema/utf8.h"

namespace rollcall::schema {
namespace {

using Byte = unsigned char;

// Length of the sequence that starts with `lead`, and the range of its second byte (RFC 3629, section 4); 0:
// no lead.
struct Lead {
    std::size_t length;
    Byte low;
    Byte high;
};

Lead lead_of(Byte lead) {
    if (lead < 0x80) return {1, 0, 0};
    if (lead < 0xc2 || lead > 0xf4) return {0, 0, 0};
    if (lead < 0xe0) return {2, 0x80, 0xbf};
    if (lead < 0xf0)
        return {3, static_cast<Byte>(lead == 0xe0 ? 0xa0 : 0x80),
                static_cast<Byte>(lead == 0xed ? 0x9f : 0xbf)};
    return {4, static_cast<Byte>(lead == 0xf0 ? 0x90 : 0x80), static_cast<Byte>(lead == 0xf4 ? 0x8f : 0xbf)};
}

}  // namespace

std::size_t first_bad_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<Byte>(text[i]); };
    for (std::size_t at = 0; at < text.size();) {
        const Lead lead = lead_of(byte(at));
        if (lead.length == 0 || at + lead.length > text.size()) return at;
        if (lead.length > 1 && (byte(at + 1) < lead.low || byte(at + 1) > lead.high)) return at;
        for (std::size_t i = 2; i < lead.length; ++i)
            if ((byte(at + i) & 0xc0U) != 0x80) return at;
        at += lead.length;
    }
    return std::string_view::npos;
}

}  // namespace rollcall::schema
