// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "homeostat/base/result.h"

namespace homeostat {

using Duration = std::chrono::nanoseconds;

/// Wall-clock time as the telemetry reports it: may jump, may arrive late.
/// The tag has no now() on purpose: core code cannot read a clock, it is told the time.
struct EventClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<EventClock>;
    static constexpr bool is_steady = false;
};

/// Monotonic time of the control loop: for cooldowns, deadlines and verification windows.
struct LoopClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<LoopClock>;
    static constexpr bool is_steady = true;
};

using EventTime = EventClock::time_point;
using LoopTime = LoopClock::time_point;

/// The moment of one step of the loop, on both clocks.
struct Instant {
    LoopTime loop{};
    EventTime event{};
};

/// RFC 3339 in UTC with nanoseconds, as in "2026-01-31T12:00:00.000000000Z".
[[nodiscard]] std::string format_rfc3339(EventTime time);

/// Reads RFC 3339 with any fraction and any offset. Errors: `invalid_argument`.
[[nodiscard]] Result<EventTime> parse_rfc3339(std::string_view text);

/// "250ms", "1.5s", "10m": the shortest exact spelling of a duration, as configuration writes it.
[[nodiscard]] std::string format_duration(Duration duration);

/// Reads a number with one of the units ns, us, ms, s, m, h, d. Errors: `invalid_argument`.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

}  // namespace homeostat
