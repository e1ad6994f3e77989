// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/codec.h"

#include <gtest/gtest.h>

namespace homeostat {

enum class Color : std::uint8_t { red, green };
template <>
inline constexpr auto kEnumNames<Color> = std::to_array<std::string_view>({"red", "green"});

namespace {

using Name = StrongId<struct NameTag>;

struct Leaf {
    static constexpr std::string_view kType = "leaf";
    Name name;
    Color color = Color::red;
    static constexpr auto describe() {
        return std::tuple{field("name", &Leaf::name), field("color", &Leaf::color)};
    }
    friend bool operator==(const Leaf&, const Leaf&) = default;
};

struct Tree {
    static constexpr std::string_view kType = "tree";
    EventTime at{};
    std::optional<double> height;
    std::vector<Leaf> leaves;
    std::map<Name, int> counts;
    static constexpr auto describe() {
        return std::tuple{field("at", &Tree::at), field("height", &Tree::height),
                          field("leaves", &Tree::leaves), field("counts", &Tree::counts)};
    }
    friend bool operator==(const Tree&, const Tree&) = default;
};

TEST(Codec, ReadsBackWhatItWrites) {
    const std::variant<Leaf, Tree> tree = Tree{.at = EventTime{Duration{7}},
                                               .height = 2.5,
                                               .leaves = {{Name{"a"}, Color::green}},
                                               .counts = {{Name{"b"}, 3}}};
    const auto again = from_json<std::variant<Leaf, Tree>>(to_json(tree));
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(*again, tree);
}

TEST(Codec, NamesTheMemberThatIsWrong) {
    const auto json =
        json::parse(R"({"at":"1970-01-01T00:00:00Z","leaves":[{"name":"a","color":"blue"}],"counts":{}})");
    const auto tree = from_json<Tree>(json.value());
    ASSERT_FALSE(tree.has_value());
    EXPECT_NE(tree.error().message.find("leaves.color"), std::string::npos) << tree.error().message;
}

TEST(Codec, IgnoresMembersOfANewerVersion) {
    EXPECT_TRUE(from_json<Leaf>(json::parse(R"({"name":"a","color":"red","smell":1})").value()).has_value());
}

}  // namespace
}  // namespace homeostat
