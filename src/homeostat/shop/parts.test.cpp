// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ranges>
#include <set>

#include "homeostat/shop/admission.h"
#include "homeostat/shop/exporter.h"
#include "homeostat/shop/faults.h"
#include "homeostat/shop/load.h"
#include "homeostat/shop/registry_file.h"
#include "homeostat/shop/shop_config.h"
#include "homeostat/shop/slots.h"

namespace homeostat::shop {
namespace {

using namespace std::chrono_literals;

TEST(Slots, AreTakenOnlyWhileThereAreAny) {
    Slots slots(2, 10);
    EXPECT_TRUE(slots.acquire(0ns));
    EXPECT_TRUE(slots.acquire(0ns));
    EXPECT_FALSE(slots.acquire(1ms));
    slots.release();
    EXPECT_TRUE(slots.acquire(0ns));
}

TEST(Slots, TurnAwayWhoFindsAFullQueue) {
    Slots slots(0, 0);
    EXPECT_FALSE(slots.acquire(1h));  // at once
}

TEST(Admission, LetsTheRatePass) {
    Admission admission;
    auto now = Admission::Time{1h};
    int admitted = 0;
    for (int i = 0; i < 1000; ++i, now += 10ms) admitted += admission.admit(20, now) ? 1 : 0;
    EXPECT_NEAR(admitted, 200, 5);  // 20 a second for ten seconds
}

TEST(Admission, WithoutARateLetsEverythingPass) {
    Admission admission;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(admission.admit(0, Admission::Time{}));
}

TEST(Load, FollowsADailyRhythm) {
    EXPECT_DOUBLE_EQ(daily_factor(0s, 0.3, 60s), 1);
    EXPECT_NEAR(daily_factor(15s, 0.3, 60s), 1.3, 1e-12);
    EXPECT_NEAR(daily_factor(45s, 0.3, 60s), 0.7, 1e-12);
}

class RegistryFileTest : public testing::Test {
protected:
    RegistryFileTest() {
        actuate::Registry registry;
        registry.services[kDb].instances = {
            {.instance = model::InstanceId{"db-1"}, .address = "a"},
            {.instance = model::InstanceId{"db-2"}, .address = "b"},
            {.instance = model::InstanceId{"db-3"}, .address = "c", .routed = false}};
        std::ofstream(path_) << json::to_text(to_json(registry));
    }
    ~RegistryFileTest() override { std::filesystem::remove(path_); }

    const model::ServiceId kDb{"db"};
    std::string path_ = testing::TempDir() + "/registry-test-" + std::to_string(::getpid()) + ".json";
};

TEST_F(RegistryFileTest, LetsTheRoutedInstancesTakeTurns) {
    RegistryFile registry(path_);
    std::multiset<std::string> seen;
    for (int i = 0; i < 10; ++i) seen.insert(registry.next(kDb, "").value());
    EXPECT_EQ(seen.count("a"), 5U);
    EXPECT_EQ(seen.count("b"), 5U);
}

TEST_F(RegistryFileTest, AvoidsTheInstanceThatDidNotAnswer) {
    RegistryFile registry(path_);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(registry.next(kDb, "a").value(), "b");
}

TEST_F(RegistryFileTest, KnowsNobodyWithoutAFile) {
    RegistryFile registry("/nowhere/registry.json");
    EXPECT_FALSE(registry.next(kDb, "").has_value());
}

TEST(Exporter, NeverWaitsForAnEndpointThatIsAway) {
    Exporter exporter({.identity = {.service = "a", .instance = "a-1", .version = "v1"},
                       .endpoint = "http://127.0.0.1:1",
                       .active_requests = [] { return std::int64_t{0}; }});
    for (std::size_t i = 0; i < 3 * Exporter::kSpansMax; ++i) exporter.add({});
    EXPECT_GE(exporter.dropped(), 1U);  // beyond the bound, whatever the endpoint does
    EXPECT_EQ(exporter.sent(), 0U);
}

TEST(ShopConfig, HasEveryServiceThatItCalls) {
    const auto config = built_in_config();
    std::set<std::string> names;
    std::set<std::string> callees;
    for (const auto& service : config.services) {
        names.insert(service.name.value());
        for (const auto& version : service.versions | std::views::values) {
            for (const auto& argument : version.command) {
                const auto equals = argument.find('=');  // of --route PATH=CALLEE
                if (equals != std::string::npos && service.name.value() != "load") {
                    callees.insert(argument.substr(equals + 1));
                }
            }
        }
    }
    EXPECT_EQ(callees.size(), 5U);
    for (const auto& callee : callees) EXPECT_TRUE(names.contains(callee)) << callee;
}

TEST(ShopConfig, OfOnesOwnIsReadWithItsMistakes) {
    Problems problems;
    EXPECT_FALSE(read_config("/nowhere/shop.yaml", problems).has_value());
    EXPECT_FALSE(problems.empty());
}

TEST(Faults, OfAShopThatDoesNotRunAreRefused) {
    const auto truth = FaultInjector("/nowhere").inject(Fault::crash);
    ASSERT_FALSE(truth.has_value());
    EXPECT_EQ(truth.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace homeostat::shop
