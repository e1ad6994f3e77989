// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/api_object.h"

#include <gtest/gtest.h>

namespace homeostat::kubernetes {
namespace {

json::Value parsed(std::string_view text) {
    auto value = json::parse(text);
    return value ? *value : json::Value("no JSON");
}

TEST(ObjectRef, IsAPathOfTheApi) {
    EXPECT_EQ(path_of({kDeployments, "shop", "web", "scale"}),
              "/apis/apps/v1/namespaces/shop/deployments/web/scale");
    EXPECT_EQ(path_of({kNodes, "", "node-1", ""}), "/api/v1/nodes/node-1");
    EXPECT_EQ(path_of({kPods, "", "", ""}), "/api/v1/pods");
    EXPECT_EQ(to_string(ObjectRef{kPods, "shop", "web-1", ""}), "pod shop/web-1");
}

TEST(Name, HoldsNothingThatCouldChangeAPath) {
    for (const auto* good : {"web", "web-1", "a.b", "0"}) EXPECT_TRUE(is_name(good)) << good;
    for (const auto* bad : {"", "-a", "a-", "a/b", "..", "a..b", "A", "a?b", "a%2f", "a b"}) {
        EXPECT_FALSE(is_name(bad)) << bad;
    }
    EXPECT_FALSE(is_name(std::string(254, 'a')));
}

TEST(Patch, IsHeldByAnObjectThatItWouldNotChange) {
    const auto object = parsed(R"({"spec":{"paused":true,"list":[1,2],
        "containers":[{"name":"web","image":"web:v1","tty":true},{"name":"log","image":"log:v1"}]}})");
    EXPECT_TRUE(holds(object, parsed(R"({"spec":{"paused":true}})")));
    EXPECT_TRUE(holds(object, parsed(R"({"spec":{"replicas":null}})")));
    EXPECT_TRUE(holds(object, parsed(R"({"metadata":{"labels":{"a":null}}})")));
    EXPECT_TRUE(holds(object, parsed(R"({"spec":{"containers":[{"name":"web","image":"web:v1"}]}})")));
    EXPECT_FALSE(holds(object, parsed(R"({"spec":{"containers":[{"name":"web","image":"web:v2"}]}})")));
    EXPECT_FALSE(holds(object, parsed(R"({"spec":{"containers":[{"name":"db","image":"db:v1"}]}})")));
    EXPECT_FALSE(holds(object, parsed(R"({"spec":{"paused":null}})")));
    EXPECT_FALSE(holds(object, parsed(R"({"spec":{"list":[1]}})")));
    EXPECT_FALSE(holds(object, parsed(R"({"metadata":{"labels":{"a":"b"}}})")));
}

TEST(Patch, IsTakenBackByWhatWasThereBefore) {
    const auto before = parsed(R"({"spec":{"replicas":3,"containers":[{"name":"log","image":"log:v1"},
        {"name":"web","image":"web:v1","resources":{"limits":{"cpu":"1"}}}]}})");
    const auto patch = parsed(R"({"metadata":{"labels":{"a":"b"}},"spec":{"replicas":6,
        "containers":[{"name":"web","image":"web:v2","resources":{"limits":{"memory":"1Gi"}}}]}})");
    const auto undo = inverse(before, patch);
    EXPECT_EQ(json::to_text(undo),
              R"({"metadata":{"labels":{"a":null}},"spec":{"replicas":3,"containers":[)"
              R"({"name":"web","image":"web:v1","resources":{"limits":{"memory":null}}}]}})");
    EXPECT_TRUE(holds(before, undo));
    EXPECT_FALSE(holds(before, patch));
}

TEST(Patch, CanAskForTheVersionThatWasRead) {
    const auto object = parsed(R"({"metadata":{"resourceVersion":"42"}})");
    auto bare = parsed(R"({"spec":{}})");
    require_version(bare, object);
    EXPECT_EQ(json::to_text(bare), R"({"spec":{},"metadata":{"resourceVersion":"42"}})");
    auto labelled = parsed(R"({"metadata":{"labels":{}}})");
    require_version(labelled, object);
    EXPECT_EQ(json::to_text(labelled), R"({"metadata":{"labels":{},"resourceVersion":"42"}})");
}

TEST(Quantity, IsANumberWithAUnit) {
    EXPECT_DOUBLE_EQ(parse_quantity("500m").value(), 0.5);
    EXPECT_DOUBLE_EQ(parse_quantity("1.5").value(), 1.5);
    EXPECT_DOUBLE_EQ(parse_quantity("2Gi").value(), 2147483648.0);
    EXPECT_DOUBLE_EQ(parse_quantity("1G").value(), 1e9);
    EXPECT_DOUBLE_EQ(parse_quantity("0").value(), 0);
    for (const auto* bad : {"", "Gi", "-1", "1 Gi", "1Q", "inf", "one"})
        EXPECT_FALSE(parse_quantity(bad)) << bad;
}

TEST(Selector, NamesLabelsAndNeverSelectsEverything) {
    EXPECT_EQ(label_selector(parsed(R"({"matchLabels":{"app":"web","tier":"front"}})")).value(),
              "app=web,tier=front");
    EXPECT_FALSE(label_selector(parsed(R"({"matchLabels":{}})")));
    EXPECT_FALSE(label_selector(parsed("{}")));
    EXPECT_FALSE(label_selector(
        parsed(R"({"matchLabels":{"app":"web"},"matchExpressions":[{"key":"x","operator":"Exists"}]})")));
}

}  // namespace
}  // namespace homeostat::kubernetes
