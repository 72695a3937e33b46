#include "bridges/directory/certificate.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdint>

namespace rollcall::directory {
namespace {

constexpr std::uint8_t kInteger = 0x02, kUtcTime = 0x17, kGeneralizedTime = 0x18, kSequence = 0x30,
                       kVersion = 0xa0;

// One element of DER (X.690) after another.
class Elements {
  public:
    explicit Elements(std::string_view bytes) : rest_(bytes) {}
    // The tag of the next one; 0 at the end.
    [[nodiscard]] std::uint8_t tag() const {
        return rest_.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(rest_.front());
    }
    // What is in the next one, which is passed over.
    std::optional<std::string_view> take() {
        constexpr std::uint8_t kLong = 0x80;
        if (rest_.size() < 2) return std::nullopt;
        std::size_t size = static_cast<std::uint8_t>(rest_[1]), begin = 2;
        if (size >= kLong) {
            const std::size_t width = size - kLong;
            if (width == 0 || width > 4 || rest_.size() < begin + width) return std::nullopt;
            size = 0;
            for (std::size_t i = 0; i < width; ++i)
                size = size << 8U | static_cast<std::uint8_t>(rest_[begin++]);
        }
        if (size > rest_.size() - begin) return std::nullopt;
        const std::string_view inside = rest_.substr(begin, size);
        rest_.remove_prefix(begin + size);
        return inside;
    }
    // The same, of one that must have that tag.
    std::optional<std::string_view> take(std::uint8_t wanted) {
        return tag() == wanted ? take() : std::nullopt;
    }

  private:
    std::string_view rest_;
};

// "261122025006Z", and from 2050 on "20501122025006Z".
std::optional<Time> date_of(std::uint8_t tag, std::string_view text) {
    if (tag == kGeneralizedTime) return parse_generalized_time(text);
    if (tag != kUtcTime) return std::nullopt;
    return parse_generalized_time((text < "50" ? "20" : "19") + std::string(text));
}

}  // namespace

std::optional<Validity> validity_of(std::string_view der) {
    const auto certificate = Elements(der).take(kSequence);
    const auto signed_part = certificate ? Elements(*certificate).take(kSequence) : std::nullopt;
    if (!signed_part) return std::nullopt;
    Elements fields(*signed_part);
    if (fields.tag() == kVersion) (void)fields.take();
    // Serial number, the signature's algorithm, who issued it.
    if (!fields.take(kInteger) || !fields.take(kSequence) || !fields.take(kSequence)) return std::nullopt;
    const auto validity = fields.take(kSequence);
    if (!validity) return std::nullopt;
    Elements times(*validity);
    std::optional<Time> found[2];
    for (std::optional<Time>& time : found) {
        const std::uint8_t tag = times.tag();
        const auto text = times.take();
        if (text) time = date_of(tag, *text);
        if (!time) return std::nullopt;
    }
    return Validity{*found[0], *found[1]};
}

Error not_believed(std::string_view url, std::string_view host, std::string_view authorities,
                   const std::optional<Validity>& validity, Time now) {
    if (validity && now < validity->from)
        return {
            ErrorKind::refused,
            fmt::format("this machine's clock says {}, and the certificate of {} is valid from {} on",
                        to_rfc3339(now), url, to_rfc3339(validity->from)),
            "set this machine's clock if it is wrong; if it is right, the certificate was made by one that "
            "was ahead"};
    if (validity && validity->until < now)
        return {ErrorKind::refused,
                fmt::format("the certificate of {} has ended at {}, and this machine's clock says {}", url,
                            to_rfc3339(validity->until), to_rfc3339(now)),
                "renew it on that server, or set this machine's clock if it is wrong"};
    return {ErrorKind::refused,
            fmt::format("the certificate of {} is not signed by an authority in {}, or does not name {}", url,
                        authorities, host),
            "put the authority's certificate into ca_file, and write the server as its certificate names it"};
}

}  // namespace rollcall::directory
