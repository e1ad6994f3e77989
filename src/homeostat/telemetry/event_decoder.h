// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "homeostat/base/result.h"
#include "homeostat/model/signal.h"

namespace homeostat::telemetry {

/// Reads the JSON event of the topic `telemetry.raw`:
///
///     {"service": "payment", "timestamp": "2026-01-31T12:00:00Z" | 1769860800.25,
///      "latencies_ms": [12.5, 9], "responses": [{"status": 200}, {"status": 500}],
///      "cpu_percent": 41.5, "memory_mb": 512, "deployment_version": "1.4.2"}
///
/// `deployment_version` may be absent or null; a number as timestamp is in Unix seconds; members of other
/// names are skipped. Keeps its buffers, so that nothing allocates in a steady state. One thread at a time.
class EventDecoder {
public:
    /// A larger text is refused before it is read.
    static constexpr std::size_t kTextMax = std::size_t{4} << 20U;

    EventDecoder();
    ~EventDecoder();
    EventDecoder(const EventDecoder&) = delete;
    EventDecoder& operator=(const EventDecoder&) = delete;
    EventDecoder(EventDecoder&&) noexcept;
    EventDecoder& operator=(EventDecoder&&) noexcept;

    /// The event's views are valid until the next call. Errors: `invalid_argument` naming the member that
    /// is missing or wrong, `resource_exhausted` beyond kTextMax.
    [[nodiscard]] Result<model::ServiceEvent> decode(std::string_view text);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::telemetry
