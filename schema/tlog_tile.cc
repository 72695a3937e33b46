#include "schema/tlog_tile.h"

#include <fmt/format.h>
#include <algorithm>
#include <cassert>
#include <optional>

#include "schema/decimal.h"

namespace rollcall::schema {
namespace {

// Nodes of tree level L·8 in a tree of `size` leaves.
std::uint64_t nodes(std::uint64_t size, unsigned tile_level) {
    const unsigned shift = tile_level * kTileHeight;
    return shift >= 64 ? 0 : size >> shift;
}

std::string index_path(std::uint64_t index) {
    std::string out = fmt::format("{:03}", index % 1000);
    while (index >= 1000) {
        index /= 1000;
        out = fmt::format("x{:03}/{}", index % 1000, out);
    }
    return out;
}

void tiles_of_level(bool entries, unsigned level, std::uint64_t before, std::uint64_t after,
                    std::vector<Tile>& out) {
    for (std::uint64_t tile = before / kTileWidth; tile * kTileWidth < after; ++tile)
        out.push_back({entries, level, tile, std::min(kTileWidth, after - tile * kTileWidth)});
}

}  // namespace

std::string Tile::path() const {
    std::string out = entries ? fmt::format("tile/entries/{}", index_path(index))
                              : fmt::format("tile/{}/{}", level, index_path(index));
    if (width < kTileWidth) out += fmt::format(".p/{}", width);
    return out;
}

std::optional<Tile> tile_from_path(std::string_view path) {
    const std::string_view whole = path;
    if (!path.starts_with("tile/")) return std::nullopt;
    path.remove_prefix(5);
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    Tile out;
    out.entries = path.substr(0, slash) == "entries";
    if (!out.entries) {
        const std::optional<std::uint64_t> level = read_decimal(path.substr(0, slash));
        if (!level || *level > 7) return std::nullopt;  // level 8 would need more than 2^64 entries
        out.level = static_cast<unsigned>(*level);
    }
    path.remove_prefix(slash + 1);
    if (const std::size_t partial = path.find(".p/"); partial != std::string_view::npos) {
        const std::optional<std::uint64_t> width = read_decimal(path.substr(partial + 3));
        if (!width || *width == 0 || *width >= kTileWidth) return std::nullopt;
        out.width = *width;
        path = path.substr(0, partial);
    }
    for (const char c : path) {
        if (c == 'x' || c == '/') continue;
        if (c < '0' || c > '9' || out.index > (~std::uint64_t{0} - 9) / 10) return std::nullopt;
        out.index = out.index * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return out.path() == whole ? std::optional(out) : std::nullopt;
}

std::vector<Tile> tiles_between(std::uint64_t old_size, std::uint64_t new_size) {
    std::vector<Tile> out;
    if (old_size == new_size) return out;
    tiles_of_level(true, 0, old_size, new_size, out);
    for (unsigned level = 0; nodes(new_size, level) > 0; ++level)
        if (nodes(old_size, level) < nodes(new_size, level))
            tiles_of_level(false, level, nodes(old_size, level), nodes(new_size, level), out);
    return out;
}

Tile tile_of(unsigned level, std::uint64_t index, std::uint64_t size) {
    const unsigned tile_level = level / kTileHeight;
    const std::uint64_t first = index << (level % kTileHeight);  // in nodes of the tile's own level
    const std::uint64_t tile = first / kTileWidth;
    return {false, tile_level, tile, std::min(kTileWidth, nodes(size, tile_level) - tile * kTileWidth)};
}

Result<TlogHash> node_in_tile(std::string_view bytes, const Tile& tile, unsigned level, std::uint64_t index) {
    if (bytes.size() != tile.width * sizeof(TlogHash))
        return fail(ErrorKind::invalid_input, fmt::format("{} has {} bytes, not {}", tile.path(),
                                                          bytes.size(), tile.width * sizeof(TlogHash)));
    const std::uint64_t count = std::uint64_t{1} << (level % kTileHeight);
    const std::uint64_t first = (index << (level % kTileHeight)) - tile.index * kTileWidth;
    if (first + count > tile.width)
        return fail(ErrorKind::invalid_input,
                    fmt::format("{} does not reach to node {} of level {}", tile.path(), index, level));
    TlogEdge subtree;
    for (std::uint64_t i = first; i < first + count; ++i) {
        TlogHash hash;
        const std::string_view at = bytes.substr(i * sizeof(TlogHash), sizeof(TlogHash));
        std::copy(at.begin(), at.end(), hash.begin());
        subtree.append(hash);
    }
    return subtree.root();
}

std::string write_bundle(std::span<const std::string> entries) {
    std::string out;
    for (const std::string& entry : entries) {
        assert(entry.size() <= kLongestEntry);
        out.push_back(static_cast<char>(entry.size() >> 8U));
        out.push_back(static_cast<char>(entry.size() & 0xffU));
        out += entry;
    }
    return out;
}

Result<std::vector<std::string>> read_bundle(std::string_view bytes, std::uint64_t width) {
    std::vector<std::string> out;
    while (!bytes.empty()) {
        const std::size_t length = bytes.size() < 2
                                       ? bytes.size()
                                       : std::size_t{static_cast<unsigned char>(bytes[0])} << 8U |
                                             static_cast<unsigned char>(bytes[1]);
        if (bytes.size() < 2 + length || out.size() == width)
            return fail(ErrorKind::invalid_input,
                        fmt::format("a bundle of entries does not end after {} of them", width));
        out.emplace_back(bytes.substr(2, length));
        bytes.remove_prefix(2 + length);
    }
    if (out.size() != width)
        return fail(ErrorKind::invalid_input,
                    fmt::format("a bundle has {} entries, not {}", out.size(), width));
    return out;
}

}  // namespace rollcall::schema
