// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/sim/simulation.h"

namespace homeostat::sim {

struct SimulationOptions {
    std::uint32_t incidents = 1000;  // in calm systems, for the figures
    std::uint32_t storms = 60;       // further systems with faults in every port, for the safety rules
    std::uint32_t quiet_hours = 24;  // of a system in which nothing goes wrong, for the false alarms
    std::uint64_t seed = 1;
    std::uint32_t services_min = 5;
    std::uint32_t services_max = 200;  // of a calm system; a storm has at most kMaxStormServices
    std::uint32_t threads = 0;         // 0: as many as the machine has
    Mutant mutant = Mutant::none;
    loop::LoopConfig loop;
};

/// A storm keeps its journal in memory and replays it: so it is small.
inline constexpr std::uint32_t kMaxStormServices = 12;

/// Faults of one system. The last calm one may have fewer.
inline constexpr std::uint32_t kIncidentsPerSystem = 10;
inline constexpr std::uint32_t kIncidentsPerStorm = 6;

[[nodiscard]] constexpr std::uint32_t incidents_in(Weather weather) {
    switch (weather) {
        case Weather::quiet: return 0;
        case Weather::calm: return kIncidentsPerSystem;
        case Weather::stormy: break;
    }
    return kIncidentsPerStorm;
}

/// Services of a system on a quiet day, as far as the options allow.
inline constexpr std::uint32_t kQuietServices = 50;

/// Something worth seeing again, and how: the run's seed, number of services and weather are enough.
struct Sighting {
    std::uint64_t seed = 0;
    std::uint32_t services = 0;
    Weather weather = Weather::calm;
    std::string text;
};

struct SimulationReport {
    Kpi kpi;  // of the calm systems; its violations are those of all, its false incidents a day of the quiet
    Kpi storm;  // of the storms
    RunCounters calm_counters;
    RunCounters storm_counters;
    std::vector<Sighting> violations;
    std::vector<Sighting> flaws;  // of the quiet and the calm systems
    std::uint32_t systems = 0;
};

/// Called after each finished system, from one thread at a time.
using Progress = std::function<void(std::uint32_t done, std::uint32_t all)>;

/// Runs many systems side by side. Equal options but for `threads` give equal reports: the systems are drawn
/// beforehand and their results merged in a fixed order.
/// Errors: `invalid_argument` when the range of services is wrong or the loop's configuration is.
[[nodiscard]] Result<SimulationReport> run_simulation(const SimulationOptions& options,
                                                      const Progress& progress = {});

}  // namespace homeostat::sim
