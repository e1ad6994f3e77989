// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

/// Elementary functions that give the same bits on every machine, which those of the C library do not
/// promise, and cost a few nanoseconds. Relative error below 1e-9 in the ranges given.
namespace homeostat::detect::numeric {

/// Natural logarithm of a positive, normal number.
[[nodiscard]] inline double log(double x) {
    constexpr double kLn2 = 0.693147180559945309417;
    constexpr std::uint64_t kMantissa = 0x000fffffffffffffULL;
    constexpr std::uint64_t kSqrtHalf = 0x0006a09e667f3bcdULL;  // mantissa of sqrt(2): centres the range
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const std::uint64_t mantissa = bits & kMantissa;
    const bool upper = mantissa > kSqrtHalf;
    const auto exponent = static_cast<int>(bits >> 52U) - 1023 + (upper ? 1 : 0);
    const double m = std::bit_cast<double>(mantissa | (upper ? 0x3feULL : 0x3ffULL) << 52U);
    const double t = (m - 1) / (m + 1);  // ln m = 2 artanh t, |t| < 0.172
    const double t2 = t * t;
    const double series =
        1 +
        t2 * (1.0 / 3 + t2 * (1.0 / 5 + t2 * (1.0 / 7 + t2 * (1.0 / 9 + t2 * (1.0 / 11 + t2 * (1.0 / 13))))));
    return exponent * kLn2 + 2 * t * series;
}

/// e^x, for x within ±700 (clamped).
[[nodiscard]] inline double exp(double x) {
    constexpr double kLn2 = 0.693147180559945309417;
    x = x < -700 ? -700 : (x > 700 ? 700 : x);
    const double k = std::floor(x / kLn2 + 0.5);
    const double r = (x - k * kLn2) / 4;  // |r| < 0.087
    double p = 1 + r * (1 + r / 2 * (1 + r / 3 * (1 + r / 4 * (1 + r / 5 * (1 + r / 6 * (1 + r / 7))))));
    p *= p;
    p *= p;
    const auto bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(k) + 1023) << 52U;
    return p * std::bit_cast<double>(bits);
}

/// sin(2πx), absolute error below 1e-9.
[[nodiscard]] inline double sin_turns(double x) {
    constexpr double kPi = 3.14159265358979323846;
    x -= std::floor(x + 0.5);   // [-1/2, 1/2)
    if (x > 0.25) x = 0.5 - x;  // sin(π - a) = sin a
    if (x < -0.25) x = -0.5 - x;
    const double a = 2 * kPi * x;
    const double a2 = a * a;
    return a * (1 - a2 / 6 *
                        (1 - a2 / 20 *
                                 (1 - a2 / 42 *
                                          (1 - a2 / 72 * (1 - a2 / 110 * (1 - a2 / 156 * (1 - a2 / 210)))))));
}
[[nodiscard]] inline double cos_turns(double x) {
    return sin_turns(x + 0.25);
}

}  // namespace homeostat::detect::numeric
