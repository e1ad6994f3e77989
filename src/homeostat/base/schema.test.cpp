// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/schema.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace homeostat::schema_test {

using namespace std::chrono_literals;

enum class Mode : std::uint8_t { observe, act };

struct Limit {
    int replicas = 3;
    Ratio share;
    static constexpr auto schema() {
        return std::tuple{setting("replicas", &Limit::replicas, "At most so many.", {.min = 1, .max = 50}),
                          setting("share", &Limit::share, "Share of all.", {.max = 0.5})};
    }
};

struct Webhook {
    static constexpr std::string_view kType = "webhook";
    std::string url;
    std::optional<std::string> token;
    static constexpr auto schema() {
        return std::tuple{setting("url", &Webhook::url, "Where to.", {.min = 1, .required = true}),
                          setting("token", &Webhook::token, "Bearer token.", {.secret = true})};
    }
};

struct Mail {
    static constexpr std::string_view kType = "mail";
    std::vector<std::string> to;
    static constexpr auto schema() { return std::tuple{setting("to", &Mail::to, "Addresses.", {.min = 1})}; }
};

struct Example {
    StrongId<struct NameTag> name;
    Mode mode = Mode::observe;
    Duration tick = 1s;
    Bytes memory{64 << 20};
    bool enabled = true;
    std::optional<double> threshold;
    std::map<std::string, Limit> limits;
    std::vector<std::variant<Webhook, Mail>> notify;
    json::Value labels;

    static constexpr auto schema() {
        return std::tuple{setting("name", &Example::name, "Who this is.", {.required = true}),
                          setting("mode", &Example::mode, "What it may do."),
                          setting("tick", &Example::tick, "Time between steps.", {.min = 10ms, .max = 10s}),
                          setting("memory", &Example::memory, "Memory to use.", {.min = Bytes{1024}}),
                          setting("enabled", &Example::enabled, "Whether it runs."),
                          setting("threshold", &Example::threshold, "Alarm level.", {.min = 0}),
                          setting("limits", &Example::limits, "Limits by service.", {.max = 2}),
                          setting("notify", &Example::notify, "Whom to tell."),
                          setting("labels", &Example::labels, "Free notes.")};
    }
    void check(Findings& findings) const {
        if (!enabled && threshold) findings.report("threshold", "has no effect", "set enabled: true");
    }
};

Node scalar(std::string text, bool quoted = false) {
    return {.kind = NodeKind::scalar, .text = std::move(text), .quoted = quoted, .line = 7, .column = 3};
}
Node mapping(std::vector<std::pair<std::string, Node>> entries) {
    Node node{.kind = NodeKind::mapping, .line = 1, .column = 1};
    for (auto& [key, value] : entries) node.entries.push_back({scalar(key), std::move(value)});
    return node;
}
Node sequence(std::vector<Node> items) {
    return {.kind = NodeKind::sequence, .items = std::move(items)};
}

/// The problems as "field: rule", in the order found.
std::vector<std::string> rules_broken_by(const Node& root) {
    Example example;
    Problems problems;
    const bool ok = read_document(Document{"f.yaml", root}, example, problems);
    EXPECT_EQ(ok, !has_errors(problems));
    std::vector<std::string> broken;
    for (const auto& problem : problems) broken.push_back(problem.field + ": " + problem.rule);
    return broken;
}

using Strings = std::vector<std::string>;

}  // namespace homeostat::schema_test

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::schema_test::Mode> =
    std::to_array<std::string_view>({"observe", "act"});

namespace homeostat::schema_test {
namespace {

TEST(Schema, ReadsEveryKindOfMember) {
    const auto root = mapping(
        {{"name", scalar("x")},
         {"mode", scalar("act")},
         {"tick", scalar("250ms")},
         {"memory", scalar("1.5MiB")},
         {"enabled", scalar("false")},
         {"limits", mapping({{"payment", mapping({{"replicas", scalar("7")}, {"share", scalar("20%")}})}})},
         {"notify", sequence({mapping({{"type", scalar("webhook")}, {"url", scalar("http://h")}}),
                              mapping({{"type", scalar("mail")}, {"to", sequence({scalar("a@b")})}})})},
         {"labels", mapping({{"n", scalar("1")}, {"s", scalar("1", true)}})}});
    Example example;
    Problems problems;
    ASSERT_TRUE(read_document(Document{"f.yaml", root}, example, problems)) << to_string(problems.at(0));
    EXPECT_EQ(example.name.value(), "x");
    EXPECT_EQ(example.mode, Mode::act);
    EXPECT_EQ(example.tick, 250ms);
    EXPECT_EQ(example.memory.count(), 3 << 19);
    EXPECT_FALSE(example.enabled);
    EXPECT_FALSE(example.threshold);
    EXPECT_EQ(example.limits.at("payment").replicas, 7);
    EXPECT_DOUBLE_EQ(example.limits.at("payment").share.value(), 0.2);
    ASSERT_EQ(example.notify.size(), 2U);
    EXPECT_EQ(std::get<Webhook>(example.notify[0]).url, "http://h");
    EXPECT_EQ(std::get<Mail>(example.notify[1]).to, Strings{"a@b"});
    EXPECT_EQ(json::to_text(example.labels), R"({"n":1,"s":"1"})");
}

TEST(Schema, ReportsEveryProblemAtOnce) {
    const auto broken = rules_broken_by(mapping(
        {{"mode", scalar("atc")},
         {"tick", scalar("5ms")},
         {"memory", scalar("lots")},
         {"enabled", scalar("true", true)},
         {"limits", mapping({{"db", mapping({{"replicas", scalar("99")}, {"share", scalar("0.7")}})}})},
         {"notify", sequence({mapping({{"type", scalar("webhok")}}), mapping({}),
                              mapping({{"type", scalar("webhook")}, {"to", scalar("x")}})})},
         {"tcik", scalar("1s")},
         {"tick", scalar("1s")}}));
    EXPECT_EQ(
        broken,
        (Strings{"name: missing", "mode: wrong-type", "tick: out-of-range", "memory: wrong-type",
                 "enabled: wrong-type", "limits.db.replicas: out-of-range", "limits.db.share: out-of-range",
                 "notify[0].type: wrong-type", "notify[1].type: missing", "notify[2].url: missing",
                 "notify[2].to: unknown-key", "tcik: unknown-key", "tick: duplicate-key"}));
}

TEST(Schema, AProblemNamesPlaceValueAndCure) {
    Example example;
    Problems problems;
    const auto root = mapping({{"name", scalar("x")}, {"tick", scalar("90s")}, {"mdoe", scalar("act")}});
    ASSERT_FALSE(read_document(Document{"f.yaml", root}, example, problems));
    ASSERT_EQ(problems.size(), 2U);
    EXPECT_EQ(to_string(problems[0]),
              "f.yaml:7:3: tick: must be at most 10s, not 90s — choose a value from 10ms to 10s");
    EXPECT_EQ(
        to_string(problems[1]),
        "f.yaml:7:3: mdoe: there is no such setting — did you mean 'mode'? write one of name, mode, tick, "
        "memory, enabled, threshold, limits, notify, labels");
}

TEST(Schema, ChecksSettingsTogetherOnlyWhenEachIsReadable) {
    EXPECT_EQ(rules_broken_by(
                  mapping({{"name", scalar("x")}, {"enabled", scalar("false")}, {"threshold", scalar("1")}})),
              Strings{"threshold: inconsistent"});
    EXPECT_EQ(rules_broken_by(
                  mapping({{"name", scalar("")}, {"enabled", scalar("false")}, {"threshold", scalar("1")}})),
              Strings{"name: wrong-type"});
}

TEST(Schema, AnEmptySectionKeepsItsDefaults) {
    const Node nothing;
    EXPECT_EQ(rules_broken_by(nothing), Strings{"name: missing"});
    EXPECT_EQ(
        rules_broken_by(mapping({{"name", scalar("x")}, {"limits", {}}, {"notify", {}}, {"threshold", {}}})),
        Strings{});
    EXPECT_EQ(rules_broken_by(mapping({{"name", {}}})), Strings{"name: wrong-type"});
}

TEST(Schema, KeepsAtMostTheDeclaredNumberOfProblems) {
    std::vector<std::pair<std::string, Node>> entries{{"name", scalar("x")}};
    for (int i = 0; i < 1000; ++i) entries.emplace_back("unknown" + std::to_string(i), scalar("1"));
    Example example;
    Problems problems;
    EXPECT_FALSE(read_document(Document{"f.yaml", mapping(entries)}, example, problems));
    EXPECT_EQ(problems.size(), BindContext::kMaxProblems);
    EXPECT_EQ(problems.back().rule, "too-many-problems");
}

TEST(Schema, MasksSecretsUnlessAskedNotTo) {
    Example example;
    example.name = StrongId<NameTag>{"x"};
    example.notify.emplace_back(Webhook{.url = "http://h", .token = "t0p"});
    EXPECT_EQ(json::to_text(*show(example).find("notify")),
              R"([{"type":"webhook","url":"http://h","token":"[secret]"}])");
    EXPECT_EQ(json::to_text(*show(example, Secrets::shown).find("notify")),
              R"([{"type":"webhook","url":"http://h","token":"t0p"}])");
    EXPECT_EQ(*show(example).find("memory"), json::Value("64MiB"));
}

TEST(Schema, JsonSchemaSaysWhatTheReaderSays) {
    const auto schema = json_schema<Example>("example");
    EXPECT_EQ(json::to_text(*schema.find("required")), R"(["name"])");
    EXPECT_EQ(json::to_text(*schema.find("additionalProperties")), "false");
    const auto* properties = schema.find("properties");
    EXPECT_EQ(json::to_text(*properties->find("mode")),
              R"({"description":"What it may do.","enum":["observe","act"],"default":"observe"})");
    EXPECT_EQ(json::to_text(*properties->find("tick")),
              R"x({"description":"Time between steps. Choose a value from 10ms to 10s.","type":"string",)x"
              R"x("pattern":"^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d)$","default":"1s"})x");
    EXPECT_EQ(
        json::to_text(
            *properties->find("limits")->find("additionalProperties")->find("properties")->find("replicas")),
        R"({"description":"At most so many.","type":"integer","minimum":1,"maximum":50,"default":3})");
    EXPECT_EQ(properties->find("notify")->find("items")->find("oneOf")->as_array()->size(), 2U);
}

RC_GTEST_PROP(Schema, ReadsBackEverySizeAndDurationThatItShows, (std::uint32_t number)) {
    const Bytes bytes{number};
    RC_ASSERT(TextForm<Bytes>::parse(format_bytes(bytes)) == bytes);
    const Duration duration{number};
    RC_ASSERT(TextForm<Duration>::parse(format_duration(duration)) == duration);
}

TEST(TextForm, RefusesWhatIsNearlyRight) {
    EXPECT_FALSE(TextForm<Duration>::parse("30"));
    EXPECT_FALSE(TextForm<Duration>::parse("-5s"));
    EXPECT_FALSE(TextForm<std::uint16_t>::parse("65536"));
    EXPECT_FALSE(TextForm<int>::parse("1.5"));
    EXPECT_FALSE(TextForm<double>::parse("nan"));
    EXPECT_FALSE(TextForm<bool>::parse("yes"));
    EXPECT_FALSE(TextForm<Ratio>::parse("5"));
    EXPECT_FALSE(TextForm<Bytes>::parse("-1MiB"));
}

TEST(NearestName, FindsSlipsAndLeavesStrangersAlone) {
    const std::vector<std::string_view> names{"listen", "enabled", "tick"};
    EXPECT_EQ(nearest_name("lisen", names), "listen");
    EXPECT_EQ(nearest_name("tikc", names), "tick");
    EXPECT_EQ(nearest_name("password", names), "");
}

}  // namespace
}  // namespace homeostat::schema_test
