// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/plan.h"
#include "homeostat/model/verdict.h"
#include "homeostat/model/verification.h"

namespace homeostat::model {

enum class IncidentState : std::uint8_t {
    diagnosing,  // evidence is gathered
    awaiting_approval,
    waiting,  // policy said not now
    acting,
    verifying,
    undoing,
    escalated,  // a person must look; nothing more is done by itself
    resolved,
    dismissed,  // recovered by itself, or rightly left alone
};

/// One cause, from the first anomaly to its end, as people see it.
struct Incident {
    IncidentId id;
    IncidentState state = IncidentState::diagnosing;
    EventTime onset{};  // the first abnormal window
    EventTime opened_at{};
    std::optional<EventTime> acted_at;
    std::optional<EventTime> closed_at;
    Diagnosis diagnosis;
    std::optional<Plan> plan;
    std::optional<Verdict> verdict;
    std::optional<Verification> verification;
    std::uint32_t attempts = 0;
    std::string reason;  // why it is in this state

    static constexpr auto describe() {
        return std::tuple{field("id", &Incident::id),
                          field("state", &Incident::state),
                          field("onset", &Incident::onset),
                          field("opened_at", &Incident::opened_at),
                          field("acted_at", &Incident::acted_at),
                          field("closed_at", &Incident::closed_at),
                          field("diagnosis", &Incident::diagnosis),
                          field("plan", &Incident::plan),
                          field("verdict", &Incident::verdict),
                          field("verification", &Incident::verification),
                          field("attempts", &Incident::attempts),
                          field("reason", &Incident::reason)};
    }
    friend bool operator==(const Incident&, const Incident&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::IncidentState> =
    std::to_array<std::string_view>({"diagnosing", "awaiting_approval", "waiting", "acting", "verifying",
                                     "undoing", "escalated", "resolved", "dismissed"});
