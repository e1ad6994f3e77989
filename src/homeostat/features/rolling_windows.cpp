// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/rolling_windows.h"

namespace homeostat::features {

const RollingWindows::ObservedSecond& RollingWindows::ago(std::size_t seconds) const {
    return ring_[(newest_ + kSeconds - seconds) % kSeconds];
}

RollingWindows::ObservedSecond& RollingWindows::move_on() {
    for (std::size_t which = 0; which < kLengths.size(); ++which) {
        for (const auto bucket : ago(kLengths[which] - 1).latencies) sketches_[which].remove(bucket);
    }
    newest_ = (newest_ + 1) % kSeconds;
    return ring_[newest_];
}

void RollingWindows::push(const Totals& totals, const LatencySketch& latencies) {
    auto& second = move_on();
    second.totals = totals;
    latencies.copy_to(second.latencies);
    for (auto& sketch : sketches_) {
        for (const auto bucket : second.latencies) sketch.add(bucket);
    }
}

void RollingWindows::push_gap() {
    auto& second = move_on();
    second.totals = {};
    second.latencies.clear();
}

model::FeatureValues RollingWindows::features(std::size_t which) const {
    Totals totals;
    for (std::size_t i = kLengths[which]; i-- > 0;) totals.append(ago(i).totals);
    auto values = call_features(totals, sketches_[which]);
    add_resource_features(totals, values);
    values.set(model::Feature::replicas, static_cast<double>(totals.replicas));
    return values;
}

}  // namespace homeostat::features
