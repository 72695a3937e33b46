// schema/tlog_*: the tree, its proofs and its tiles, against the vectors that other logs use and against a
// naive reading of RFC 6962.
#include <gtest/gtest.h>
#include <sodium.h>
#include <map>

#include "schema/tlog_proof.h"
#include "schema/tlog_tile.h"

namespace rollcall::schema {
namespace {

std::string hex(const TlogHash& hash) {
    std::string out(65, '\0');
    sodium_bin2hex(out.data(), out.size(), hash.data(), hash.size());
    out.pop_back();
    return out;
}
std::vector<std::string> hex(const TlogPath& path) {
    std::vector<std::string> out;
    for (const TlogHash& hash : path) out.push_back(hex(hash));
    return out;
}

// The eight entries that Certificate Transparency's tests use, and their roots.
const std::vector<std::string> kEntries = {
    "",
    std::string(1, '\0'),
    "\x10",
    "\x20\x21",
    "\x30\x31",
    "\x40\x41\x42\x43",
    "\x50\x51\x52\x53\x54\x55\x56\x57",
    "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
const std::vector<std::string> kRoots = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                         "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

// A tree of which every perfect subtree is kept, and the RFC's definition beside it.
class Tree {
  public:
    explicit Tree(std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) add(i < kEntries.size() ? kEntries[i] : std::to_string(i));
    }
    void add(const std::string& entry) {
        leaves.push_back(tlog_leaf_hash(entry));
        edge.append(leaves.back(), [this](unsigned level, std::uint64_t index, const TlogHash& hash) {
            ASSERT_TRUE(nodes.emplace(std::pair(level, index), hash).second);
        });
    }
    [[nodiscard]] TlogReader reader() const {
        return [this](unsigned level, std::uint64_t index) -> Result<TlogHash> {
            const auto node = nodes.find({level, index});
            if (node == nodes.end()) return fail(ErrorKind::not_found, "no such node");
            return node->second;
        };
    }
    [[nodiscard]] TlogHash naive(std::size_t begin, std::size_t end) const {
        if (begin == end) return tlog_empty_root();
        if (end - begin == 1) return leaves[begin];
        std::size_t k = 1;
        while (2 * k < end - begin) k *= 2;
        return tlog_node_hash(naive(begin, begin + k), naive(begin + k, end));
    }
    std::vector<TlogHash> leaves;
    std::map<std::pair<unsigned, std::uint64_t>, TlogHash> nodes;
    TlogEdge edge;
};

TEST(Tlog, RootsAreThoseOfOtherLogs) {
    for (std::size_t size = 0; size < kRoots.size(); ++size) {
        const Tree tree(size);
        EXPECT_EQ(hex(tree.edge.root()), kRoots[size]) << size;
        EXPECT_EQ(hex(tlog_root(tree.reader(), size).value()), kRoots[size]) << size;
    }
}

TEST(Tlog, ProofsAreThoseOfOtherLogs) {
    const Tree tree(8);
    EXPECT_EQ(hex(tlog_inclusion(tree.reader(), 0, 8).value()),
              (std::vector<std::string>{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
    EXPECT_EQ(hex(tlog_inclusion(tree.reader(), 5, 8).value()),
              (std::vector<std::string>{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                                        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                        kRoots[4]}));
    EXPECT_EQ(hex(tlog_consistency(tree.reader(), 6, 8).value()),
              (std::vector<std::string>{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                                        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                        kRoots[4]}));
}

TEST(Tlog, EveryProofOfSmallTreesHoldsAndNoChangedOneDoes) {
    for (std::size_t size = 1; size <= 35; ++size) {
        const Tree tree(size);
        const TlogHash root = tree.naive(0, size);
        ASSERT_EQ(tree.edge.root(), root);
        for (std::size_t i = 0; i < size; ++i) {
            TlogPath path = tlog_inclusion(tree.reader(), i, size).value();
            ASSERT_TRUE(check_inclusion(path, i, tree.leaves[i], size, root)) << i << " of " << size;
            for (std::size_t other = 0; other <= size; ++other)
                ASSERT_EQ(check_inclusion(path, other, tree.leaves[i], size, root).has_value(), other == i);
            path.push_back(root);
            ASSERT_FALSE(check_inclusion(path, i, tree.leaves[i], size, root));
            path.pop_back();
            for (TlogHash& hash : path) {
                hash[7] ^= 1;
                ASSERT_FALSE(check_inclusion(path, i, tree.leaves[i], size, root));
                hash[7] ^= 1;
            }
            if (!path.empty()) path.pop_back();
            if (size > 1) {
                ASSERT_FALSE(check_inclusion(path, i, tree.leaves[i], size, root));
            }
        }
        for (std::size_t old_size = 0; old_size <= size; ++old_size) {
            const TlogHash old_root = tree.naive(0, old_size);
            TlogPath path = tlog_consistency(tree.reader(), old_size, size).value();
            ASSERT_TRUE(check_consistency(path, old_size, old_root, size, root)) << old_size << "→" << size;
            TlogHash other = old_root;
            other[0] ^= 1;
            ASSERT_FALSE(check_consistency(path, old_size, other, size, root));
            if (old_size > 0) {
                other = root;
                other[31] ^= 1;
                ASSERT_FALSE(check_consistency(path, old_size, old_root, size, other));
            }
            path.push_back(root);
            ASSERT_FALSE(check_consistency(path, old_size, old_root, size, root));
            path.pop_back();
            for (TlogHash& hash : path) {
                hash[3] ^= 1;
                ASSERT_FALSE(check_consistency(path, old_size, old_root, size, root));
                hash[3] ^= 1;
            }
        }
    }
    EXPECT_FALSE(check_consistency({}, 2, tlog_empty_root(), 1, tlog_empty_root()));
    EXPECT_FALSE(check_inclusion({}, 0, tlog_empty_root(), 0, tlog_empty_root()));
}

TEST(Tlog, AnEdgeGoesOnWhereItStopped) {
    const Tree tree(100);
    const Tree half(37);
    TlogEdge edge = TlogEdge::continued(37, half.edge.roots()).value();
    for (std::size_t i = 37; i < 100; ++i) edge.append(tree.leaves[i]);
    EXPECT_EQ(edge.root(), tree.edge.root());
    EXPECT_FALSE(TlogEdge::continued(36, half.edge.roots()));
}

TEST(Tile, HasThePathThatTheSpecificationGives) {
    EXPECT_EQ((Tile{false, 0, 1'234'067, 256}.path()), "tile/0/x001/x234/067");
    EXPECT_EQ((Tile{false, 2, 0, 1}.path()), "tile/2/000.p/1");
    EXPECT_EQ((Tile{true, 0, 1000, 255}.path()), "tile/entries/x001/000.p/255");
    for (const Tile& tile : {Tile{false, 0, 1'234'067, 256}, Tile{true, 0, 999, 1}, Tile{false, 7, 1000, 17}})
        EXPECT_EQ(tile_from_path(tile.path()), tile);
    for (const char* wrong :
         {"tile/0/67", "tile/0/001/067", "tile/00/067", "tile/0/067.p/256", "tile/0/067.p/0",
          "tile/0/067.p/01", "tile/0/x001", "tile/x/067", "tile/8/000", "tile/0/", "tile/0/x000/067",
          "tiles/0/000", "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/../000"})
        EXPECT_FALSE(tile_from_path(wrong)) << wrong;
}

TEST(Tile, ThereAreAsManyAsTheSpecificationSays) {
    std::map<std::pair<bool, unsigned>, std::pair<int, std::vector<std::uint64_t>>> count;
    for (const Tile& tile : tiles_between(0, 70'000)) {
        auto& [full, partial] = count[{tile.entries, tile.level}];
        if (tile.width == kTileWidth)
            ++full;
        else
            partial.push_back(tile.width);
    }
    using Counted = std::pair<int, std::vector<std::uint64_t>>;
    EXPECT_EQ((count[{false, 0}]), (Counted{273, {112}}));
    EXPECT_EQ((count[{false, 1}]), (Counted{1, {17}}));
    EXPECT_EQ((count[{false, 2}]), (Counted{0, {1}}));
    EXPECT_EQ((count[{true, 0}]), (Counted{273, {112}}));
    EXPECT_EQ(tiles_between(0, 256),
              (std::vector<Tile>{{true, 0, 0, 256}, {false, 0, 0, 256}, {false, 1, 0, 1}}));
    EXPECT_TRUE(tiles_between(300, 300).empty());
}

// Written in pieces, what lies in the files at the end is what a tree of that size needs, and gives its
// proofs.
TEST(Tile, TheTreeIsReadFromThem) {
    constexpr std::uint64_t kSize = 66'500;
    Tree tree(0);
    std::map<std::string, std::string> files;
    std::uint64_t written = 0;
    for (std::uint64_t i = 1; i <= kSize; ++i) {
        tree.add(std::to_string(i));
        if (i % 733 != 0 && i != kSize) continue;
        for (const Tile& tile : tiles_between(written, i)) {
            std::string bytes;
            for (std::uint64_t n = 0; n < tile.width && !tile.entries; ++n) {
                const TlogHash& hash = tree.nodes.at({tile.level * kTileHeight, tile.index * kTileWidth + n});
                bytes.append(hash.begin(), hash.end());
            }
            files[tile.path()] = bytes;
        }
        written = i;
    }
    const TlogReader reader = [&](unsigned level, std::uint64_t index) -> Result<TlogHash> {
        const Tile tile = tile_of(level, index, kSize);
        const auto file = files.find(tile.path());
        if (file == files.end()) return fail(ErrorKind::not_found, tile.path());
        return node_in_tile(file->second, tile, level, index);
    };
    ASSERT_EQ(tlog_root(reader, kSize).value(), tree.edge.root());
    for (std::uint64_t index = 0; index < kSize; index += 997) {
        const Result<TlogPath> path = tlog_inclusion(reader, index, kSize);
        ASSERT_TRUE(path) << path.error().text();
        EXPECT_TRUE(check_inclusion(*path, index, tree.leaves[index], kSize, tree.edge.root()));
    }
    for (std::uint64_t old_size = 1; old_size < kSize; old_size += 1499) {
        const Result<TlogPath> path = tlog_consistency(reader, old_size, kSize);
        ASSERT_TRUE(path) << path.error().text();
        EXPECT_TRUE(check_consistency(*path, old_size, tree.naive(0, old_size), kSize, tree.edge.root()));
    }
    EXPECT_FALSE(node_in_tile("short", tile_of(0, 0, kSize), 0, 0));
}

TEST(Bundle, IsReadBackAndNothingElse) {
    const std::vector<std::string> entries = {"", "a", std::string(kLongestEntry, 'x'), "last"};
    const std::string bytes = write_bundle(entries);
    EXPECT_EQ(bytes.size(), 2 * 4 + 0 + 1 + kLongestEntry + 4);
    EXPECT_EQ(read_bundle(bytes, 4).value(), entries);
    EXPECT_FALSE(read_bundle(bytes, 3));
    EXPECT_FALSE(read_bundle(bytes, 5));
    EXPECT_FALSE(read_bundle(bytes + "x", 4));
    EXPECT_FALSE(read_bundle(bytes.substr(0, bytes.size() - 1), 4));
}

TEST(Proof, IsReadBackAndNothingElse) {
    const Tree tree(8);
    TlogProof proof{5, tlog_inclusion(tree.reader(), 5, 8).value(), "origin\n8\nroot\n\n— key AAAA\n", "{}"};
    const std::string text = write_tlog_proof(proof);
    EXPECT_TRUE(text.starts_with("c2sp.org/tlog-proof@v1\nextra e30=\nindex 5\n")) << text;
    EXPECT_EQ(read_tlog_proof(text).value(), proof);
    proof.extra.reset();
    EXPECT_EQ(read_tlog_proof(write_tlog_proof(proof)).value(), proof);
    for (const char* wrong :
         {"", "c2sp.org/tlog-proof@v2\nindex 1\n\nx\n", "c2sp.org/tlog-proof@v1\nindex 01\n\nx\n",
          "c2sp.org/tlog-proof@v1\nindex 1\n", "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx\n",
          "c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\nx\n", "c2sp.org/tlog-proof@v1\nindex 1\n\n"})
        EXPECT_FALSE(read_tlog_proof(wrong)) << wrong;
    EXPECT_EQ(read_tlog_proof(std::string(300'000, 'x')).error().kind, ErrorKind::limit);
}

}  // namespace
}  // namespace rollcall::schema
