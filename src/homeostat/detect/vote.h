// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "homeostat/base/time.h"
#include "homeostat/detect/config.h"

namespace homeostat::detect {

/// One window's evidence against a subject, in -log10 of a p-value.
struct Evidence {
    double surprise = 0;  // of this window alone
    bool gross = false;   // its effect is so large that it may open an anomaly alone
    double lasting = 0;   // of many windows, tested as a whole
};

enum class VoteState : std::uint8_t { normal, suspected, opened, ongoing, cleared };

/// Adds up evidence over consecutive windows and opens an anomaly at a set false-alarm rate.
///
/// A cumulative sum (Page 1954) of the surprise less a drift of 1. For p-values that are uniform while all
/// is well, surprise is exponential, and Lundberg's bound says that the sum passes a threshold h with a
/// probability below 10^(-θh) per window, where θ = 0.863 solves 10^-θ = 1 - θ. So h = -log10(rate) / θ.
/// One window may count for so much only that a moderate effect has to last.
class Vote {
public:
    VoteState add(const Evidence& evidence, EventTime window_end, const DetectConfig& config);

    /// Ends a run, such as when it was found benign.
    void reset() { *this = Vote{}; }

    [[nodiscard]] bool is_open() const { return open_; }
    [[nodiscard]] double sum() const { return sum_; }
    [[nodiscard]] EventTime onset() const { return onset_; }
    [[nodiscard]] static double threshold(const DetectConfig& config);

    template <class A>
    void archive(A& a) {
        a(sum_, onset_, normal_run_, open_);
    }

private:
    double sum_ = 0;
    EventTime onset_{};  // of the run that `sum_` is about
    std::int32_t normal_run_ = 0;
    bool open_ = false;
};

}  // namespace homeostat::detect
