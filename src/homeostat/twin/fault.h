// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "homeostat/base/time.h"
#include "homeostat/model/action.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/ids.h"

namespace homeostat::twin {

/// What is done to the world. The first nine are the causes that the loop knows; the rest looks like
/// trouble and must be left alone.
enum class FaultKind : std::uint8_t {
    crash,
    hang,
    load_surge,
    cpu_burn,
    memory_leak,
    bad_version,
    slow_dependency,
    lost_dependency,
    telemetry_silence,
    glitch,             // errors and slowness for a second or two, gone before anybody could act
    benign_load,        // more traffic, slowly, and enough replicas for it
    benign_deployment,  // a new version that is as good as the old one
};

/// A fault to inject. What is left open is drawn from the world's seed.
struct FaultRequest {
    FaultKind kind = FaultKind::crash;
    model::ServiceId service;
    std::optional<double> severity;           // [0, 1]: from just worth an action to gross
    std::optional<Duration> self_heal_after;  // ends by itself; without it only the right remedy ends it
};

enum class FaultEnd : std::uint8_t { active, cured, healed_itself, repaired };  // the last by a person

/// The ground truth about one fault.
struct FaultRecord {
    std::uint32_t number = 0;
    FaultKind kind = FaultKind::crash;
    model::ServiceId service;                   // the culprit
    std::optional<model::InstanceId> instance;  // where one instance alone is the culprit
    std::optional<model::ServiceId> callee;     // of a lost dependency
    double severity = 0;
    LoopTime injected_at{};
    FaultEnd end = FaultEnd::active;
    std::optional<LoopTime> ended_at;
    std::optional<LoopTime> felt_until;  // of a surge: its load goes on when there is room for it
    std::optional<model::OrderId> cured_by;

    /// True for what the loop is expected to heal.
    [[nodiscard]] bool needs_action() const;
};

/// The loop's name for the fault, where it has one.
[[nodiscard]] std::optional<model::CauseKind> cause_of(FaultKind kind);

/// True when `kind` of action is able to end the fault, given the right target.
[[nodiscard]] bool cures(model::ActionKind action, FaultKind fault);

}  // namespace homeostat::twin

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::twin::FaultKind> = std::to_array<std::string_view>(
    {"crash", "hang", "load_surge", "cpu_burn", "memory_leak", "bad_version", "slow_dependency",
     "lost_dependency", "telemetry_silence", "glitch", "benign_load", "benign_deployment"});
template <>
inline constexpr auto homeostat::kEnumNames<homeostat::twin::FaultEnd> =
    std::to_array<std::string_view>({"active", "cured", "healed_itself", "repaired"});
