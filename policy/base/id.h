// Strong ids: a dense 32-bit index with a type of its own, and the interner that hands them out.
#pragma once

#include <cassert>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rollcall {

// An index into one table. It never leaves the process: what is stored, sorted or shown is the text or GUID
// behind it.
template <class Tag>
struct Id {
    static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t value = kNone;
    constexpr Id() = default;
    constexpr explicit Id(std::size_t index) : value(static_cast<std::uint32_t>(index)) {}
    [[nodiscard]] constexpr bool valid() const { return value != kNone; }
    [[nodiscard]] constexpr std::size_t index() const { return value; }
    constexpr auto operator<=>(const Id&) const = default;
};

using UserId = Id<struct UserTag>;      // a Matrix user
using PersonId = Id<struct PersonTag>;  // an account in a directory
using GroupId = Id<struct GroupTag>;    // a group in a directory, or a condition compiled into one
using RoomId = Id<struct RoomTag>;      // a managed room or space

// Texts ↔ dense ids in order of first sight. Texts never move, so views of them stay good.
template <class IdType>
class Interner {
  public:
    IdType intern(std::string_view text) {
        if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
        texts_.emplace_back(text);
        const IdType id(texts_.size() - 1);
        ids_.emplace(std::string_view(texts_.back()), id);
        return id;
    }
    [[nodiscard]] IdType find(std::string_view text) const {
        const auto found = ids_.find(text);
        return found == ids_.end() ? IdType{} : found->second;
    }
    [[nodiscard]] const std::string& text(IdType id) const { return texts_[id.index()]; }
    [[nodiscard]] std::size_t size() const { return texts_.size(); }
    Interner() = default;
    Interner(const Interner&) = delete;
    Interner& operator=(const Interner&) = delete;
    Interner(Interner&&) = default;
    Interner& operator=(Interner&&) = default;

  private:
    std::deque<std::string> texts_;
    std::unordered_map<std::string_view, IdType> ids_;
};

}  // namespace rollcall

template <class Tag>
struct std::hash<rollcall::Id<Tag>> {
    std::size_t operator()(const rollcall::Id<Tag>& id) const noexcept { return id.value; }
};
