// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/node.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "homeostat/adapters/http/client.h"
#include "homeostat/adapters/system/full_disk_kit.test.h"
#include "homeostat/audit/chain.h"
#include "homeostat/base/kit.test.h"
#include "homeostat/runtime/audit_log.h"

namespace homeostat::runtime {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using kit::eventually;

class NodeTest : public testing::Test {
protected:
    [[nodiscard]] config::Config quiet_config() const {
        config::Config config;
        config.node.data_dir = folder_.string();
        config.ingest.otlp_grpc.listen.port = 0;
        config.ingest.otlp_http.listen.port = 0;
        config.api.listen.port = 0;
        return config;
    }

    static std::unique_ptr<Node> start(const config::Config& config) {
        auto node = Node::start(config, {}, log::Logger(log::Format::text, log::Level::error));
        EXPECT_TRUE(node.has_value()) << node.error().message;
        return node ? *std::move(node) : nullptr;
    }

    static http::ClientResponse get(const Node& node, const std::string& path) {
        return http::Client()
            .send({.url = fmt::format("http://127.0.0.1:{}{}", node.api_port(), path)})
            .value();
    }

    static http::ClientResponse post(const Node& node, const std::string& path, const std::string& body) {
        return http::Client()
            .send({.method = "POST",
                   .url = fmt::format("http://127.0.0.1:{}{}", node.api_port(), path),
                   .body = body})
            .value();
    }

    const kit::Folder own_;
    const fs::path folder_ = own_.path();
};

TEST_F(NodeTest, TakesEventsOfTheTopicAndSaysThatItDid) {
    const auto node = start(quiet_config());
    ASSERT_NE(node, nullptr);
    const auto event = fmt::format(
        R"({{"service":"payment","timestamp":"{}","latencies_ms":[12.5,8],"responses":[{{"status":200}},{{"status":503}}],"cpu_percent":12,"memory_mb":64}})",
        format_rfc3339(Clock::wall()));
    EXPECT_EQ(post(*node, "/v1/events", event + "\n{\"broken\n").status, 200);
    EXPECT_TRUE(eventually([&] {
        return get(*node, "/metrics").body.find("homeostat_signals_total{kind=\"event\"} 1") !=
               std::string::npos;
    }));
    EXPECT_TRUE(eventually([&] { return node->snapshot()->graph.nodes.size() == 1; }));
}

TEST_F(NodeTest, KeepsTheStopSwitchAcrossARestart) {
    {
        const auto node = start(quiet_config());
        ASSERT_NE(node, nullptr);
        EXPECT_EQ(post(*node, "/v1/stop", R"({"by":"ann","reason":"game day"})").status, 202);
        EXPECT_TRUE(eventually([&] { return node->snapshot()->stopped.has_value(); }));
    }
    const auto node = start(quiet_config());
    ASSERT_NE(node, nullptr);
    EXPECT_TRUE(node->snapshot()->stopped.has_value());
}

TEST_F(NodeTest, IsReadyAndAnswersThePlatform) {
    const auto node = start(quiet_config());
    ASSERT_NE(node, nullptr);
    EXPECT_EQ(get(*node, "/healthz").status, 200);
    EXPECT_EQ(get(*node, "/readyz").status, 200);
    EXPECT_EQ(get(*node, "/v1/incidents").body, "[]\n");
}

TEST_F(NodeTest, RefusesToStartOnAPortInUseAndSaysWhich) {
    const auto first = start(quiet_config());
    ASSERT_NE(first, nullptr);
    auto config = quiet_config();
    config.node.data_dir = (folder_ / "second").string();
    config.ingest.otlp_http.listen.port = first->otlp_http_port();
    const auto second = Node::start(config, {}, log::Logger(log::Format::text, log::Level::error));
    ASSERT_FALSE(second.has_value());
    EXPECT_NE(second.error().message.find(std::to_string(first->otlp_http_port())), std::string::npos)
        << second.error().message;
}

TEST_F(NodeTest, KeepsWhatItHasAcknowledgedWhileTheDiskIsFullAndDecidesAfterwards) {
    const auto event = [] {
        return fmt::format(
            R"({{"service":"payment","timestamp":"{}","latencies_ms":[12],"responses":[{{"status":200}}],"cpu_percent":12,"memory_mb":64}})",
            format_rfc3339(Clock::wall()));
    };
    {
        const auto node = start(quiet_config());
        ASSERT_NE(node, nullptr);
        ASSERT_EQ(post(*node, "/v1/events", event()).status, 200);
        {
            const system::FullDisk full(1);
            EXPECT_EQ(post(*node, "/v1/stop", R"({"by":"ann","reason":"game day"})").status, 202);
            EXPECT_TRUE(eventually([&] { return get(*node, "/readyz").status == 503; }));
            EXPECT_NE(get(*node, "/readyz").body.find("free some space"), std::string::npos);
            EXPECT_FALSE(node->snapshot()->stopped.has_value()) << "decided without a journal";
            EXPECT_EQ(post(*node, "/v1/events", event()).status, 429) << "acknowledged, and kept nowhere";
            EXPECT_TRUE(eventually([&] {
                return get(*node, "/metrics").body.find("homeostat_windows_dropped_total 0\n") ==
                       std::string::npos;
            }));
        }
        EXPECT_TRUE(eventually([&] { return get(*node, "/readyz").status == 200; }));
        EXPECT_TRUE(node->snapshot()->stopped.has_value());
        EXPECT_EQ(post(*node, "/v1/events", event()).status, 200);
    }
    const auto node = start(quiet_config());
    ASSERT_NE(node, nullptr);
    EXPECT_TRUE(node->snapshot()->stopped.has_value());
    audit::ChainVerifier verifier;
    EXPECT_TRUE(read_audit(folder_ / "audit", [&](const auto& record) { return verifier.check(record); }));
}

TEST_F(NodeTest, RefusesToStartOnAFullDiskAndStartsOnceThereIsRoom) {
    {
        const system::FullDisk full(1);
        const auto node = Node::start(quiet_config(), {}, log::Logger(log::Format::text, log::Level::error));
        ASSERT_FALSE(node.has_value());
        EXPECT_EQ(node.error().code, ErrorCode::resource_exhausted) << node.error().message;
        EXPECT_NE(node.error().message.find("free some space"), std::string::npos) << node.error().message;
    }
    EXPECT_NE(start(quiet_config()), nullptr);
}

TEST_F(NodeTest, TakesOneMoreStepForWhatItAcknowledgedBeforeItWasStopped) {
    for (int i = 0; i < 6; ++i) {
        {
            const auto node = start(quiet_config());
            ASSERT_NE(node, nullptr);
            EXPECT_EQ(
                post(*node, i % 2 == 0 ? "/v1/stop" : "/v1/resume", R"({"by":"ann","reason":"x"})").status,
                202);
        }
        const auto node = start(quiet_config());
        ASSERT_NE(node, nullptr);
        EXPECT_EQ(node->snapshot()->stopped.has_value(), i % 2 == 0) << i;
    }
}

TEST_F(NodeTest, RefusesToShareADataDirectory) {
    const auto first = start(quiet_config());
    ASSERT_NE(first, nullptr);
    const auto second = Node::start(quiet_config(), {}, log::Logger(log::Format::text, log::Level::error));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
}

}  // namespace
}  // namespace homeostat::runtime
