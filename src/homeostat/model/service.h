// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "homeostat/base/codec.h"
#include "homeostat/base/setting.h"
#include "homeostat/model/ids.h"

namespace homeostat::model {

enum class Criticality : std::uint8_t { low, medium, high, critical };

/// A promise about a service, in the terms of its own features.
struct Slo {
    double availability = 0.999;           // share of good requests
    std::optional<double> latency_p99_ms;  // a request slower than this is no good one

    static constexpr auto describe() {
        return std::tuple{field("availability", &Slo::availability),
                          field("latency_p99_ms", &Slo::latency_p99_ms)};
    }
    static constexpr auto schema() {
        return std::tuple{
            setting("availability", &Slo::availability, "Share of requests that must be good.",
                    {.min = 0, .max = 1}),
            setting("latency_p99_ms", &Slo::latency_p99_ms,
                    "A request slower than this many milliseconds is no good one.", {.min = 0})};
    }
    friend bool operator==(const Slo&, const Slo&) = default;
};

/// What people say about a service; what the telemetry says is learned.
struct ServiceFacts {
    ServiceId service;
    std::optional<std::string> owner;
    Criticality criticality = Criticality::medium;
    std::optional<Slo> slo;

    static constexpr auto describe() {
        return std::tuple{field("service", &ServiceFacts::service), field("owner", &ServiceFacts::owner),
                          field("criticality", &ServiceFacts::criticality), field("slo", &ServiceFacts::slo)};
    }
    static constexpr auto schema() {
        return std::tuple{setting("name", &ServiceFacts::service, "The service, as its telemetry names it.",
                                  {.required = true}),
                          setting("owner", &ServiceFacts::owner, "The team to call."),
                          setting("criticality", &ServiceFacts::criticality, "What an outage of it costs."),
                          setting("slo", &ServiceFacts::slo, "What its users were promised.")};
    }
    friend bool operator==(const ServiceFacts&, const ServiceFacts&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::Criticality> =
    std::to_array<std::string_view>({"low", "medium", "high", "critical"});
