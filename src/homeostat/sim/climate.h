// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "homeostat/base/describe.h"
#include "homeostat/base/prng.h"
#include "homeostat/base/time.h"
#include "homeostat/twin/state.h"

namespace homeostat::sim {

/// How rough a run is. All kinds are needed: a storm hides what only a calm run shows, a tame world hides
/// bugs, and false alarms are counted where nothing but ordinary life goes on: on a quiet day.
enum class Weather : std::uint8_t { quiet, calm, stormy };

/// What goes wrong in the ports, in parts per ten thousand of the chances.
struct PortClimate {
    std::uint32_t window_lost = 0;
    std::uint32_t window_late = 0;  // by one to five seconds
    std::uint32_t window_duplicated = 0;
    std::uint32_t batch_reordered = 0;  // the windows of a second come in another order
    std::uint32_t batch_lost = 0;       // nothing at all comes for a second
    std::uint32_t outage = 0;           // nothing comes for 20 to 40 seconds: the broker is gone
    Duration clock_skew{};              // of the loop's wall clock against the senders'
    std::uint32_t order_lost = 0;
    std::uint32_t order_late = 0;     // by up to twice its lease
    std::uint32_t order_doubled = 0;  // delivered twice
    std::uint32_t answer_lost = 0;    // carried out, and nobody hears of it
    std::uint32_t answer_late = 0;
    std::uint32_t order_refused = 0;     // by the actuator, for reasons of its own
    std::uint32_t approval_ignored = 0;  // nobody ever answers
    std::uint32_t approval_denied = 0;
    std::uint32_t journal_fails = 0;  // an append fails, for some seconds
    std::uint32_t audit_fails = 0;
    std::uint32_t controller_killed = 0;  // between any two effects of a step that has effects
    std::uint32_t stop_pressed = 0;       // in a second; released after 20 to 60
};

struct RunClimate {
    Weather weather = Weather::calm;
    PortClimate ports;
    twin::Climate world;
};

/// Draws the climate of one run (swarm testing: Groce and others, 2012: each run leaves out some of the
/// features, and makes much of others).
[[nodiscard]] RunClimate draw_climate(Prng& prng, Weather weather);

}  // namespace homeostat::sim

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::sim::Weather> =
    std::to_array<std::string_view>({"quiet", "calm", "stormy"});
