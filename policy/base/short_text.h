// ShortText: a text that stays as it is for long, in 16 bytes. Up to 15 bytes stand in it (a login name),
// more in one allocation of just their length: of a million texts that are never appended to, std::string's
// capacity and doubling are a third of the memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace rollcall {

class ShortText {
  public:
    ShortText() = default;
    ShortText(std::string_view text) { set(text); }
    ShortText(const std::string& text) { set(text); }
    ShortText(const char* text) { set(text); }
    ShortText(const ShortText& other) { set(other.view()); }
    ShortText(ShortText&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    ShortText& operator=(const ShortText& other) { return *this = ShortText(other); }
    ShortText& operator=(ShortText&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~ShortText() {
        if (elsewhere()) delete[] pointer();
    }
    [[nodiscard]] std::string_view view() const {
        if (!elsewhere()) return {bytes_.data(), static_cast<unsigned char>(bytes_[kHere])};
        std::uint32_t size = 0;
        std::memcpy(&size, bytes_.data() + sizeof(char*), sizeof size);
        return {pointer(), size};
    }
    operator std::string_view() const { return view(); }
    [[nodiscard]] std::string text() const { return std::string(view()); }
    [[nodiscard]] bool empty() const { return view().empty(); }
    bool operator==(const ShortText& other) const { return view() == other.view(); }
    bool operator==(std::string_view other) const { return view() == other; }
    bool operator==(const std::string& other) const { return view() == other; }
    bool operator==(const char* other) const { return view() == other; }

  private:
    static constexpr std::size_t kHere = 15;
    static constexpr char kElsewhere = 0x7f;  // in the last byte, which is the length otherwise
    [[nodiscard]] bool elsewhere() const { return bytes_[kHere] == kElsewhere; }
    [[nodiscard]] char* pointer() const {
        char* to = nullptr;
        std::memcpy(&to, bytes_.data(), sizeof to);
        return to;
    }
    void set(std::string_view text) {  // of an empty one
        if (text.size() <= kHere) {
            std::copy(text.begin(), text.end(), bytes_.begin());
            bytes_[kHere] = static_cast<char>(text.size());
            return;
        }
        char* const to = new char[text.size()];
        std::memcpy(to, text.data(), text.size());
        const auto size = static_cast<std::uint32_t>(text.size());
        std::memcpy(bytes_.data(), &to, sizeof to);
        std::memcpy(bytes_.data() + sizeof to, &size, sizeof size);
        bytes_[kHere] = kElsewhere;
    }

    std::array<char, 16> bytes_{};
};

}  // namespace rollcall
