// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "homeostat/features/window_accumulator.h"

namespace homeostat::features {

/// The last 10 and 60 seconds of one service, moved on a second at a time. Counts are whole numbers, so
/// what leaves a window is taken out exactly. A second without a report leaves a gap; the features are
/// those of the seconds that were observed.
class RollingWindows {
public:
    static constexpr std::array<std::size_t, 2> kLengths{10, 60};  // seconds

    /// Appends the second after the last one.
    void push(const Totals& totals, const LatencySketch& latencies);
    void push_gap();

    /// The features of the last `kLengths[which]` seconds.
    [[nodiscard]] model::FeatureValues features(std::size_t which) const;

private:
    static constexpr std::size_t kSeconds = 60;
    struct ObservedSecond {
        Totals totals;
        std::vector<LatencySketch::Bucket> latencies;
    };

    [[nodiscard]] const ObservedSecond& ago(std::size_t seconds) const;
    ObservedSecond& move_on();

    std::array<ObservedSecond, kSeconds> ring_{};
    std::array<LatencySketch, kLengths.size()> sketches_{};
    std::size_t newest_ = 0;
};

}  // namespace homeostat::features
