// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/yaml/yaml.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace homeostat::yaml {
namespace {

json::Value value_of(std::string_view text) {
    Problems problems;
    const auto document = parse(text, "f.yaml", problems);
    EXPECT_TRUE(document.has_value()) << (problems.empty() ? "" : to_string(problems[0]));
    return document ? to_json_value(document->root) : json::Value{};
}

Problem refusal_of(std::string_view text) {
    Problems problems;
    EXPECT_FALSE(parse(text, "f.yaml", problems).has_value());
    EXPECT_EQ(problems.size(), 1U);
    return problems.empty() ? Problem{} : problems[0];
}

TEST(Yaml, ReadsTheShapesThatFilesHave) {
    EXPECT_EQ(json::to_text(
                  value_of("a: 1\nb: [x, 2.5, true]\nc:\n  d: \"5\"\n  e: ~\n  f: |\n    two\n    lines\n")),
              R"({"a":1,"b":["x",2.5,true],"c":{"d":"5","e":null,"f":"two\nlines\n"}})");
    EXPECT_TRUE(value_of("").is_null());
    EXPECT_TRUE(value_of("# nothing\n").is_null());
}

TEST(Yaml, RemembersWhereEachPieceStands) {
    Problems problems;
    const auto document = parse("a: 1\nb:\n  - x\n  - c: y\n", "f.yaml", problems);
    ASSERT_TRUE(document);
    const auto& list = *document->root.find("b");
    EXPECT_EQ(document->root.find("a")->line, 1);
    EXPECT_EQ(document->root.find("a")->column, 4);
    EXPECT_EQ(list.items[1].find("c")->line, 4);
    EXPECT_EQ(list.items[1].find("c")->column, 8);
    EXPECT_EQ(document->root.entries[1].key.line, 2);
}

TEST(Yaml, KeepsDoubledKeysForTheSchemaToReport) {
    Problems problems;
    const auto document = parse("a: 1\na: 2\n", "f.yaml", problems);
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root.entries.size(), 2U);
}

TEST(Yaml, ASyntaxErrorNamesItsLine) {
    const auto problem = refusal_of("a: 1\nb: [1, 2\nc: 3\n");
    EXPECT_EQ(problem.rule, "syntax");
    EXPECT_GE(problem.line, 2);
    EXPECT_EQ(refusal_of("a: 1\n\tb: 2\n").line, 2);
}

TEST(Yaml, EndsOnACharacterThatTheParserNeverConsumes) {
    EXPECT_EQ(refusal_of(",").rule, "syntax");
    EXPECT_EQ(refusal_of("a: 1\n---\n}").line, 3);
}

TEST(Yaml, UnfoldsAliasesWithinBounds) {
    EXPECT_EQ(json::to_text(value_of("a: &x {k: 1}\nb: *x\n")), R"({"a":{"k":1},"b":{"k":1}})");
    std::string bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
    for (int i = 1; i < 20; ++i) {
        const auto before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) bomb += (j == 0 ? "" : ", ") + before;
        bomb += "]\n";
    }
    EXPECT_NE(refusal_of(bomb).message.find("unfolds"), std::string::npos);
    EXPECT_NE(refusal_of("a: &a [*a]\n").message.find("own anchor"), std::string::npos);
    EXPECT_NE(refusal_of("a: *nobody\n").message.find("not defined"), std::string::npos);
}

TEST(Yaml, RefusesWhatItWouldHaveToGuess) {
    EXPECT_NE(refusal_of("a: !include other.yaml\n").message.find("tag"), std::string::npos);
    EXPECT_NE(refusal_of("a: {<<: {b: 1}}\n").message.find("merge"), std::string::npos);
    EXPECT_NE(refusal_of("[1, 2]: x\n").message.find("key"), std::string::npos);
    EXPECT_NE(refusal_of("~: x\n").message.find("key"), std::string::npos);
    EXPECT_NE(refusal_of("a: 1\n---\nb: 2\n").message.find("more than one"), std::string::npos);
}

TEST(Yaml, RefusesTooDeepTooLargeAndNoText) {
    EXPECT_NE(refusal_of("a: \xff").message.find("UTF-8"), std::string::npos);
    EXPECT_NE(refusal_of("a: \"\\N\"").message.find("UTF-8"), std::string::npos);
    EXPECT_NE(refusal_of(std::string(100, '[') + std::string(100, ']')).message.find("deeper"),
              std::string::npos);
    std::string stream;
    for (std::size_t i = 0; i <= kMaxDocuments; ++i) stream += "---\na\n";
    EXPECT_NE(refusal_of(stream).message.find("documents"), std::string::npos);
    EXPECT_NE(refusal_of(std::string(kMaxTextBytes + 1, ' ')).message.find("larger"), std::string::npos);
}

TEST(Yaml, ReadsAStreamUpToTheDocumentThatIsBroken) {
    Problems problems;
    const auto documents = parse_all("a: 1\n---\nb: 2\n---\nc: [\n", "f.yaml", problems);
    EXPECT_EQ(documents.size(), 2U);
    ASSERT_EQ(problems.size(), 1U);
}

TEST(Yaml, AMissingFileIsAProblemWithItsName) {
    Problems problems;
    EXPECT_FALSE(read_file("no/such/file.yaml", problems));
    EXPECT_FALSE(read_file(".", problems));
    ASSERT_EQ(problems.size(), 2U);
    EXPECT_EQ(to_string(problems[0]),
              "no/such/file.yaml: cannot be opened: No such file or directory — check the path and its "
              "permissions");
    EXPECT_EQ(problems[1].message, "is a directory");
}

RC_GTEST_PROP(Yaml, ReadsBackWhatItWrites, (const std::vector<std::string>& words, std::int64_t number)) {
    json::Array array{number, true, json::Value{}};
    for (const auto& word : words) {
        std::string printable;
        for (const char c : word) {
            if (c >= ' ' && c < 127) printable += c;
        }
        array.push_back(json::Object{{printable, printable}});
    }
    RC_ASSERT(value_of(to_yaml(array)) == json::Value(array));
}

TEST(Yaml, QuotesStringsThatWouldReadAsSomethingElse) {
    EXPECT_EQ(to_yaml(json::Object{{"a", "yes"}, {"b", "1.10"}, {"c", "plain"}, {"d", json::Array{}}}),
              "a: \"yes\"\nb: \"1.10\"\nc: plain\nd: []\n");
}

}  // namespace
}  // namespace homeostat::yaml
