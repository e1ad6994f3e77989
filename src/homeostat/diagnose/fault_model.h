// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "homeostat/model/diagnosis.h"

/// The conditional probabilities of the network: how each kind of fault shows. They are judgements, not
/// fits: coarse on purpose, since a posterior that hangs on their second digit would not carry over.
namespace homeostat::diagnose {

/// What can be seen at a service. Each is a yes-or-no variable whose truth is only guessed from numbers.
enum class Symptom : std::uint8_t {
    errors,  // its own answers fail
    slow,    // its own answers come late
    rate_up,
    rate_down,
    cpu_up,
    memory_up,
    busy,  // more requests in flight
    log_errors,
    stale,            // no telemetry at all
    starved_callees,  // while it is stale, those that it calls get less traffic
    version_changed,  // a deployment that was not ours, just before
    exited,           // the process of an instance ended, not by us
    instance_silent,  // one instance reports nothing while its peers do
    uneven_errors,    // some instances fail and their peers do not
};
inline constexpr std::size_t kSymptomCount = 14;

/// The evidence about each symptom as `weight` = likelihood ratio - 1: above 0 it speaks for the symptom,
/// below 0 (never under -1) against it, and 0 is ignorance.
struct Symptoms {
    std::array<double, kSymptomCount> weights{};
    [[nodiscard]] double operator[](Symptom symptom) const {
        return weights[static_cast<std::size_t>(symptom)];
    }
    [[nodiscard]] double& operator[](Symptom symptom) { return weights[static_cast<std::size_t>(symptom)]; }
};

/// The kinds of cause, and two ways to be none of them.
enum class Fault : std::uint8_t {
    crash,
    hang,
    load_surge,
    cpu_burn,
    memory_leak,
    bad_version,
    slow_dependency,
    lost_dependency,
    telemetry_silence,
    load_change,  // the traffic is different and nobody suffers
    unknown,      // something is wrong and it looks like none of the above
};
inline constexpr std::size_t kFaultCount = 11;

[[nodiscard]] std::optional<model::CauseKind> cause_kind(Fault fault);

/// About more traffic, which its callers and callees have as well.
[[nodiscard]] constexpr bool is_load(Fault fault) {
    return fault == Fault::load_surge || fault == Fault::load_change;
}

struct FaultModel {
    double prior;                             // relative frequency
    double errors;                            // P(its callers get errors)
    double slow;                              // P(its callers wait)
    double visible;                           // P(the service's own telemetry shows what its callers suffer)
    std::array<double, kSymptomCount> local;  // P(symptom); `errors` and `slow` follow from the above
};
[[nodiscard]] const FaultModel& fault_model(Fault fault);

/// P(symptom) at a service that has no fault and suffers from none.
[[nodiscard]] double leak(Symptom symptom);

/// The leaks of a call: edges are judged by errors and slowness only.
inline constexpr double kEdgeLeak = 0.003;

/// How a fault travels from callee to caller (noisy-OR): from the callee to the call, then to the caller.
struct Propagation {
    double seen_on_call = 0.92;        // an emitted error or delay shows on the call
    double delay_to_errors = 0.25;     // time-outs
    double errors_to_delay = 0.2;      // retries
    double call_to_caller = 0.85;      // at full share; a caller that hardly uses the callee suffers less
    double rare_call_to_caller = 0.4;  // of the above, as the share of requests that make the call goes to 0
    double delay_makes_busy = 0.7;
    double errors_make_logs = 0.5;
    double traffic_makes_busy = 0.6;
    double traffic_takes_cpu = 0.7;
};
inline constexpr Propagation kPropagation{};

/// ln of P(evidence | p) / P(evidence | q), for a symptom with probability p instead of q.
[[nodiscard]] inline double gain(double weight, double p, double q) {
    return std::log1p(p * weight) - std::log1p(q * weight);
}

/// The probability of a symptom after its evidence.
[[nodiscard]] inline double update(double weight, double p) {
    return p * (1 + weight) / (1 + p * weight);
}

[[nodiscard]] inline double noisy_or(double p, double q) {
    return 1 - (1 - p) * (1 - q);
}

}  // namespace homeostat::diagnose
