// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/mutant.h"

#include <gtest/gtest.h>

#include "homeostat/sim/defaults.h"
#include "homeostat/sim/swarm.h"

namespace homeostat::sim {
namespace {

/// Which rule notices each planted mistake first, within a handful of storms.
class MutantTest : public testing::TestWithParam<Mutant> {};

TEST_P(MutantTest, IsCaught) {
    constexpr std::uint32_t kRounds = 12;
    constexpr std::uint32_t kStormsPerRound = 6;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
        SimulationOptions options{
            .incidents = 0, .storms = kStormsPerRound, .seed = round + 1, .services_max = 8};
        options.mutant = GetParam();
        options.loop = default_loop_config();
        const auto report = run_simulation(options);
        ASSERT_TRUE(report.has_value());
        if (!report->violations.empty()) return;
    }
    FAIL() << to_string(GetParam()) << " was not noticed in " << kRounds * kStormsPerRound << " storms";
}

std::vector<Mutant> all_mutants() {
    std::vector<Mutant> mutants;
    for (std::size_t i = 1; i < kEnumNames<Mutant>.size(); ++i) mutants.push_back(static_cast<Mutant>(i));
    return mutants;
}

INSTANTIATE_TEST_SUITE_P(Every, MutantTest, testing::ValuesIn(all_mutants()),
                         [](const auto& mutant) { return std::string(to_string(mutant.param)); });

}  // namespace
}  // namespace homeostat::sim
