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
#include <vector>

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
using ContainerId = Id<struct ContainerTag>;
using GroupId = Id<struct GroupTag>;  // a group in a directory, or a condition compiled into one
using RoomId = Id<struct RoomTag>;    // a managed room or space

// Texts ↔ dense ids in order of first sight. Texts never move, so views of them stay good. The table holds
// ids only (open addressing, at most half full): half a million names in 4 MB instead of 28.
template <class IdType>
class Interner {
  public:
    IdType intern(std::string_view text) {
        if (2 * (texts_.size() + 1) > table_.size()) grow();
        IdType& slot = table_[place_of(text)];
        if (slot.valid()) return slot;
        texts_.emplace_back(text);
        return slot = IdType(texts_.size() - 1);
    }
    [[nodiscard]] IdType find(std::string_view text) const {
        return table_.empty() ? IdType{} : table_[place_of(text)];
    }
    [[nodiscard]] const std::string& text(IdType id) const { return texts_[id.index()]; }
    [[nodiscard]] std::size_t size() const { return texts_.size(); }
    Interner() = default;
    Interner(const Interner&) = delete;
    Interner& operator=(const Interner&) = delete;
    Interner(Interner&&) = default;
    Interner& operator=(Interner&&) = default;

  private:
    // Where the text stands, or the free place where it would.
    [[nodiscard]] std::size_t place_of(std::string_view text) const {
        const std::size_t mask = table_.size() - 1;
        std::size_t at = std::hash<std::string_view>{}(text)&mask;
        while (table_[at].valid() && texts_[table_[at].index()] != text) at = (at + 1) & mask;
        return at;
    }
    void grow() {
        table_.assign(table_.empty() ? 16 : table_.size() * 2, IdType{});
        for (std::size_t i = 0; i < texts_.size(); ++i) table_[place_of(texts_[i])] = IdType(i);
    }

    std::deque<std::string> texts_;
    std::vector<IdType> table_;  // by hash; its size is a power of two
};

}  // namespace rollcall

template <class Tag>
struct std::hash<rollcall::Id<Tag>> {
    std::size_t operator()(const rollcall::Id<Tag>& id) const noexcept { return id.value; }
};
