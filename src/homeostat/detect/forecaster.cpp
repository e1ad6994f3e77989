// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/forecaster.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "homeostat/base/hash.h"
#include "homeostat/detect/numeric.h"
#include "homeostat/detect/subject_state.h"

namespace homeostat::detect {

using model::Feature;

namespace {

constexpr std::size_t kStepsMin = 20;
constexpr std::uint32_t kResidualsMin = 300;  // windows that calibrate a new model before it is asked
constexpr double kSpreadWindows = 1800;
constexpr double kClip = 3;
constexpr double kExplainedSurprise = 1;       // p > 0.1: as forecast
constexpr double kFeaturesCorrection = 0.477;  // log10 of the number of features: Bonferroni
constexpr double kDeviationToSpread = 1.2533;

std::int64_t step_of(EventTime time, const ForecastConfig& config) {
    return (time.time_since_epoch() - Duration{1}) / config.step;  // a window belongs to where it lies
}

double scaled_of(const Reading& reading, Feature feature) {
    return reading.channels[static_cast<std::size_t>(feature)].scaled;
}

}  // namespace

std::uint32_t Forecaster::Forecast::explained() const {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kFeatures.size() && ready; ++i) {
        const bool expected = surprises[i] < kExplainedSurprise;
        if (expected && rule_of(kFeatures[i]).returns) bits |= 1U << static_cast<std::uint32_t>(kFeatures[i]);
    }
    return bits;
}

double Forecaster::Forecast::surprise() const {
    double worst = 0;
    for (std::size_t i = 0; i < kFeatures.size() && ready; ++i) {
        if (harms(kFeatures[i], deviations[i])) worst = std::max(worst, surprises[i]);
    }
    return std::max(0.0, worst - kFeaturesCorrection);
}

Forecaster::Forecast Forecaster::read(const model::FeatureWindow& window, const Reading& reading,
                                      const ForecastConfig& config) {
    Forecast forecast;
    if (!ready()) return forecast;
    const auto step = step_of(window.end, config);
    if (step != cached_step_) {
        from_ = evaluate(step, config);
        to_ = evaluate(step + 1, config);
        cached_step_ = step;
    }
    const auto begin = EventTime{config.step * step};
    const double share =
        static_cast<double>((window.end - begin).count()) / static_cast<double>(config.step.count());
    forecast.ready = true;
    for (std::size_t i = 0; i < kTargets; ++i) {
        const auto feature = kFeatures[i];
        if (!window.values.has(feature)) continue;
        const double expected = from_[i] + (to_[i] - from_[i]) * share;
        const auto& rule = rule_of(feature);
        const double factor =
            std::max(residuals_[i].spread, rule.scale_min) * spread_factor(rule, reading.load);
        forecast.deviations[i] = deviation_from(rule, scaled_of(reading, feature), expected, factor);
        if (residuals_[i].windows < kResidualsMin) forecast.ready = false;
        forecast.surprises[i] = residuals_[i].tail.surprise(std::abs(forecast.deviations[i].score));
    }
    return forecast;
}

void Forecaster::learn(const model::FeatureWindow& window, const Reading& reading, const Forecast& forecast,
                       const ForecastConfig& config) {
    const auto step = step_of(window.end, config);
    if (step != step_) {
        close_step(config);
        step_ = step;
    }
    for (std::size_t i = 0; i < kTargets; ++i) {
        const auto feature = kFeatures[i];
        if (!window.values.has(feature)) continue;
        sums_[i] += scaled_of(reading, feature);
        ++counts_[i];
        if (!ready()) continue;
        auto& residual = residuals_[i];
        const double score = std::abs(forecast.deviations[i].score);
        const double unit = std::max(residual.spread, rule_of(feature).scale_min);
        const double deviation = std::min(score, kClip) * unit * kDeviationToSpread;
        residual.spread += (deviation - residual.spread) / std::min(residual.windows + 20.0, kSpreadWindows);
        if (residual.windows >= kResidualsMin / 2) residual.tail.learn(score);
        ++residual.windows;
    }
}

void Forecaster::close_step(const ForecastConfig& config) {
    const auto complete = std::ranges::all_of(counts_, [](auto count) { return count > 0; });
    if (complete) {
        Step step{.number = step_};
        for (std::size_t i = 0; i < kTargets; ++i) step.means[i] = static_cast<float>(sums_[i] / counts_[i]);
        if (steps_.size() == static_cast<std::size_t>(config.history)) steps_.erase(steps_.begin());
        steps_.push_back(step);
    }
    sums_ = {};
    counts_ = {};
    if (steps_.size() < kStepsMin) return;
    const bool grown = steps_.size() >= fitted_steps_ + fitted_steps_ / 2;
    const bool due = (step_ - fitted_at_) * config.step >= config.refit;
    if (grown || due) fit(config);
}

/// Columns: 1; time; hinges of the trend at the change points; cosine and sine of each harmonic.
void Forecaster::fill_row(double at, const ForecastConfig& config, std::vector<double>& row) const {
    row.clear();
    const double time = (at - static_cast<double>(origin_)) / span_;
    row.push_back(1);
    row.push_back(time);
    for (std::int32_t i = 1; i <= config.change_points; ++i) {
        // The last fifth has none: a trend that few steps speak for must not be extrapolated.
        row.push_back(std::max(0.0, time - 0.8 * i / (config.change_points + 1)));
    }
    for (std::size_t s = 0; s < config.seasons.size(); ++s) {
        if ((seasons_used_ >> s & 1U) == 0) continue;
        const auto& season = config.seasons[s];
        const double turns =
            at * (static_cast<double>(config.step.count()) / static_cast<double>(season.period.count()));
        for (std::int32_t k = 1; k <= season.order; ++k) {
            row.push_back(numeric::cos_turns(turns * k));
            row.push_back(numeric::sin_turns(turns * k));
        }
    }
}

void Forecaster::fit(const ForecastConfig& config) {
    fitted_at_ = step_;
    fitted_steps_ = steps_.size();
    const auto covered = (steps_.back().number - steps_.front().number + 1) * config.step;
    seasons_used_ = 0;
    for (std::size_t s = 0; s < config.seasons.size(); ++s) {
        if (covered >= 2 * config.seasons[s].period) seasons_used_ |= 1U << s;
    }
    if (seasons_used_ == 0) return weights_.clear();
    origin_ = steps_.front().number;
    span_ = static_cast<double>(std::max<std::int64_t>(1, steps_.back().number - origin_));

    std::vector<double> row;
    fill_row(0, config, row);
    const auto columns = static_cast<Eigen::Index>(row.size());
    Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(columns, columns);
    Eigen::MatrixXd right = Eigen::MatrixXd::Zero(columns, kTargets);
    for (const auto& step : steps_) {
        fill_row(static_cast<double>(step.number) + 0.5, config, row);
        const Eigen::Map<const Eigen::VectorXd> x(row.data(), columns);
        gram.selfadjointView<Eigen::Lower>().rankUpdate(x);
        for (std::size_t i = 0; i < kTargets; ++i)
            right.col(static_cast<Eigen::Index>(i)) += x * static_cast<double>(step.means[i]);
    }
    // The level is free; the trend and the seasons must earn their size.
    for (Eigen::Index i = 1; i < columns; ++i) gram(i, i) += config.ridge;
    const Eigen::MatrixXd solved = gram.selfadjointView<Eigen::Lower>().ldlt().solve(right);
    if (!solved.allFinite()) return weights_.clear();
    const bool changed_shape = weights_.size() != static_cast<std::size_t>(solved.size());
    weights_.assign(solved.data(), solved.data() + solved.size());
    cached_step_ = -1;
    if (!changed_shape) return;
    for (std::size_t i = 0; i < kTargets; ++i) residuals_[i] = {.spread = rule_of(kFeatures[i]).scale_prior};
}

Forecaster::Values Forecaster::evaluate(std::int64_t step, const ForecastConfig& config) const {
    std::vector<double> row;
    fill_row(static_cast<double>(step), config, row);
    Values values{};
    if (row.size() * kTargets != weights_.size()) return values;
    for (std::size_t i = 0; i < kTargets; ++i) {
        for (std::size_t c = 0; c < row.size(); ++c) values[i] += row[c] * weights_[i * row.size() + c];
    }
    return values;
}

model::ModelVersion Forecaster::version() const {
    const std::string_view bytes(reinterpret_cast<const char*>(weights_.data()),
                                 weights_.size() * sizeof(double));
    return model::ModelVersion{"forecast-" + to_hex(hash64(bytes))};
}

}  // namespace homeostat::detect
