// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/climate.h"

#include "homeostat/twin/random.h"

namespace homeostat::sim {
namespace {

using twin::uniform;

/// Zero in half of the runs, else up to `most`.
std::uint32_t sometimes(Prng& prng, std::uint32_t most) {
    const auto value = static_cast<std::uint32_t>(prng.below(most + 1));
    return prng.chance(1, 2) ? value : 0;
}

PortClimate draw_ports(Prng& prng) {
    PortClimate ports;
    ports.window_lost = sometimes(prng, 100);
    ports.window_late = sometimes(prng, 200);
    ports.window_duplicated = sometimes(prng, 500);
    ports.batch_reordered = sometimes(prng, 5000);
    ports.batch_lost = sometimes(prng, 100);
    ports.outage = sometimes(prng, 80);
    ports.clock_skew = std::chrono::milliseconds{static_cast<std::int64_t>(prng.below(1500)) - 500};
    ports.order_lost = sometimes(prng, 1500);
    ports.order_late = sometimes(prng, 2000);
    ports.order_doubled = sometimes(prng, 3000);
    ports.answer_lost = sometimes(prng, 1500);
    ports.answer_late = sometimes(prng, 2000);
    ports.order_refused = sometimes(prng, 1000);
    ports.approval_ignored = sometimes(prng, 3000);
    ports.approval_denied = sometimes(prng, 3000);
    ports.journal_fails = sometimes(prng, 20);
    ports.audit_fails = sometimes(prng, 500);
    ports.controller_killed = sometimes(prng, 1500);
    ports.stop_pressed = sometimes(prng, 40);
    return ports;
}

}  // namespace

RunClimate draw_climate(Prng& prng, Weather weather) {
    RunClimate climate{.weather = weather};
    climate.world.season = std::chrono::seconds{600 + static_cast<std::int64_t>(prng.below(3000))};
    climate.world.season_share = uniform(prng, 0.05, 0.3);
    climate.world.load_sigma = uniform(prng, 0.01, 0.06);
    climate.world.work_sigma = uniform(prng, 0.01, 0.05);
    climate.world.bursts_per_hour = uniform(prng, 0.0, 8.0);
    climate.world.pauses_per_hour = uniform(prng, 0.0, 12.0);
    if (weather == Weather::stormy) climate.ports = draw_ports(prng);
    return climate;
}

}  // namespace homeostat::sim
