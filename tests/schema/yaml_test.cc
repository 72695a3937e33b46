// schema/yaml_document: places, texts and limits that are awkward to write as a case file.
#include "schema/yaml_document.h"

#include <gtest/gtest.h>

namespace rollcall::schema {
namespace {

std::string first_fault(std::string_view text, const YamlLimits& limits = {}) {
    Diagnostics found;
    (void)read_yaml(text, "f.yaml", found, limits);
    return found.empty() ? "" : found.front().text();
}

TEST(Yaml, EveryValueAndKeyKnowsItsPlace) {
    Diagnostics found;
    const auto root = read_yaml("a: 1\nbä: {c: [x, \"y\"]}\nd:\n  - z\n", "f.yaml", found);
    ASSERT_TRUE(root);
    EXPECT_TRUE(found.empty());
    ASSERT_EQ(root->entries.size(), 3U);
    EXPECT_EQ(root->entries[1].key_at.text(), "f.yaml:2:1");
    const Node& list = root->entries[1].value.entries[0].value;
    EXPECT_EQ(list.at.text(), "f.yaml:2:9");
    EXPECT_EQ(list.items[0].at.text(), "f.yaml:2:10");
    EXPECT_EQ(list.items[1].at.text(), "f.yaml:2:13");  // columns count characters, not bytes
    EXPECT_FALSE(list.items[0].quoted);
    EXPECT_TRUE(list.items[1].quoted);
    EXPECT_EQ(root->find("d")->items[0].at.text(), "f.yaml:4:5");
    EXPECT_EQ(root->find("e"), nullptr);
}

TEST(Yaml, ScalarsKeepTheirText) {
    Diagnostics found;
    const auto root = read_yaml("[no, 007, 1e3, ~, null, 2027-01-31, '', , |\n  a\n]", "f.yaml", found);
    const auto plain =
        read_yaml("- no\n- 007\n- 1e3\n- ~\n- 2027-01-31\n- ''\n-\n- |\n  a\n  b\n", "f.yaml", found);
    ASSERT_TRUE(plain);
    std::vector<std::string> texts;
    for (const Node& item : plain->items) texts.push_back(item.text);
    EXPECT_EQ(texts, (std::vector<std::string>{"no", "007", "1e3", "~", "2027-01-31", "", "", "a\nb\n"}));
    EXPECT_FALSE(plain->items[5].missing());
    EXPECT_TRUE(plain->items[6].missing());
    EXPECT_FALSE(root);  // a block cannot stand in brackets
}

TEST(Yaml, AnEmptyTextIsAnEmptyMapping) {
    for (const char* text : {"", "# only a comment\n", "---\n", "---\n...\n", "\xef\xbb\xbf"}) {
        Diagnostics found;
        const auto root = read_yaml(text, "f.yaml", found);
        ASSERT_TRUE(root) << text;
        EXPECT_EQ(root->kind, Node::Kind::mapping);
        EXPECT_TRUE(found.empty());
    }
}

TEST(Yaml, RefusesBytesThatAreNoText) {
    EXPECT_EQ(first_fault("a: 1\nb: ä\xff\n"),
              "f.yaml:2:5: error: a byte that is not UTF-8; save the file as UTF-8");
    EXPECT_EQ(first_fault("a: \x01\n"),
              "f.yaml:1:4: error: control characters are not allowed; take that character out");
    EXPECT_NE(first_fault(std::string("a: b\0c\n", 7)), "");
    EXPECT_NE(first_fault("a: \"\\0\"\n").find("a NUL character"), std::string::npos);
    EXPECT_NE(first_fault("\xff\xfe"
                          "a"),
              "");
}

TEST(Yaml, KeepsToItsLimits) {
    EXPECT_EQ(first_fault("a: 1\n", {.bytes = 4}),
              "f.yaml: error: the file has 5 bytes; the limit is 4; split it into several files");
    EXPECT_EQ(first_fault("[[[]]]", {.depth = 3}), "");
    EXPECT_NE(first_fault("[[[]]]", {.depth = 2}), "");
    EXPECT_EQ(first_fault("{a: [1, 2]}", {.nodes = 5}), "");
    EXPECT_NE(first_fault("{a: [1, 2]}", {.nodes = 4}), "");
    EXPECT_NE(first_fault(std::string(1'000'000, '[')), "");
    EXPECT_NE(first_fault(std::string(1'000'000, '{')), "");
    EXPECT_NE(first_fault(std::string(2U << 20U, ' ')), "");
}

TEST(Yaml, RefusesKeysThatAreNoWords) {
    EXPECT_NE(first_fault("? {a: b}\n: c\n").find("stands where a key should"), std::string::npos);
    EXPECT_NE(first_fault("&a a: *a\n").find("the anchor &a"), std::string::npos);
    EXPECT_NE(first_fault("*a : b\n").find("the alias *a"), std::string::npos);
    EXPECT_NE(first_fault("!!str a: b\n").find("the tag tag:yaml.org,2002:str"), std::string::npos);
    EXPECT_NE(first_fault("a: 1\n\"a\": 2\n").find("the key \"a\" stands twice"), std::string::npos);
}

}  // namespace
}  // namespace rollcall::schema
