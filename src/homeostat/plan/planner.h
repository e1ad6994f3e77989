// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "homeostat/base/result.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/plan.h"
#include "homeostat/plan/library.h"
#include "homeostat/plan/target_state.h"

namespace homeostat::plan {

/// Chooses a playbook for a cause and fills it in. A pure function of the library and its arguments.
class Planner {
public:
    explicit Planner(PlaybookLibrary library) : library_(std::move(library)) {}

    /// The first plan on the cause's ladder, from `rung` on, whose guards hold and whose variables have
    /// values; `plan.rung` says which it is, and the next attempt is one above it.
    ///
    /// Errors: `failed_precondition` when nothing may be done (the diagnosis is inconclusive, or the cause is
    /// silent telemetry); `not_found` when no playbook matches or the ladder is exhausted, with the
    /// reason for each rung that was passed over.
    [[nodiscard]] Result<model::Plan> plan(const model::Diagnosis& diagnosis, const model::Cause& cause,
                                           std::uint32_t rung, const TargetState& state) const;

    [[nodiscard]] const PlaybookLibrary& library() const { return library_; }

private:
    PlaybookLibrary library_;
};

/// Reads the plan's guards again: call before each step. A step that puts an instance back into the traffic
/// needs none: guards protect what still serves. Errors: `failed_precondition`, with the guard, its limit and
/// the value.
[[nodiscard]] Result<> check_guards(const model::Plan& plan, const model::PlannedStep& step,
                                    const TargetState& state);

}  // namespace homeostat::plan
