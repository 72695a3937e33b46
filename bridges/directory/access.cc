#include "bridges/directory/access.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace rollcall::directory {
namespace {

// MS-DTYP 2.4.4.1 (types and flags), MS-ADTS 5.1.3.2 (rights).
constexpr std::uint8_t kAllowed = 0x00;
constexpr std::uint8_t kDenied = 0x01;
constexpr std::uint8_t kAllowedObject = 0x05;
constexpr std::uint8_t kDeniedObject = 0x06;
constexpr std::uint8_t kFirstConditional = 0x09;
constexpr std::uint8_t kLastConditional = 0x0c;
constexpr std::uint8_t kInheritOnly = 0x08;
constexpr std::uint32_t kReadProperty = 0x10;
constexpr std::uint32_t kControlAccess = 0x100;
constexpr std::uint32_t kGenericRead = 0x80000000;
constexpr std::uint32_t kGenericAll = 0x10000000;
constexpr std::uint32_t kObjectTypePresent = 0x1;
constexpr std::uint32_t kInheritedTypePresent = 0x2;
constexpr std::uint16_t kDaclPresent = 0x0004;

// Little-endian fields of a self-relative structure; what lies outside is no value.
class Bytes {
  public:
    explicit Bytes(std::string_view data) : data_(data) {}
    [[nodiscard]] std::optional<std::uint32_t> number(std::size_t at, std::size_t width) const {
        if (at + width > data_.size()) return std::nullopt;
        std::uint32_t value = 0;
        for (std::size_t i = width; i-- > 0;) value = value << 8U | static_cast<std::uint8_t>(data_[at + i]);
        return value;
    }
    [[nodiscard]] std::optional<Bytes> part(std::size_t at, std::size_t size) const {
        if (at > data_.size() || size > data_.size() - at) return std::nullopt;
        return Bytes(data_.substr(at, size));
    }
    [[nodiscard]] std::string_view text() const { return data_; }
    [[nodiscard]] std::size_t size() const { return data_.size(); }

  private:
    std::string_view data_;
};

enum class Says { nothing, yes, no, unclear };

bool names_reader(const Bytes& ace, std::size_t at, const std::vector<std::string>& sids) {
    const auto count = ace.number(at + 1, 1);
    const auto sid = count ? ace.part(at, 8 + 4 * std::size_t{*count}) : std::nullopt;
    return sid && std::find(sids.begin(), sids.end(), sid->text()) != sids.end();
}

// One access control entry (MS-DTYP 2.4.4). `right`: with the generic ones that bring it along.
Says entry_says(const Bytes& ace, const std::vector<std::string>& sids, const Property& property,
                std::uint32_t right) {
    const auto type = ace.number(0, 1);
    const auto flags = ace.number(1, 1);
    const auto mask = ace.number(4, 4);
    if (!type || !flags || !mask) return Says::unclear;
    const bool concerns = (*mask & right) != 0;
    if ((*flags & kInheritOnly) != 0 || !concerns) return Says::nothing;
    if (*type >= kFirstConditional && *type <= kLastConditional) return Says::unclear;
    const bool object = *type == kAllowedObject || *type == kDeniedObject;
    if (!object && *type != kAllowed && *type != kDenied) return Says::nothing;
    std::size_t sid_at = 8;
    if (object) {
        const auto present = ace.number(8, 4);
        if (!present) return Says::unclear;
        sid_at = 12;
        if ((*present & kObjectTypePresent) != 0) {
            const auto bytes = ace.part(sid_at, 16);
            if (!bytes) return Says::unclear;
            const auto guid = Guid::from_bytes(bytes->text());
            if (guid != property.attribute && guid != property.set) return Says::nothing;
            sid_at += 16;
        }
        if ((*present & kInheritedTypePresent) != 0) sid_at += 16;
    }
    if (!names_reader(ace, sid_at, sids)) return Says::nothing;
    return *type == kAllowed || *type == kAllowedObject ? Says::yes : Says::no;
}

}  // namespace

const Property& member_property() {
    static const Property property{*Guid::from_text("bf9679c0-0de6-11d0-a285-00aa003049e2"),
                                   *Guid::from_text("bc0ac240-79a9-11d0-9020-00c04fc2d4cf")};
    return property;
}

namespace {

Access decides(std::string_view descriptor, const std::vector<std::string>& sids, const Property& property,
               std::uint32_t right) {
    const Bytes bytes(descriptor);
    const auto control = bytes.number(2, 2);
    const auto offset = bytes.number(16, 4);
    if (!control || !offset || sids.empty()) return Access::unknown;
    if ((*control & kDaclPresent) == 0 || *offset == 0) return Access::unknown;  // asked for and not sent
    const std::size_t start = *offset;
    const auto size = bytes.number(start + 2, 2);
    const auto count = bytes.number(start + 4, 2);
    const auto acl = size ? bytes.part(start, *size) : std::nullopt;
    if (!acl || !count) return Access::unknown;
    std::size_t at = 8;
    for (std::uint32_t i = 0; i < *count; ++i) {  // in order: the first entry that decides, decides
        const auto ace_size = acl->number(at + 2, 2);
        const auto ace = ace_size && *ace_size >= 8 ? acl->part(at, *ace_size) : std::nullopt;
        if (!ace) return Access::unknown;
        switch (entry_says(*ace, sids, property, right)) {
            case Says::yes:
                return Access::yes;
            case Says::no:
                return Access::no;
            case Says::unclear:
                return Access::unknown;
            case Says::nothing:
                break;
        }
        at += *ace_size;
    }
    return Access::no;
}

}  // namespace

Access may_read(std::string_view descriptor, const std::vector<std::string>& sids, const Property& property) {
    const Access read = decides(descriptor, sids, property, kReadProperty | kGenericRead | kGenericAll);
    if (read != Access::yes || !property.confidential) return read;
    return decides(descriptor, sids, property, kControlAccess | kGenericAll);
}

}  // namespace rollcall::directory
