// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "homeostat/model/feature_window.h"
#include "homeostat/twin/state.h"

namespace homeostat::twin {

/// Turns the true flows into the windows that a feature extractor would make of a second's telemetry:
/// counts, quantiles and gauges with the noise of so many samples; nothing from who is silent, and stale
/// windows once it has been silent for kStaleAfterTicks.
class Telemetry {
public:
    static constexpr std::int64_t kStaleAfterTicks = 3;
    static constexpr std::int64_t kForgetAfterTicks = 600;

    /// The windows of the tick that ended: services, then edges, then instances. Valid until the next call.
    /// Reuses its windows, so that a steady world allocates nothing.
    [[nodiscard]] std::span<const model::FeatureWindow> observe(State& state);

private:
    model::FeatureWindow& next(State& state, const model::ServiceId& service, const model::ServiceId* callee,
                               const model::InstanceId* instance);
    void observe_service(State& state, Service& service);
    void observe_edge(State& state, Edge& edge);
    void observe_instance(State& state, const Service& service, Instance& instance);

    std::vector<model::FeatureWindow> windows_;
    std::size_t used_ = 0;
};

}  // namespace homeostat::twin
