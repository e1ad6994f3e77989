// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "homeostat/base/time.h"

namespace homeostat::bench {

/// Event number `number` of `telemetry.raw`, of one of 50 services, with twenty requests. No two are equal,
/// so that none is a repetition.
inline std::string event_text(std::uint64_t number, EventTime at) {
    constexpr int kRequests = 20;
    const double seconds = std::chrono::duration<double>(at.time_since_epoch()).count();
    auto text =
        fmt::format(R"({{"service":"payment-{}","timestamp":{:.6f},"latencies_ms":[)", number % 50, seconds);
    for (int i = 0; i < kRequests; ++i)
        text += fmt::format("{}{}.{:03}", i > 0 ? "," : "", 10 + i, (number * 7919 + 13U) % 1000);
    text += R"(],"responses":[)";
    for (int i = 0; i < kRequests; ++i) text += fmt::format(R"({}{{"status":200}})", i > 0 ? "," : "");
    text += fmt::format(R"(],"cpu_percent":{}.{:03},"memory_mb":{},"deployment_version":"1.4.2"}})",
                        30 + number % 7, number * 31 % 1000, 500 + number % 11);
    return text;
}

}  // namespace homeostat::bench
