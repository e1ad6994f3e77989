// SPDX-License-Identifier: Apache-2.0
#include "homeostat/graph/service_graph.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace homeostat::graph {
namespace {

using namespace std::chrono_literals;
using model::Feature;
using model::FeatureWindow;
using model::ServiceId;

FeatureWindow service_window(const std::string& service, EventTime end) {
    FeatureWindow window{.subject = {.service = ServiceId{service}}, .end = end, .length = 1s};
    window.values.set(Feature::rate_rps, 10);
    return window;
}

FeatureWindow edge_window(const std::string& caller, const std::string& callee, EventTime end,
                          double latency_ms = 5) {
    FeatureWindow window = service_window(caller, end);
    window.subject.callee = ServiceId{callee};
    window.values.set(Feature::latency_ms, latency_ms);
    window.values.set(Feature::error_rate, 0);
    return window;
}

std::vector<ServiceId> ids(std::vector<std::string> names) {
    std::vector<ServiceId> result;
    for (auto& name : names) result.emplace_back(std::move(name));
    return result;
}

/// frontend → payment → limiter → db; frontend → cart → db; frontend → catalog.
ServiceGraph shop(EventTime at = EventTime{10s}, GraphConfig config = {}) {
    ServiceGraph graph(config);
    graph.observe(edge_window("payment", "limiter", at));
    graph.observe(edge_window("frontend", "payment", at));
    graph.observe(edge_window("frontend", "catalog", at));
    graph.observe(edge_window("limiter", "db", at));
    graph.observe(edge_window("frontend", "cart", at));
    graph.observe(edge_window("cart", "db", at));
    return graph;
}

TEST(ServiceGraph, LearnsWhoCallsWhomAndAnswersInTheOrderOfNames) {
    const auto graph = shop();
    EXPECT_EQ(graph.services(), ids({"cart", "catalog", "db", "frontend", "limiter", "payment"}));
    EXPECT_EQ(graph.callees(ServiceId{"frontend"}), ids({"cart", "catalog", "payment"}));
    EXPECT_EQ(graph.callers(ServiceId{"db"}), ids({"cart", "limiter"}));
    EXPECT_EQ(graph.upstream(ServiceId{"db"}), ids({"cart", "frontend", "limiter", "payment"}));
    EXPECT_EQ(graph.downstream(ServiceId{"payment"}), ids({"db", "limiter"}));
    EXPECT_EQ(graph.shortest_path(ServiceId{"frontend"}, ServiceId{"db"}), ids({"frontend", "cart", "db"}));
    EXPECT_TRUE(graph.shortest_path(ServiceId{"db"}, ServiceId{"frontend"}).empty());
}

TEST(ServiceGraph, KnowsNothingOfAServiceItHasNotSeen) {
    const auto graph = shop();
    EXPECT_TRUE(graph.upstream(ServiceId{"ghost"}).empty());
    EXPECT_EQ(graph.node(ServiceId{"ghost"}), nullptr);
    EXPECT_EQ(graph.facts(ServiceId{"ghost"}).criticality, model::Criticality::medium);
}

TEST(ServiceGraph, LearnsNothingFromStaleWindowsInstancesOrCallsToItself) {
    ServiceGraph graph;
    auto stale = edge_window("a", "b", EventTime{1s});
    stale.freshness = model::Freshness::stale;
    graph.observe(stale);
    auto instance = service_window("a", EventTime{1s});
    instance.subject.instance = model::InstanceId{"a-1"};
    graph.observe(instance);
    graph.observe(edge_window("a", "a", EventTime{1s}));
    EXPECT_EQ(graph.service_count(), 0U);
}

TEST(ServiceGraph, NamesTheCriticalServicesInTheBlastRadius) {
    auto graph = shop();
    graph.declare({.service = ServiceId{"frontend"}, .criticality = model::Criticality::critical});
    graph.declare({.service = ServiceId{"db"}, .criticality = model::Criticality::critical});
    graph.declare({.service = ServiceId{"catalog"}, .criticality = model::Criticality::critical});
    EXPECT_EQ(graph.critical_upstream(ServiceId{"db"}), ids({"db", "frontend"}));
    EXPECT_EQ(graph.critical_upstream(ServiceId{"cart"}), ids({"frontend"}));
}

TEST(ServiceGraph, WeightsAreAMeanAtFirstAndForgetSlowlyLater) {
    ServiceGraph graph(GraphConfig{.smoothing = 10s});
    const auto latency = [&] { return graph.edge(ServiceId{"a"}, ServiceId{"b"})->weights.latency_ms; };
    graph.observe(edge_window("a", "b", EventTime{1s}, 10));
    graph.observe(edge_window("a", "b", EventTime{2s}, 20));
    EXPECT_DOUBLE_EQ(latency(), 15);
    for (int second = 3; second < 200; ++second) {
        graph.observe(edge_window("a", "b", EventTime{std::chrono::seconds(second)}, 40));
    }
    EXPECT_NEAR(latency(), 40, 0.01);
}

TEST(ServiceGraph, AnsweresAsOfThePast) {
    auto graph = shop(EventTime{10s}, GraphConfig{.forget_after = 60s});
    graph.observe(edge_window("frontend", "search", EventTime{50s}));
    const auto ended = graph.forget_unseen(EventTime{80s});
    EXPECT_EQ(ended.size(), 6U);
    EXPECT_EQ(graph.edge_count(), 1U);
    EXPECT_EQ(graph.callees(ServiceId{"frontend"}), ids({"search"}));
    EXPECT_EQ(graph.as_of(EventTime{9500ms}).callees(ServiceId{"frontend"}),
              ids({"cart", "catalog", "payment"}));

    graph.observe(edge_window("frontend", "cart", EventTime{90s}));
    EXPECT_EQ(graph.edge(ServiceId{"frontend"}, ServiceId{"cart"})->history.size(), 2U);
    EXPECT_EQ(graph.callees(ServiceId{"frontend"}), ids({"cart", "search"}));
    EXPECT_EQ(graph.as_of(EventTime{70s}).callees(ServiceId{"frontend"}), ids({"search"}));
}

TEST(ServiceGraph, ADeclaredEdgeDoesNotEnd) {
    ServiceGraph graph(GraphConfig{.forget_after = 1s});
    graph.declare_edge(ServiceId{"batch"}, ServiceId{"db"});
    graph.observe(edge_window("batch", "db", EventTime{5s}));
    EXPECT_EQ(graph.forget_unseen(EventTime{100s}).size(), 1U);
    EXPECT_EQ(graph.callers(ServiceId{"db"}), ids({"batch"}));
    EXPECT_TRUE(graph.edge(ServiceId{"batch"}, ServiceId{"db"})->valid_at(EventTime{}));
}

TEST(ServiceGraph, HistoryIsBounded) {
    ServiceGraph graph(GraphConfig{.forget_after = 1s, .intervals_max = 4});
    for (int second = 10; second < 200; second += 10) {
        graph.observe(edge_window("a", "b", EventTime{std::chrono::seconds(second)}));
        static_cast<void>(graph.forget_unseen(EventTime{std::chrono::seconds(second + 5)}));
    }
    EXPECT_EQ(graph.edge(ServiceId{"a"}, ServiceId{"b"})->history.size(), 4U);
}

TEST(ServiceGraph, RefusesAndCountsWhatExceedsItsBounds) {
    ServiceGraph graph(GraphConfig{.services_max = 3, .edges_max = 1});
    graph.observe(edge_window("a", "b", EventTime{1s}));
    graph.observe(edge_window("a", "c", EventTime{1s}));
    graph.observe(edge_window("a", "d", EventTime{1s}));
    EXPECT_EQ(graph.service_count(), 3U);
    EXPECT_EQ(graph.edge_count(), 1U);
    EXPECT_EQ(graph.refused(), 2U);
}

TEST(ServiceGraph, RecordsReadBack) {
    auto graph = shop();
    graph.declare({.service = ServiceId{"db"}, .owner = "storage", .criticality = model::Criticality::high});
    const auto records = graph.records();
    const auto decoded = from_json<Records>(to_json(records));
    ASSERT_TRUE(decoded) << decoded.error().message;
    const auto restored = ServiceGraph::restore(*decoded);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(restored->records(), records);
    EXPECT_EQ(restored->upstream(ServiceId{"db"}), graph.upstream(ServiceId{"db"}));
}

TEST(ServiceGraph, RefusesAStoredEdgeWithoutItsServices) {
    const Records records{.edges = {{.caller = ServiceId{"a"}, .callee = ServiceId{"b"}}}};
    const auto restored = ServiceGraph::restore(records);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().code, ErrorCode::data_loss);
}

TEST(ServiceGraph, TakesOnlyWhatWasTouched) {
    auto graph = shop();
    EXPECT_EQ(graph.take_changes().edges.size(), 6U);
    EXPECT_EQ(graph.take_changes(), Records{});
    graph.observe(edge_window("cart", "db", EventTime{11s}));
    const auto changes = graph.take_changes();
    EXPECT_TRUE(changes.nodes.empty());
    ASSERT_EQ(changes.edges.size(), 1U);
    EXPECT_EQ(changes.edges[0].callee, ServiceId{"db"});
}

TEST(ServiceGraph, WritesDot) {
    ServiceGraph graph;
    graph.observe(edge_window("a \"quoted\"", "b", EventTime{1s}));
    graph.declare_edge(ServiceId{"b"}, ServiceId{"c"});
    const auto dot = to_dot(graph);
    EXPECT_NE(dot.find(R"("a \"quoted\"" -> "b" [label="10.0/s 5.0 ms"];)"), std::string::npos) << dot;
    EXPECT_NE(dot.find(R"("b" -> "c" [style=dashed];)"), std::string::npos) << dot;
}

using Arcs = std::vector<std::pair<int, int>>;

ServiceGraph graph_of(const Arcs& arcs) {
    ServiceGraph graph;
    for (const auto& [caller, callee] : arcs) {
        graph.observe(edge_window("s" + std::to_string(caller), "s" + std::to_string(callee), EventTime{1s}));
    }
    return graph;
}

RC_GTEST_PROP(ServiceGraph, UpstreamIsTheInverseOfDownstreamWhateverTheOrderAndTheCycles, ()) {
    const auto node = rc::gen::inRange(0, 12);
    auto arcs = *rc::gen::container<Arcs>(rc::gen::pair(node, node));
    const auto graph = graph_of(arcs);
    std::ranges::reverse(arcs);
    const auto reversed = graph_of(arcs);
    RC_ASSERT(graph.services() == reversed.services());
    for (const auto& service : graph.services()) {
        RC_ASSERT(graph.upstream(service) == reversed.upstream(service));
        for (const auto& user : graph.upstream(service)) {
            const auto needs = graph.downstream(user);
            RC_ASSERT(std::ranges::binary_search(needs, service));
            const auto path = graph.shortest_path(user, service);
            RC_ASSERT(path.size() >= 2U);
            for (std::size_t i = 1; i < path.size(); ++i) {
                RC_ASSERT(std::ranges::binary_search(graph.callees(path[i - 1]), path[i]));
            }
        }
    }
}

}  // namespace
}  // namespace homeostat::graph
