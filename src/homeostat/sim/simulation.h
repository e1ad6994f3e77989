// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "homeostat/loop/config.h"
#include "homeostat/sim/checkers.h"
#include "homeostat/sim/climate.h"
#include "homeostat/sim/controller.h"
#include "homeostat/sim/kpi.h"
#include "homeostat/sim/mutant.h"

namespace homeostat::sim {

/// One system, from its start until all is well again after the last fault.
struct RunOptions {
    std::uint64_t seed = 1;
    std::uint32_t services = 10;  // 5 to 500
    std::uint32_t incidents =
        5;  // faults that need an action; about a quarter as many that must be left alone
    Weather weather = Weather::calm;
    Mutant mutant = Mutant::none;
    loop::LoopConfig loop;                                   // the policy as it is meant
    std::function<void(Instant, const std::string&)> trace;  // is told what happens, in words; may be empty
};

/// What was met, so that one sees that the rare happened.
struct RunCounters {
    std::uint64_t seconds = 0;  // virtual
    std::uint64_t windows = 0;
    std::uint64_t steps = 0;
    std::uint64_t deaths = 0;  // of the controller
    std::uint64_t orders = 0;  // sent
    std::uint64_t undone = 0;  // of those, taking another back
    std::uint64_t reconciled = 0;
    std::uint64_t needless = 0;  // orders while nothing was wrong anywhere
    std::uint64_t escalated = 0;
    std::uint64_t inputs_lost = 0;

    void add(const RunCounters& other);
};

struct RunResult {
    KpiCollector kpi;
    std::vector<Violation> violations;
    std::vector<std::string> flaws;  // see flaws_of()
    std::uint64_t journal_hash = 0;  // of everything that went in and everything that was decided
    RunCounters counters;
};

/// Runs one system to its end. The same options give the same result, bit for bit.
/// Errors: `invalid_argument` when the number of services, or the loop's configuration, is wrong.
[[nodiscard]] Result<RunResult> run_one(const RunOptions& options);

}  // namespace homeostat::sim
