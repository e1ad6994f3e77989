// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/tail.h"

#include <algorithm>

#include "homeostat/detect/numeric.h"

namespace homeostat::detect {
namespace {

constexpr double kLn10 = 2.302585092994045684;
constexpr std::uint16_t kWindowsMax = 3600;  // the history that the frequencies remember
constexpr std::uint16_t kExcessesMax = 200;
constexpr double kShapeMin = 0.02;
constexpr double kShapeMax = 0.4;
constexpr double kScaleMin = 0.35;
constexpr double kFrequencyMin = 5e-4;

}  // namespace

Tail::Pareto Tail::pareto() const {
    const double mean = mean_excess_;
    const double variance = std::max(static_cast<double>(mean_square_) - mean * mean, 1e-6);
    const double ratio = mean * mean / variance;
    const double shape = std::clamp((1 - ratio) / 2, kShapeMin, kShapeMax);
    return {.shape = shape, .scale = std::max(mean * (1 - shape), kScaleMin)};
}

double Tail::surprise(double score) const {
    if (score <= kLower) return 0;
    const double lower = -numeric::log(std::max<double>(above_lower_, kFrequencyMin)) / kLn10;
    const double upper =
        std::max(lower, -numeric::log(std::max<double>(above_upper_, kFrequencyMin)) / kLn10);
    if (score <= kUpper) return lower + (upper - lower) * (score - kLower) / (kUpper - kLower);
    const auto [shape, scale] = pareto();
    return upper + numeric::log(1 + shape * (score - kUpper) / scale) / shape / kLn10;
}

double Tail::quantile(double p) const {
    const double wanted = -numeric::log(p) / kLn10;
    const double upper = surprise(kUpper);
    if (wanted <= upper) {
        const double lower = surprise(kLower + 1e-9);
        if (wanted <= lower || upper <= lower) return kLower;
        return kLower + (kUpper - kLower) * (wanted - lower) / (upper - lower);
    }
    const auto [shape, scale] = pareto();
    return kUpper + scale * (numeric::exp((wanted - upper) * kLn10 * shape) - 1) / shape;
}

void Tail::learn(double score) {
    const float weight = 1.0F / static_cast<float>(windows_);
    windows_ = std::min<std::uint16_t>(static_cast<std::uint16_t>(windows_ + 1), kWindowsMax);
    above_lower_ += weight * ((score > kLower ? 1.0F : 0.0F) - above_lower_);
    above_upper_ += weight * ((score > kUpper ? 1.0F : 0.0F) - above_upper_);
    if (score <= kUpper) return;
    const auto excess = static_cast<float>(std::min(score - kUpper, 50.0));
    const float share = 1.0F / static_cast<float>(excesses_);
    excesses_ = std::min<std::uint16_t>(static_cast<std::uint16_t>(excesses_ + 1), kExcessesMax);
    mean_excess_ += share * (excess - mean_excess_);
    mean_square_ += share * (excess * excess - mean_square_);
}

}  // namespace homeostat::detect
