// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "homeostat/base/time.h"
#include "homeostat/features/latency_sketch.h"
#include "homeostat/model/feature_window.h"

namespace homeostat::features {

/// The number of a whole second of event time: the name of a one-second window.
using Second = std::int64_t;

inline constexpr double kNanosecondsPerMillisecond = 1e6;

[[nodiscard]] Second second_of(EventTime time);
[[nodiscard]] EventTime start_of(Second second);

/// The mean of readings, summed in millionths so that it does not depend on the order of arrival.
class FixedMean {
public:
    void add(double value);
    [[nodiscard]] std::optional<double> mean() const;

private:
    std::int64_t sum_ = 0;
    std::int64_t count_ = 0;
};

/// The newest reading of a counter that only grows.
struct CounterReading {
    EventTime at{};
    double value = 0;
};

/// Keeps the newer of two readings; of two at one moment the larger.
void keep_newest(std::optional<CounterReading>& kept, const CounterReading& reading);

/// What one instance or one edge reported within one second.
struct WindowAccumulator {
    LatencySketch latencies;
    std::int64_t latency_sum_ns = 0;
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    std::uint64_t restarts = 0;
    std::uint64_t error_logs = 0;
    std::uint64_t new_templates = 0;
    FixedMean cpu_pct;
    FixedMean in_flight;
    std::optional<double> mem_mb;               // largest reading
    std::optional<CounterReading> cpu_seconds;  // cumulative, newest reading
    std::optional<CounterReading> restarts_total;
    std::optional<std::uint16_t> version;  // index in the service's list, of the newest signal
    EventTime version_at{};

    void add_latency(Duration latency);
    void clear();
};

/// The sums behind the features of a window of any length, without the latencies' sketch.
struct Totals {
    std::uint64_t seconds = 0;  // that were observed
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    std::uint64_t restarts = 0;
    std::uint64_t replicas = 0;  // most at once
    std::uint64_t error_logs = 0;
    std::uint64_t new_templates = 0;
    std::int64_t latency_sum_ns = 0;
    double in_flight_sum = 0;  // over the seconds
    double cpu_pct_sum = 0;    // over `cpu_readings`
    std::uint64_t cpu_readings = 0;
    std::optional<double> mem_mb;  // largest

    /// Appends the totals of another stretch of time.
    void append(const Totals& next);
};

/// Rate, errors, latencies and requests in flight: what every kind of subject has.
[[nodiscard]] model::FeatureValues call_features(const Totals& totals, const LatencySketch& latencies);
/// Adds what only services and instances have: CPU, memory, restarts and logs.
void add_resource_features(const Totals& totals, model::FeatureValues& values);

}  // namespace homeostat::features
