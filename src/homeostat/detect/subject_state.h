// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "homeostat/base/time.h"
#include "homeostat/detect/channel.h"
#include "homeostat/detect/config.h"
#include "homeostat/detect/memory_trend.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/feature_window.h"

namespace homeostat::detect {

/// Whether a deviation speaks of harm.
[[nodiscard]] bool harms(model::Feature feature, const Deviation& deviation);

/// How a detector sees one window.
struct Reading {
    std::array<Deviation, model::kFeatureCount> deviations;
    std::array<Channel::Reading, model::kFeatureCount> channels;
    Load load;
    double surprise = 0;  // -log10 p of the most improbable harm, for the number of features judged
    std::array<double, model::kFeatureCount> lasting{};  // the same, of features tested over many windows
    std::int32_t judged = 0;                             // features of harm that are past their warm-up
    bool gross = false;

    /// The strongest of the tests over many windows: a leak, failures that go on, silence.
    [[nodiscard]] double lasting_most() const { return *std::ranges::max_element(lasting); }
};

/// Silence of a subject that has traffic: the number of requests that should have come since the last.
class Silence {
public:
    /// -log10 of the p-value of the silence so far, given the longest normal one.
    [[nodiscard]] double surprise() const;
    void see(double rate_rps, double expected_rps);
    /// To be called for normal windows; a silence counts as normal once it has ended in one.
    void learn();
    void restart() { expected_ = peak_ = 0; }

    template <class A>
    void archive(A& a) {
        a(expected_, peak_, longest_);
    }

private:
    double expected_ = 0;
    double peak_ = 0;     // of this or the last silence
    double longest_ = 0;  // of normal ones
};

/// All that is learned of one subject, and how it judges a window.
class SubjectState {
public:
    [[nodiscard]] Reading read(const model::FeatureWindow& window) const;
    /// Fills in how surprising the reading is. Features in `explained` (bits) are as another model, which
    /// knows more of them, expects them: they count for nothing.
    void weigh(const model::FeatureWindow& window, const DetectConfig& config, std::uint32_t explained,
               Reading& reading);
    void learn(const model::FeatureWindow& window, const Reading& reading);
    /// Keeps the scores of a suspected window until it is known whether they were normal.
    void suspect(const Reading& reading, const model::FeatureWindow& window);
    void suspicion_was_vain();
    void suspicion_was_right();

    void expect_change() { replicas_.expect_change(); }
    /// Takes `window` for the new normal; of errors and latency only if `all`.
    void restart(const model::FeatureWindow& window, bool all);

    [[nodiscard]] Baseline baseline() const;
    [[nodiscard]] Range range(model::Feature feature, const Load& load) const;
    /// -log10 of the p-value of one feature's deviation.
    [[nodiscard]] double surprise(model::Feature feature, const Deviation& deviation) const;
    [[nodiscard]] std::int64_t windows() const { return windows_; }

    template <class A>
    void archive(A& a) {
        a(channels_, errors_, error_run_, replicas_, memory_, climb_, silence_, suspected_, suspects_,
          windows_, load_.requests, load_.growth, load_.spread);
    }

private:
    [[nodiscard]] Load load_of(const model::FeatureWindow& window) const;
    [[nodiscard]] std::uint32_t windows_of(model::Feature feature) const;
    void read_lasting(const model::FeatureWindow& window, std::uint32_t warm_up, Reading& reading);
    void read_feature(model::Feature feature, double value, Reading& reading) const;

    static constexpr std::size_t kSuspectsMax = 4;
    std::array<Channel, model::kFeatureCount> channels_;
    ErrorChannel errors_;
    ErrorRun error_run_;
    ReplicaChannel replicas_;
    std::array<MemoryTrend, 3> memory_{MemoryTrend{1}, MemoryTrend{10}, MemoryTrend{120}};
    MemoryClimb climb_;
    Silence silence_;
    std::array<std::array<float, model::kFeatureCount>, kSuspectsMax> suspected_{};  // scores
    std::uint8_t suspects_ = 0;
    std::int64_t windows_ = 0;
    Load load_;  // of the last normal window
};

}  // namespace homeostat::detect
