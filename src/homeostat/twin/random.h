// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include "homeostat/base/prng.h"

/// Distributions over the seeded generator, fast enough for several draws a window.
namespace homeostat::twin {

/// Uniform in (0, 1).
[[nodiscard]] inline double uniform(Prng& prng) {
    return (static_cast<double>(prng.next() >> 12U) + 0.5) * 0x1.0p-52;
}

[[nodiscard]] inline double uniform(Prng& prng, double low, double high) {
    return low + (high - low) * uniform(prng);
}

/// Uniform in the logarithm: as many values in [1, 10] as in [10, 100].
[[nodiscard]] inline double log_uniform(Prng& prng, double low, double high) {
    return low * std::exp(uniform(prng) * std::log(high / low));
}

/// The quantile function of the standard normal, within 1.2e-9 relative (Acklam's rational approximation).
[[nodiscard]] inline double normal_quantile(double p) {
    const auto tail = [](double q) {
        const double numerator =
            ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
              2.549732539343734e+00) *
                 q +
             4.374664141464968e+00) *
                q +
            2.938163982698783e+00;
        const double denominator =
            (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q +
             3.754408661907416e+00) *
                q +
            1.0;
        return numerator / denominator;
    };
    constexpr double kLow = 0.02425;
    if (p < kLow) return tail(std::sqrt(-2.0 * std::log(p)));
    if (p > 1.0 - kLow) return -tail(std::sqrt(-2.0 * std::log(1.0 - p)));
    const double q = p - 0.5;
    const double r = q * q;
    const double numerator =
        (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
           1.383577518672690e+02) *
              r -
          3.066479806614716e+01) *
             r +
         2.506628277459239e+00) *
        q;
    const double denominator =
        ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
          6.680131188771972e+01) *
             r -
         1.328068155288572e+01) *
            r +
        1.0;
    return numerator / denominator;
}

[[nodiscard]] inline double normal(Prng& prng) {
    return normal_quantile(uniform(prng));
}

/// A Poisson count; above a mean of 16 its normal approximation.
[[nodiscard]] inline double poisson(Prng& prng, double mean) {
    constexpr double kNormalAbove = 16.0;
    if (mean <= 0.0) return 0.0;
    if (mean > kNormalAbove) return std::max(0.0, std::floor(mean + std::sqrt(mean) * normal(prng) + 0.5));
    double term = std::exp(-mean);
    double rest = uniform(prng) - term;
    double count = 0.0;
    while (rest > 0.0 && count < 100.0) {
        count += 1.0;
        term *= mean / count;
        rest -= term;
    }
    return count;
}

/// One step of a stationary first-order autoregressive noise with standard deviation `sigma`.
[[nodiscard]] inline double drift(Prng& prng, double previous, double keep, double sigma) {
    return keep * previous + sigma * std::sqrt(1.0 - keep * keep) * normal(prng);
}

}  // namespace homeostat::twin
