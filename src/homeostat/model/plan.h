// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/action.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/ids.h"

namespace homeostat::model {

/// How far a playbook may go by itself.
enum class Autonomy : std::uint8_t {
    observe,  // records what it sees
    suggest,  // records what it would do
    approve,  // acts when a person says yes
    automatic,
};

enum class Risk : std::uint8_t { low, medium, high };

/// When a service counts as recovered. Without criteria: every anomalous feature is back in its expected
/// interval.
struct Criterion {
    Feature feature = Feature::error_rate;
    std::optional<double> at_most;              // absolute, in the feature's unit
    std::optional<double> at_most_of_baseline;  // factor on the baseline taken before the act

    static constexpr auto describe() {
        return std::tuple{field("feature", &Criterion::feature), field("at_most", &Criterion::at_most),
                          field("at_most_of_baseline", &Criterion::at_most_of_baseline)};
    }
    friend bool operator==(const Criterion&, const Criterion&) = default;
};

struct VerifySpec {
    Duration initial_delay{};                      // the act needs this long to show
    Duration soak = std::chrono::seconds{3};       // good without a break for this long: recovered
    Duration deadline = std::chrono::seconds{30};  // not recovered by then: failed
    std::vector<Criterion> criteria;
    std::optional<ActionRequest> script;  // exit 0 success, 1 failure, anything else inconclusive

    static constexpr auto describe() {
        return std::tuple{field("initial_delay_ns", &VerifySpec::initial_delay),
                          field("soak_ns", &VerifySpec::soak), field("deadline_ns", &VerifySpec::deadline),
                          field("criteria", &VerifySpec::criteria), field("script", &VerifySpec::script)};
    }
    friend bool operator==(const VerifySpec&, const VerifySpec&) = default;
};

/// How a step is taken back when the verification fails.
enum class UndoPolicy : std::uint8_t {
    automatic,   // by what the actuator read before the act
    impossible,  // the playbook says that it cannot, or must not, be undone
};

/// What happens when the verification fails. After `undo` or `next` the next rung of the ladder is tried;
/// when there is none, a person is called.
enum class OnFailure : std::uint8_t {
    undo,      // take back what can be taken back, then the next rung
    next,      // leave it and try the next rung
    escalate,  // leave it and call a person
};

enum class GuardKind : std::uint8_t {
    min_replicas,    // the service has at least `value` replicas
    max_replicas,    // the service has at most `value` replicas
    healthy_others,  // at least `value` instances besides the one acted upon are in the traffic
    version_known,   // there is a version before the one that runs
};

/// A condition on the state of the target, read again before each step.
struct Guard {
    GuardKind kind = GuardKind::min_replicas;
    std::int64_t value = 0;

    static constexpr auto describe() {
        return std::tuple{field("kind", &Guard::kind), field("value", &Guard::value)};
    }
    friend bool operator==(const Guard&, const Guard&) = default;
};

struct PlannedStep {
    std::string name;
    ActionRequest action;
    Duration timeout = std::chrono::seconds{10};
    std::uint32_t retries = 0;
    UndoPolicy undo = UndoPolicy::automatic;
    Risk risk = Risk::low;
    std::optional<VerifySpec> verify;  // a check of this step alone, before the next one

    static constexpr auto describe() {
        return std::tuple{field("name", &PlannedStep::name),          field("action", &PlannedStep::action),
                          field("timeout_ns", &PlannedStep::timeout), field("retries", &PlannedStep::retries),
                          field("undo", &PlannedStep::undo),          field("risk", &PlannedStep::risk),
                          field("verify", &PlannedStep::verify)};
    }
    friend bool operator==(const PlannedStep&, const PlannedStep&) = default;
};

/// Who is touched, and who is hit if it goes wrong.
struct BlastRadius {
    std::vector<ServiceId> targets;   // acted upon
    std::vector<ServiceId> upstream;  // call a target, directly or not
    std::vector<ServiceId> critical;  // of those, the critical ones

    static constexpr auto describe() {
        return std::tuple{field("targets", &BlastRadius::targets), field("upstream", &BlastRadius::upstream),
                          field("critical", &BlastRadius::critical)};
    }
    friend bool operator==(const BlastRadius&, const BlastRadius&) = default;
};

struct Plan {
    PlaybookId playbook;
    std::uint32_t rung = 0;  // of the ladder of playbooks for this cause; 0 is tried first
    Cause cause;
    std::vector<Guard> guards;
    std::vector<PlannedStep> steps;
    VerifySpec verify;
    OnFailure on_failure = OnFailure::undo;
    Autonomy autonomy = Autonomy::automatic;  // the playbook's ceiling
    std::string expected_effect;
    BlastRadius blast_radius;

    static constexpr auto describe() {
        return std::tuple{field("playbook", &Plan::playbook),
                          field("rung", &Plan::rung),
                          field("cause", &Plan::cause),
                          field("guards", &Plan::guards),
                          field("steps", &Plan::steps),
                          field("verify", &Plan::verify),
                          field("on_failure", &Plan::on_failure),
                          field("autonomy", &Plan::autonomy),
                          field("expected_effect", &Plan::expected_effect),
                          field("blast_radius", &Plan::blast_radius)};
    }
    friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::Autonomy> =
    std::to_array<std::string_view>({"observe", "suggest", "approve", "auto"});
template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::Risk> =
    std::to_array<std::string_view>({"low", "medium", "high"});
template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::UndoPolicy> =
    std::to_array<std::string_view>({"automatic", "impossible"});
template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::OnFailure> =
    std::to_array<std::string_view>({"undo", "next", "escalate"});
template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::GuardKind> =
    std::to_array<std::string_view>({"min_replicas", "max_replicas", "healthy_others", "version_known"});
