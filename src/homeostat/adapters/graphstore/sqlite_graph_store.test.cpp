// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/graphstore/sqlite_graph_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "homeostat/base/kit.test.h"

namespace homeostat::adapters {
namespace {

using namespace std::chrono_literals;
using graph::Edge;
using graph::GraphStore;
using graph::Node;
using graph::Records;
using kit::Folder;
using model::ServiceId;

/// The port in memory.
class FakeGraphStore final : public GraphStore {
public:
    Result<> save(const Records& records) override {
        for (const auto& node : records.nodes) nodes_[node.service] = node;
        for (const auto& edge : records.edges) edges_[{edge.caller, edge.callee}] = edge;
        return {};
    }
    Result<Records> load() override {
        Records records;
        for (const auto& [key, node] : nodes_) records.nodes.push_back(node);
        for (const auto& [key, edge] : edges_) records.edges.push_back(edge);
        return records;
    }

private:
    std::map<ServiceId, Node> nodes_;
    std::map<std::pair<ServiceId, ServiceId>, Edge> edges_;
};

std::string file_in(const Folder& folder) {
    return (folder.path() / "graph.db").string();
}

Records some_records() {
    Edge edge{.caller = ServiceId{"a"}, .callee = ServiceId{"b"}, .first_seen = EventTime{1s}};
    edge.last_seen = EventTime{9s};
    edge.weights = {.rate_rps = 12.25, .error_rate = 0.1, .latency_ms = 1.0 / 3, .windows = 7};
    edge.history = {{.from = EventTime{1s}, .until = EventTime{4s}}, {.from = EventTime{6s}, .until = {}}};
    Node node{.service = ServiceId{"a"}};
    node.facts = model::ServiceFacts{
        .service = ServiceId{"a"}, .owner = "it's \"ours\" → ∞", .criticality = model::Criticality::critical};
    return {.nodes = {node, {.service = ServiceId{"b"}, .first_seen = EventTime{1s}}}, .edges = {edge}};
}

/// The contract of the port, for the fake and for every implementation.
struct Subject {
    std::string name;
    std::function<std::unique_ptr<GraphStore>(const Folder&)> open;
};

class GraphStoreContract : public ::testing::TestWithParam<Subject> {
protected:
    Folder folder_;
    std::unique_ptr<GraphStore> store_ = GetParam().open(folder_);
};

TEST_P(GraphStoreContract, IsEmptyAtFirst) {
    const auto loaded = store_->load();
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(*loaded, Records{});
}

TEST_P(GraphStoreContract, GivesBackWhatWasSaved) {
    ASSERT_TRUE(store_->save(some_records()));
    EXPECT_EQ(store_->load(), some_records());
}

TEST_P(GraphStoreContract, SavesOverTheSameServiceOrEdgeAndKeepsTheOthers) {
    ASSERT_TRUE(store_->save(some_records()));
    auto expected = some_records();
    expected.edges[0].weights.rate_rps = 99;
    expected.edges.push_back({.caller = ServiceId{"b"}, .callee = ServiceId{"a"}, .declared = true});
    ASSERT_TRUE(store_->save({.nodes = {}, .edges = expected.edges}));
    EXPECT_EQ(store_->load(), expected);
}

TEST_P(GraphStoreContract, OrdersByName) {
    ASSERT_TRUE(
        store_->save({.nodes = {{.service = ServiceId{"z"}}, {.service = ServiceId{"B"}}}, .edges = {}}));
    ASSERT_TRUE(store_->save({.nodes = {{.service = ServiceId{"a"}}}, .edges = {}}));
    const auto loaded = store_->load();
    ASSERT_TRUE(loaded);
    ASSERT_EQ(loaded->nodes.size(), 3U);
    EXPECT_EQ(loaded->nodes[0].service.value(), "B");
    EXPECT_EQ(loaded->nodes[2].service.value(), "z");
}

INSTANTIATE_TEST_SUITE_P(
    Stores, GraphStoreContract,
    ::testing::Values(Subject{"fake", [](const Folder&) { return std::make_unique<FakeGraphStore>(); }},
                      Subject{"sqlite",
                              [](const Folder& folder) {
                                  return std::move(*SqliteGraphStore::open(file_in(folder)));
                              }}),
    [](const auto& tested) { return tested.param.name; });

TEST(SqliteGraphStore, RemembersAfterItIsOpenedAgain) {
    const Folder folder;
    ASSERT_TRUE((*SqliteGraphStore::open(file_in(folder)))->save(some_records()));
    EXPECT_EQ((*SqliteGraphStore::open(file_in(folder)))->load(), some_records());
}

TEST(SqliteGraphStore, SaysWhyItCannotBeOpened) {
    const auto missing = SqliteGraphStore::open("/nonexistent/folder/graph.db");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::unavailable);

    const Folder folder;
    std::ofstream(file_in(folder)) << std::string(4096, 'x');
    const auto garbage = SqliteGraphStore::open(file_in(folder));
    ASSERT_FALSE(garbage);
    EXPECT_EQ(garbage.error().code, ErrorCode::data_loss) << garbage.error().message;
}

TEST(SqliteGraphStore, KeepsTheOldRecordsWhileAnotherProcessHoldsTheFile) {
    const Folder folder;
    auto store = *SqliteGraphStore::open(file_in(folder));
    ASSERT_TRUE(store->save(some_records()));

    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(file_in(folder).c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    const auto refused = store->save({.nodes = {{.service = ServiceId{"new"}}}, .edges = {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_EQ(store->load(), some_records());
    sqlite3_close(other);
    EXPECT_TRUE(store->save({.nodes = {{.service = ServiceId{"new"}}}, .edges = {}}));
}

TEST(SqliteGraphStore, RefusesTheFileOfANewerProgramAndADamagedRecord) {
    const Folder folder;
    ASSERT_TRUE((*SqliteGraphStore::open(file_in(folder)))->save(some_records()));
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(file_in(folder).c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "UPDATE edge SET record = '{'", nullptr, nullptr, nullptr), SQLITE_OK);
    EXPECT_EQ((*SqliteGraphStore::open(file_in(folder)))->load().error().code, ErrorCode::data_loss);
    ASSERT_EQ(sqlite3_exec(other, "PRAGMA user_version = 2", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(other);
    const auto newer = SqliteGraphStore::open(file_in(folder));
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, ErrorCode::failed_precondition);
}

}  // namespace
}  // namespace homeostat::adapters
