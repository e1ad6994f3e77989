// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/simulation.h"

#include <gtest/gtest.h>

#include "homeostat/sim/defaults.h"
#include "homeostat/sim/swarm.h"

namespace homeostat::sim {
namespace {

RunResult run(const RunOptions& options) {
    auto result = run_one(options);
    EXPECT_TRUE(result.has_value());
    return *std::move(result);
}

std::string told(const RunResult& result) {
    std::string text;
    for (const auto& violation : result.violations) text += violation.rule + ": " + violation.text + "\n";
    return text;
}

TEST(Simulation, HealsACalmSystem) {
    const auto result = run({.seed = 4, .services = 6, .incidents = 4, .loop = default_loop_config()});
    EXPECT_EQ(told(result), "");
    const auto kpi = result.kpi.result();
    EXPECT_EQ(kpi.incidents, 4U);
    EXPECT_GE(kpi.recall, 0.75);
    EXPECT_GE(kpi.success_rate, 0.75);
}

TEST(Simulation, KeepsEveryRuleInAStorm) {
    RunCounters met;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        const auto result = run({.seed = seed,
                                 .services = 6,
                                 .incidents = 3,
                                 .weather = Weather::stormy,
                                 .loop = default_loop_config()});
        EXPECT_EQ(told(result), "") << "seed " << seed;
        met.add(result.counters);
    }
    EXPECT_GT(met.deaths, 0U);
    EXPECT_GT(met.orders, 0U);
}

TEST(Simulation, IsTheSameForTheSameSeedWhateverTheThreads) {
    SimulationOptions options{.incidents = 3, .storms = 2, .seed = 3, .services_max = 8, .threads = 1};
    options.loop = default_loop_config();
    const auto one = run_simulation(options);
    options.threads = 3;
    const auto two = run_simulation(options);
    ASSERT_TRUE(one.has_value() && two.has_value());
    EXPECT_EQ(one->kpi, two->kpi);
    EXPECT_EQ(one->storm, two->storm);
    options.seed = 4;
    EXPECT_NE(run_simulation(options)->kpi.journal_hash, one->kpi.journal_hash);
}

TEST(Simulation, RefusesARangeOfServicesThatIsNone) {
    SimulationOptions options{.services_min = 9, .services_max = 8, .loop = default_loop_config()};
    EXPECT_FALSE(run_simulation(options).has_value());
    options.services_max = 5000;
    options.services_min = 5000;
    EXPECT_FALSE(run_simulation(options).has_value());
}

}  // namespace
}  // namespace homeostat::sim
