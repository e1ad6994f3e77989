// SPDX-License-Identifier: Apache-2.0
#include "homeostat/diagnose/measure.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace homeostat::diagnose {

using model::Feature;
using model::Finding;

namespace {

/// The least excess over the middle that matters, and where a feature's evidence comes from.
struct Sensitivity {
    Feature feature;
    double relative;
    double absolute;
    bool per_request = false;  // an average over requests: few requests say little
};

constexpr Sensitivity kErrors{Feature::error_rate, 0.5, kMinorErrorRate, true};
constexpr std::array<Sensitivity, 3> kLatencies{{{Feature::latency_ms, 0.3, kMinorDelayMs, true},
                                                 {Feature::latency_p50_ms, 0.3, kMinorDelayMs, true},
                                                 {Feature::latency_p95_ms, 0.4, 5, true}}};
constexpr Sensitivity kRate{Feature::rate_rps, 0.3, 2};
constexpr Sensitivity kCpu{Feature::cpu_pct, 0.25, 10};
constexpr Sensitivity kMemory{Feature::mem_mb, 0.1, 15};
constexpr Sensitivity kInFlight{Feature::in_flight, 0.5, 1};
constexpr Sensitivity kLogErrors{Feature::log_error_rate, 0.5, 1};

/// ln likelihood ratio for "the value has left its interval": 0 a little outside, rising with the distance
/// from the middle in units of the interval's half.
double log_ratio(double distance) {
    return std::clamp(3 * (distance - 1.3), kAbsent, kStrongest);
}

double requests_in(const SubjectState& state) {
    const double seconds = std::chrono::duration<double>(state.latest.length).count();
    return state.latest.values.get_or(Feature::rate_rps, 0) * seconds;
}

/// Bounds what an average over `requests` requests can say either way.
double tempered(double log_odds, double requests) {
    return std::clamp(log_odds, std::max(kAbsent, -0.3 * requests), std::min(kStrongest, 1.5 * requests));
}

double raised(const SubjectState& state, const Sensitivity& sensitivity) {
    const auto now = state.latest.values.get(sensitivity.feature);
    const auto middle = state.baseline.median.get(sensitivity.feature);
    if (!now || !middle) return 0;
    const double half = std::max({state.baseline.high.get_or(sensitivity.feature, *middle) - *middle,
                                  sensitivity.relative * *middle, sensitivity.absolute});
    const double odds = log_ratio((*now - *middle) / half);
    return sensitivity.per_request ? tempered(odds, requests_in(state)) : odds;
}

double lowered(const SubjectState& state, const Sensitivity& sensitivity) {
    const auto now = state.latest.values.get(sensitivity.feature);
    const auto middle = state.baseline.median.get(sensitivity.feature);
    if (!now || !middle) return 0;
    const double half = std::max({*middle - state.baseline.low.get_or(sensitivity.feature, *middle),
                                  sensitivity.relative * *middle, sensitivity.absolute});
    return log_ratio((*middle - *now) / half);
}

}  // namespace

Odds measure(const SubjectState& state) {
    Odds odds{.errors = raised(state, kErrors),
              .rate_up = raised(state, kRate),
              .rate_down = lowered(state, kRate),
              .cpu_up = raised(state, kCpu),
              .memory_up = raised(state, kMemory),
              .busy = raised(state, kInFlight),
              .log_errors = raised(state, kLogErrors)};
    const double failed = state.latest.values.get_or(Feature::error_rate, 0) * requests_in(state);
    odds.errors = std::min(odds.errors, 2 * failed);
    odds.slow = raised(state, kLatencies[0]);
    for (const auto& latency : kLatencies) odds.slow = std::max(odds.slow, raised(state, latency));
    return odds;
}

void add_finding(Odds& odds, const Finding& finding) {
    const bool up = finding.observed > finding.expected_high;
    const auto claim = [&](double& which) { which = std::max(which, kFlagged); };
    switch (finding.feature) {
        case Feature::rate_rps: claim(up ? odds.rate_up : odds.rate_down); break;
        case Feature::error_rate:
            if (up) claim(odds.errors);
            break;
        case Feature::latency_ms:
        case Feature::latency_p50_ms:
        case Feature::latency_p95_ms:
        case Feature::latency_p99_ms:
            if (up) claim(odds.slow);
            break;
        case Feature::cpu_pct:
            if (up) claim(odds.cpu_up);
            break;
        case Feature::mem_mb:  // a climb is told before it leaves the usual range
            if (finding.observed > (finding.expected_low + finding.expected_high) / 2) claim(odds.memory_up);
            break;
        case Feature::in_flight:
            if (up) claim(odds.busy);
            break;
        case Feature::log_error_rate:
        case Feature::new_log_templates:
            if (up) claim(odds.log_errors);
            break;
        case Feature::restarts:
        case Feature::replicas: break;  // instances and change events tell it better
    }
}

Symptoms symptoms_of(const Odds& odds) {
    Symptoms symptoms;
    symptoms[Symptom::errors] = std::expm1(odds.errors);
    symptoms[Symptom::slow] = std::expm1(odds.slow);
    symptoms[Symptom::rate_up] = std::expm1(odds.rate_up);
    symptoms[Symptom::rate_down] = std::expm1(odds.rate_down);
    symptoms[Symptom::cpu_up] = std::expm1(odds.cpu_up);
    symptoms[Symptom::memory_up] = std::expm1(odds.memory_up);
    symptoms[Symptom::busy] = std::expm1(odds.busy);
    symptoms[Symptom::log_errors] = std::expm1(odds.log_errors);
    return symptoms;
}

}  // namespace homeostat::diagnose
