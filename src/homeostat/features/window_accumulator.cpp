// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/window_accumulator.h"

#include <algorithm>
#include <cmath>

namespace homeostat::features {

namespace {

constexpr double kFixedScale = 1e6;
constexpr double kLargestReading = 1e6;  // nine million of them fit the sum
constexpr Duration kLongestLatency = std::chrono::hours{1};

}  // namespace

Second second_of(EventTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

EventTime start_of(Second second) {
    return EventTime{std::chrono::seconds{second}};
}

void FixedMean::add(double value) {
    sum_ += std::llround(std::min(value, kLargestReading) * kFixedScale);
    ++count_;
}

std::optional<double> FixedMean::mean() const {
    if (count_ == 0) return std::nullopt;
    return static_cast<double>(sum_) / static_cast<double>(count_) / kFixedScale;
}

void keep_newest(std::optional<CounterReading>& kept, const CounterReading& reading) {
    const bool newer =
        !kept || reading.at > kept->at || (reading.at == kept->at && reading.value > kept->value);
    if (newer) kept = reading;
}

void WindowAccumulator::add_latency(Duration latency) {
    const auto nanoseconds = std::clamp(latency, Duration{}, kLongestLatency).count();
    latencies.add(nanoseconds);
    latency_sum_ns += nanoseconds;
}

void WindowAccumulator::clear() {
    latencies.clear();
    latency_sum_ns = 0;
    requests = errors = restarts = error_logs = new_templates = 0;
    cpu_pct = in_flight = {};
    mem_mb.reset();
    cpu_seconds.reset();
    restarts_total.reset();
    version.reset();
    version_at = {};
}

void Totals::append(const Totals& next) {
    seconds += next.seconds;
    requests += next.requests;
    errors += next.errors;
    restarts += next.restarts;
    replicas = std::max(replicas, next.replicas);
    error_logs += next.error_logs;
    new_templates += next.new_templates;
    latency_sum_ns += next.latency_sum_ns;
    in_flight_sum += next.in_flight_sum;
    cpu_pct_sum += next.cpu_pct_sum;
    cpu_readings += next.cpu_readings;
    if (next.mem_mb) mem_mb = std::max(mem_mb.value_or(0), *next.mem_mb);
}

model::FeatureValues call_features(const Totals& totals, const LatencySketch& latencies) {
    using model::Feature;
    model::FeatureValues values;
    const auto seconds = static_cast<double>(std::max<std::uint64_t>(totals.seconds, 1));
    values.set(Feature::rate_rps, static_cast<double>(totals.requests) / seconds);
    values.set(Feature::in_flight, totals.in_flight_sum / seconds);
    if (totals.requests > 0) {
        values.set(Feature::error_rate,
                   static_cast<double>(totals.errors) / static_cast<double>(totals.requests));
    }
    if (latencies.count() > 0) {
        const auto mean_ns =
            static_cast<double>(totals.latency_sum_ns) / static_cast<double>(latencies.count());
        values.set(Feature::latency_ms, mean_ns / kNanosecondsPerMillisecond);
        values.set(Feature::latency_p50_ms, latencies.quantile(0.50) / kNanosecondsPerMillisecond);
        values.set(Feature::latency_p95_ms, latencies.quantile(0.95) / kNanosecondsPerMillisecond);
        values.set(Feature::latency_p99_ms, latencies.quantile(0.99) / kNanosecondsPerMillisecond);
    }
    return values;
}

void add_resource_features(const Totals& totals, model::FeatureValues& values) {
    using model::Feature;
    const auto seconds = static_cast<double>(std::max<std::uint64_t>(totals.seconds, 1));
    if (totals.cpu_readings > 0) {
        values.set(Feature::cpu_pct, totals.cpu_pct_sum / static_cast<double>(totals.cpu_readings));
    }
    if (totals.mem_mb) values.set(Feature::mem_mb, *totals.mem_mb);
    values.set(Feature::restarts, static_cast<double>(totals.restarts));
    values.set(Feature::log_error_rate, static_cast<double>(totals.error_logs) / seconds);
    values.set(Feature::new_log_templates, static_cast<double>(totals.new_templates));
}

}  // namespace homeostat::features
