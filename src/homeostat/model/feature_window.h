// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/subject.h"

namespace homeostat::model {

/// The features of a window. The names are the wire names of the topic `telemetry.features`.
enum class Feature : std::uint8_t {
    rate_rps,    // requests a second
    error_rate,  // failed / all requests, [0, 1]
    latency_ms,  // mean
    latency_p50_ms,
    latency_p95_ms,
    latency_p99_ms,
    cpu_pct,            // of one core; a service's is the mean over its instances
    mem_mb,             // resident; a service's is the largest of its instances
    in_flight,          // mean number of requests being served at once (Little's law)
    restarts,           // restarts seen in the window
    replicas,           // instances that reported in the window
    log_error_rate,     // log records of severity ERROR or above, a second
    new_log_templates,  // templates never seen before this window
};
inline constexpr std::size_t kFeatureCount = 13;

/// One value for each feature that the window has. Fixed size: copying it never allocates.
class FeatureValues {
public:
    [[nodiscard]] bool has(Feature feature) const { return (present_ & bit(feature)) != 0; }
    [[nodiscard]] std::optional<double> get(Feature feature) const {
        return has(feature) ? std::optional(values_[index(feature)]) : std::nullopt;
    }
    /// The value, or `otherwise` where the window has none.
    [[nodiscard]] double get_or(Feature feature, double otherwise) const {
        return has(feature) ? values_[index(feature)] : otherwise;
    }
    void set(Feature feature, double value) {
        values_[index(feature)] = value;
        present_ |= bit(feature);
    }
    friend bool operator==(const FeatureValues&, const FeatureValues&) = default;

private:
    static constexpr std::size_t index(Feature feature) { return static_cast<std::size_t>(feature); }
    static constexpr std::uint32_t bit(Feature feature) { return 1U << index(feature); }

    std::array<double, kFeatureCount> values_{};
    std::uint32_t present_ = 0;
};

/// Absence of telemetry is a state of its own: a stale window has no values, and nothing is concluded
/// from it but that we do not see.
enum class Freshness : std::uint8_t { fresh, stale };

/// The features of one subject over [end - length, end).
struct FeatureWindow {
    Subject subject;
    EventTime end{};
    Duration length{};
    Freshness freshness = Freshness::fresh;
    FeatureValues values;
    std::optional<DeploymentVersion> version;  // the newest version that reported in the window

    friend bool operator==(const FeatureWindow&, const FeatureWindow&) = default;
};

}  // namespace homeostat::model

namespace homeostat {

template <>
inline constexpr auto kEnumNames<model::Feature> = std::to_array<std::string_view>(
    {"rate_rps", "error_rate", "latency_ms", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "cpu_pct",
     "mem_mb", "in_flight", "restarts", "replicas", "log_error_rate", "new_log_templates"});
static_assert(kEnumNames<model::Feature>.size() == model::kFeatureCount);

template <>
inline constexpr auto kEnumNames<model::Freshness> = std::to_array<std::string_view>({"fresh", "stale"});

/// The record of `telemetry.features`: service, timestamp (the window's end) and one member a feature.
template <>
struct JsonCodec<model::FeatureWindow> {
    static json::Value write(const model::FeatureWindow& window);
    static Result<> read(const json::Value& json, model::FeatureWindow& out);
};

}  // namespace homeostat
