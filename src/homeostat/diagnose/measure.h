// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "homeostat/diagnose/diagnoser.h"
#include "homeostat/diagnose/fault_model.h"

/// From the numbers of one subject's window to evidence about its symptoms.
namespace homeostat::diagnose {

inline constexpr double kFlagged = 8;    // ln likelihood ratio of what a detector claims
inline constexpr double kStrongest = 9;  // no number speaks louder
inline constexpr double kAbsent = -3;    // of a value in the middle of its interval

/// The least rise that matters.
inline constexpr double kMinorErrorRate = 0.03;
inline constexpr double kMinorDelayMs = 3;

/// The ln likelihood ratios that the windows of one subject give; 0 where they say nothing.
struct Odds {
    double errors = 0;
    double slow = 0;
    double rate_up = 0;
    double rate_down = 0;
    double cpu_up = 0;
    double memory_up = 0;
    double busy = 0;
    double log_errors = 0;
};

/// Compares the latest window with the baseline.
[[nodiscard]] Odds measure(const SubjectState& state);

/// A detector's claim weighs more than our own look at one window.
void add_finding(Odds& odds, const model::Finding& finding);

[[nodiscard]] Symptoms symptoms_of(const Odds& odds);

}  // namespace homeostat::diagnose
