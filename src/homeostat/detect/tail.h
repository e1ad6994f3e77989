// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace homeostat::detect {

/// Turns the score of a window into a p-value that recent normal windows calibrate.
///
/// Conformal in its body: the p-value is how often normal scores were at least as high, of which two
/// points are kept as running frequencies. A finite history has no p-values near 1e-8, so above the
/// upper point a generalised Pareto tail goes on (peaks over threshold; Siffer et al., "Anomaly Detection
/// in Streams with Extreme Value Theory", 2017), fitted by moments of the excesses. Both start from a
/// cautious prior and its shape is kept from becoming lighter than exponential.
class Tail {
public:
    static constexpr double kLower = 1.5;  // scores below are ordinary: their surprise is 0
    static constexpr double kUpper = 2.5;

    /// -log10 of the p-value of `score`.
    [[nodiscard]] double surprise(double score) const;

    /// The score whose p-value is `p`.
    [[nodiscard]] double quantile(double p) const;

    /// Learns the score of a normal window.
    void learn(double score);

    template <class A>
    void archive(A& a) {
        a(above_lower_, above_upper_, mean_excess_, mean_square_, windows_, excesses_);
    }

private:
    struct Pareto {
        double shape;
        double scale;
    };
    [[nodiscard]] Pareto pareto() const;

    float above_lower_ = 0.12F;  // share of normal scores above kLower
    float above_upper_ = 0.015F;
    float mean_excess_ = 0.5F;     // over kUpper
    float mean_square_ = 0.5F;     // of an exponential tail
    std::uint16_t windows_ = 100;  // weight of the prior, then of the history
    std::uint16_t excesses_ = 20;
};

}  // namespace homeostat::detect
