// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "homeostat/detect/detection.h"
#include "homeostat/detect/tail.h"
#include "homeostat/model/feature_window.h"

namespace homeostat::detect {

enum class Scaling : std::uint8_t { logarithm, square_root };

/// Which deviations speak of harm. A feature that is only evidence is shown beside the harm, but opens no
/// anomaly: more traffic or a restart is no illness.
enum class Harm : std::uint8_t { rise, fall, none };

/// How a feature is judged. A deviation below the minimum effect is none, however improbable; one beyond
/// the gross effect may open an anomaly by a single window.
struct FeatureRule {
    Harm harm = Harm::none;
    Scaling scaling = Scaling::logarithm;
    double offset = 0;       // added before the logarithm, in the feature's unit
    double scale_min = 1;    // smallest spread of normal data, after scaling
    double scale_prior = 1;  // assumed before data
    double effect_min = 0;   // absolute, and relative to the expected value; both must be exceeded
    double effect_min_ratio = 0;
    double effect_gross = 0;
    double effect_gross_ratio = 0;
    bool mean_of_requests = false;  // its spread shrinks with the number of requests
    bool grows_with_load = false;   // more traffic explains more of it
    double memory = 300;            // windows that the location remembers
    bool returns = false;           // a return to where it used to be is no deviation either: see Channel
};

[[nodiscard]] const FeatureRule& rule_of(model::Feature feature);

/// How far a value is from what is expected, in both currencies: probability and effect.
struct Deviation {
    double score = 0;      // standardised residual, positive: above the expected value
    bool notable = false;  // beyond the minimum effect
    bool gross = false;
};

/// What a window says about the traffic, which sets the spread of the other features.
struct Load {
    double requests = 0;  // in the window
    double growth = 1;    // rate relative to the expected one, at least 1
    double spread = 1;    // of a mean over the requests, relative to that of a single one
};

/// The spread of a scaled feature at this load, relative to that at usual load.
[[nodiscard]] inline double spread_factor(const FeatureRule& rule, const Load& load) {
    return rule.mean_of_requests ? load.spread : 1;
}

/// How far a scaled value is from the scaled value that is expected.
[[nodiscard]] Deviation deviation_from(const FeatureRule& rule, double scaled, double expected,
                                       double spread);

/// The recent normal values of one feature: a robust running location and spread (Huber's clipping in an
/// exponentially weighted mean), which serves from the first windows on, and the tail of its residuals.
/// Features that move for good reasons, such as traffic, have a long memory beside the short one, and
/// deviate only from both: the end of a busy quarter of an hour is not the loss of traffic.
class Channel {
public:
    struct Reading {
        double scaled = 0;  // the value, scaled
        Deviation deviation;
    };

    [[nodiscard]] Reading read(const FeatureRule& rule, double value, const Load& load) const;
    /// -log10 of the p-value of a deviation; 0 for an ordinary one.
    [[nodiscard]] double surprise(const Deviation& deviation) const;
    void learn(const FeatureRule& rule, const Reading& reading, const Load& load);
    /// Learns the tail alone, from a window that was suspected in vain.
    void learn_tail(double score) { tail_.learn(score < 0 ? -score : score); }
    /// Starts over from `value`, keeping the spread and the tail.
    void restart(const FeatureRule& rule, double value, const Load& load);

    [[nodiscard]] std::uint32_t windows() const { return windows_; }
    [[nodiscard]] double expected(const FeatureRule& rule) const;
    [[nodiscard]] Range range(const FeatureRule& rule, const Load& load) const;

    template <class A>
    void archive(A& a) {
        a(level_, usual_, spread_, windows_, tail_);
    }

private:
    double level_ = 0;  // scaled
    double usual_ = 0;  // scaled, of the long memory
    double spread_ = 0;
    std::uint32_t windows_ = 0;
    Tail tail_;
};

/// Failed requests as a share of all: binomial, so that one failure of two requests is not fifty percent.
class ErrorChannel {
public:
    [[nodiscard]] Deviation read(double error_rate, double requests) const;
    [[nodiscard]] double surprise(const Deviation& deviation) const {
        return tail_.surprise(deviation.score);
    }
    void learn(double error_rate, double requests, double score);
    void learn_tail(double score) { tail_.learn(score); }
    /// Requests of a suspected window: they count once the suspicion has come to nothing. To learn only
    /// from what is beyond suspicion would make failures look ever rarer than they are.
    void defer(double error_rate, double requests);
    void forget_deferred() { deferred_failed_ = deferred_total_ = 0; }
    void restart(double error_rate, double requests);

    [[nodiscard]] std::uint32_t windows() const { return windows_; }
    [[nodiscard]] double expected() const;
    [[nodiscard]] Range range(double requests) const;

    template <class A>
    void archive(A& a) {
        a(failed_, total_, deferred_failed_, deferred_total_, windows_, tail_);
    }

private:
    double failed_ = 0;  // decayed sums
    double total_ = 0;
    double deferred_failed_ = 0;
    double deferred_total_ = 0;
    std::uint32_t windows_ = 0;
    Tail tail_;
};

/// Failures that go on, each window of them too few to tell: sequential probability ratio tests (Wald 1945)
/// of two alternatives, a slight and a heavy failure, restarted at zero as in Page's test. Discounted by
/// how far normal bursts of failures have driven them; a run whose ratio has fallen far is over.
class ErrorRun {
public:
    /// -log10 of the p-value of the run.
    [[nodiscard]] double surprise() const;
    void see(double error_rate, double requests, double expected);
    /// To be called for normal windows; a run counts as normal once it has ended in one.
    void learn();
    void restart() {
        ratios_ = peaks_ = {};
        run_ended_at_ = 0;
    }

    template <class A>
    void archive(A& a) {
        a(ratios_, peaks_, run_ended_at_, highest_);
    }

private:
    std::array<double, 2> ratios_{};  // log likelihood ratios
    std::array<double, 2> peaks_{};   // of this run
    double run_ended_at_ = 0;         // the peak of a run that is over, until learned
    double highest_ = 0;              // of normal runs
};

/// The number of instances that report: a fall below the usual number, weighed by how often normal
/// windows miss one.
class ReplicaChannel {
public:
    [[nodiscard]] Deviation read(double replicas) const;
    [[nodiscard]] double surprise(const Deviation& deviation) const;
    void learn(double replicas);
    /// One more normal window in which an instance was missing.
    void learn_missing();
    /// The number was changed on purpose: whatever is seen for a while is the new usual number.
    void expect_change();
    void restart(double replicas);

    [[nodiscard]] std::uint32_t windows() const { return windows_; }
    [[nodiscard]] double expected() const { return usual_; }

    template <class A>
    void archive(A& a) {
        a(usual_, last_, missing_share_, windows_, run_, grace_);
    }

private:
    double usual_ = 0;
    double last_ = 0;
    double missing_share_ = 0;  // of normal windows
    std::uint32_t windows_ = 0;
    std::uint32_t run_ = 0;    // windows in which `last_` has been seen
    std::uint32_t grace_ = 0;  // windows left after an intended change
};

}  // namespace homeostat::detect
