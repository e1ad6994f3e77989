// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/forest_detector.h"

#include <algorithm>
#include <cmath>

#include "homeostat/base/check.h"
#include "homeostat/base/prng.h"
#include "homeostat/detect/numeric.h"

namespace homeostat::detect {

using model::Feature;

namespace {

constexpr double kLn10 = 2.302585092994045684;
constexpr std::array<Feature, ForestDetector::kFeatures> kRowFeatures = {
    Feature::rate_rps,       Feature::error_rate, Feature::latency_ms, Feature::latency_p50_ms,
    Feature::latency_p95_ms, Feature::cpu_pct,    Feature::mem_mb,     Feature::in_flight};
constexpr float kScoreMax = 20;           // residuals beyond are all the same to a forest
constexpr std::uint64_t kKeepOneIn = 16;  // rows of neighbouring windows are alike
constexpr double kTailShare = 0.05;

}  // namespace

ForestDetector::ForestDetector(const ForestConfig& config) : config_(config) {}

ForestDetector::Row ForestDetector::row_of(const Reading& reading) {
    Row row{};
    for (std::size_t i = 0; i < kFeatures; ++i) {
        const auto score =
            static_cast<float>(reading.deviations[static_cast<std::size_t>(kRowFeatures[i])].score);
        row[i] = std::clamp(score, -kScoreMax, kScoreMax);
    }
    return row;
}

double ForestDetector::surprise(const Row& row) const {
    if (!ready()) return 0;
    const double score = forest_.score(row);
    const auto above =
        static_cast<double>(calibration_.end() - std::ranges::lower_bound(calibration_, score));
    const auto size = static_cast<double>(calibration_.size());
    const auto tail = static_cast<std::size_t>(size * (1 - kTailShare));
    const double threshold = calibration_[tail];
    if (score <= threshold) return -numeric::log((above + 1) / (size + 1)) / kLn10;
    double excess = 0;
    for (std::size_t i = tail; i < calibration_.size(); ++i) excess += calibration_[i] - threshold;
    excess = std::max(excess / static_cast<double>(calibration_.size() - tail), 1e-3);
    return (-numeric::log(kTailShare) + (score - threshold) / excess) / kLn10;
}

void ForestDetector::learn(const Row& row) {
    // The generator is seeded by the count of rows, so that the count is all there is to save.
    Prng random(static_cast<std::uint64_t>(config_.seed) ^ static_cast<std::uint64_t>(++seen_) << 20U);
    if (!ready() || random.below(kKeepOneIn) == 0) {
        const auto capacity = static_cast<std::size_t>(config_.reservoir);
        if (rows_.size() < capacity) {
            rows_.push_back(row);
        } else {
            rows_[random.below(capacity)] = row;  // forgets at random, so recent rows prevail
        }
    }
    const auto wanted = std::max(2 * static_cast<std::uint64_t>(config_.sample), 2 * grown_from_);
    const bool outdated = ready() && seen_ - grown_at_ >= config_.refresh_windows;
    if (rows_.size() >= wanted || outdated) grow();
}

void ForestDetector::grow() {
    grown_at_ = seen_;
    grown_from_ = rows_.size();
    std::vector<float> growing;
    std::vector<float> calibrating;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        auto& half = i % 2 == 0 ? growing : calibrating;
        half.insert(half.end(), rows_[i].begin(), rows_[i].end());
    }
    auto forest = IsolationForest::grow(growing, {.features = kFeatures,
                                                  .trees = config_.trees,
                                                  .sample = config_.sample,
                                                  .seed = static_cast<std::uint64_t>(config_.seed + seen_)});
    HOMEOSTAT_CHECK(forest.has_value());  // create() checked the options, and rows are finite
    forest_ = *std::move(forest);
    calibration_.resize(calibrating.size() / kFeatures);
    forest_.score(calibrating, calibration_);
    std::ranges::sort(calibration_);
}

}  // namespace homeostat::detect
