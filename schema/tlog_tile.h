// Tiles: how the tree and its entries lie in files, so that any program that knows the form can read them.
//
//     tile/<L>/<N>[.p/<W>]        256 hashes (or W of them): the nodes of level 8·L from N·256 on
//     tile/entries/<N>[.p/<W>]    the entries below tile N of level 0, each with its length in two bytes
//     before it
//
// N is written in groups of three digits, all but the last with an `x` before it: 1234067 is x001/x234/067. A
// full tile never changes; the last one of a level may be partial, and is not hashed into the level above
// until it is full. Levels between those in files are hashed from the tile below.
//
// Values; any thread. Source: C2SP tlog-tiles.
#pragma once

#include <optional>
#include <span>

#include "schema/tlog_hash.h"

namespace rollcall::schema {

inline constexpr unsigned kTileHeight = 8;
inline constexpr std::uint64_t kTileWidth = 256;
inline constexpr std::size_t kLongestEntry = 65'535;

struct Tile {
    bool entries = false;  // a bundle of entries; level is 0 then
    unsigned level = 0;    // L: its hashes are nodes of tree level L·8
    std::uint64_t index = 0;
    std::uint64_t width = kTileWidth;  // 1…256
    auto operator<=>(const Tile&) const = default;
    [[nodiscard]] std::string path() const;
};
// nullopt for any text that path() would not have written.
[[nodiscard]] std::optional<Tile> tile_from_path(std::string_view path);

// The tiles that a tree of new_size has and one of old_size has not, bundles before hashes, lower levels
// before higher ones.
[[nodiscard]] std::vector<Tile> tiles_between(std::uint64_t old_size, std::uint64_t new_size);

// Of the tree of `size` leaves, the tile in which the node (tree level, index) is found or hashed from.
[[nodiscard]] Tile tile_of(unsigned level, std::uint64_t index, std::uint64_t size);
// That node, from the bytes of that tile. invalid_input where the bytes are not the tile's width in hashes.
[[nodiscard]] Result<TlogHash> node_in_tile(std::string_view bytes, const Tile& tile, unsigned level,
                                            std::uint64_t index);

// Entries of at most kLongestEntry bytes each, at most 256.
[[nodiscard]] std::string write_bundle(std::span<const std::string> entries);
// invalid_input unless the bytes are exactly `width` entries.
[[nodiscard]] Result<std::vector<std::string>> read_bundle(std::string_view bytes, std::uint64_t width);

}  // namespace rollcall::schema
