// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "homeostat/base/time.h"
#include "homeostat/detect/channel.h"
#include "homeostat/detect/config.h"
#include "homeostat/detect/tail.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/ids.h"

namespace homeostat::detect {

struct Reading;

/// What a service's traffic, latency and CPU should be at this time of its rhythm.
///
/// An additive model in the manner of Prophet (Taylor, Letham, "Forecasting at Scale", 2018): a
/// piecewise-linear trend with change points spread over the history, and Fourier series for the seasons,
/// fitted by ridge regression to averages of `step`. Refitted when the history has grown by half, and
/// every `refit`. A season is used once the history covers two of its periods; without one there is no
/// forecast. The residuals of normal windows calibrate its p-values and its interval.
class Forecaster {
public:
    static constexpr std::array kFeatures = {model::Feature::rate_rps, model::Feature::latency_ms,
                                             model::Feature::cpu_pct};

    struct Forecast {
        std::array<Deviation, kFeatures.size()> deviations;
        std::array<double, kFeatures.size()> surprises{};  // -log10 p, in either direction
        bool ready = false;

        /// Bits of the features that are as forecast and may change for good reasons.
        [[nodiscard]] std::uint32_t explained() const;
        /// -log10 p of the most improbable harm.
        [[nodiscard]] double surprise() const;
    };

    [[nodiscard]] Forecast read(const model::FeatureWindow& window, const Reading& reading,
                                const ForecastConfig& config);
    /// Learns a normal window that read() has seen.
    void learn(const model::FeatureWindow& window, const Reading& reading, const Forecast& forecast,
               const ForecastConfig& config);
    [[nodiscard]] bool ready() const { return !weights_.empty(); }
    /// "forecast-" and the hash of the weights.
    [[nodiscard]] model::ModelVersion version() const;

    template <class A>
    void archive(A& a) {
        a(steps_, step_, sums_, counts_, weights_, origin_, span_, seasons_used_, fitted_at_, fitted_steps_,
          cached_step_, from_, to_, residuals_);
    }

private:
    static constexpr std::size_t kTargets = kFeatures.size();
    using Values = std::array<double, kTargets>;

    struct Step {
        std::int64_t number = 0;  // of steps since the epoch
        std::array<float, kTargets> means{};

        template <class A>
        void archive(A& a) {
            a(number, means);
        }
    };
    struct Residuals {
        double spread = 0;
        std::uint32_t windows = 0;
        Tail tail;

        template <class A>
        void archive(A& a) {
            a(spread, windows, tail);
        }
    };

    void close_step(const ForecastConfig& config);
    void fit(const ForecastConfig& config);
    void fill_row(double at, const ForecastConfig& config, std::vector<double>& row) const;
    [[nodiscard]] Values evaluate(std::int64_t step, const ForecastConfig& config) const;

    std::vector<Step> steps_;  // oldest first
    std::int64_t step_ = 0;    // under way
    Values sums_{};
    std::array<std::uint32_t, kTargets> counts_{};
    std::vector<double> weights_;     // one column a target; empty: no model
    std::int64_t origin_ = 0;         // the step that is time 0 of the trend
    double span_ = 1;                 // steps in its unit of time
    std::uint32_t seasons_used_ = 0;  // bit i: config.seasons[i]
    std::int64_t fitted_at_ = 0;      // step
    std::uint64_t fitted_steps_ = 0;
    std::int64_t cached_step_ = -1;
    Values from_{};  // the forecast at the begin of `cached_step_`
    Values to_{};    // and at its end
    std::array<Residuals, kTargets> residuals_;
};

}  // namespace homeostat::detect
