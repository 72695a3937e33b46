// Why a certificate was not taken, as far as the certificate itself tells. It may be anybody's: nothing but
// what people read comes of it. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/base/result.h"
#include "policy/base/time.h"

namespace rollcall::directory {

struct Validity {
    Time from{}, until{};
};

// When an X.509 certificate in DER (RFC 5280, 4.1.2.5) is valid; nothing where it cannot be read.
[[nodiscard]] std::optional<Validity> validity_of(std::string_view der);

// `now`: this machine's clock, by which it was judged.
[[nodiscard]] Error not_believed(std::string_view url, std::string_view host, std::string_view authorities,
                                 const std::optional<Validity>& validity, Time now);

}  // namespace rollcall::directory
