#include "schema/base64.h"

#include <sodium.h>

namespace rollcall::schema {

std::string to_base64(std::string_view bytes) {
    std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                      bytes.size(), sodium_base64_VARIANT_ORIGINAL);
    out.pop_back();  // libsodium ends it with a NUL
    return out;
}

Result<std::string> from_base64(std::string_view text) {
    std::string out(text.size() / 4 * 3 + 3, '\0');
    std::size_t length = 0;
    const int bad = sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                                      text.size(), nullptr, &length, nullptr, sodium_base64_VARIANT_ORIGINAL);
    out.resize(bad == 0 ? length : 0);
    // Bits that say nothing could differ: only the one text that we would have written is taken.
    if (bad != 0 || to_base64(out) != text) return fail(ErrorKind::invalid_input, "this is not base64");
    return out;
}

}  // namespace rollcall::schema
