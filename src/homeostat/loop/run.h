// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "homeostat/act/order_book.h"
#include "homeostat/base/time.h"
#include "homeostat/model/audit_record.h"
#include "homeostat/model/incident.h"
#include "homeostat/verify/verifier.h"

namespace homeostat::loop {

/// An incident, and what it takes to carry it on.
struct Run {
    using CauseKey = std::pair<model::ServiceId, model::CauseKind>;

    model::Incident incident;
    std::set<model::Subject> subjects;        // abnormal because of it, now or earlier
    std::map<CauseKey, std::uint32_t> rungs;  // how far up the ladder of each cause
    bool fresh_diagnosis = false;             // came with this step's windows
    bool harms = false;                       // as these windows show

    LoopTime opened{};
    LoopTime state_since{};
    std::optional<LoopTime> retry_at;         // waiting: when to ask the policy again
    std::optional<LoopTime> clear_since;      // none of its subjects has been abnormal since
    std::optional<EventTime> harmless_since;  // though abnormal, nobody has suffered from it since
    std::optional<LoopTime> closed;

    std::uint32_t step = 0;   // of the plan
    std::uint32_t retry = 0;  // of the step
    std::optional<model::OrderId> outstanding;
    std::vector<model::ActionRequest> undo_stack;  // how to take back what was done, in the order it was done
    std::vector<verify::Watched> watched;          // as it was before the act, the culprit first
    std::optional<verify::Verifier> verifier;      // of the step or of the plan
    std::vector<model::Subject> remaining;         // ailing of something else when it was resolved
    bool verifies_step = false;
    bool refused = false;  // the last order was, before anything was done
    bool escalate_after_undo = false;
    std::optional<std::string> approved_by;
    std::uint32_t attempts_before = 0;  // when a person handed it back: the ids of orders go on
    std::map<model::RecordKind, std::string>
        last_said;  // a record is written when something changes, not each second

    /// Plans carried out since a person last handed the incident back.
    [[nodiscard]] std::uint32_t attempts() const { return incident.attempts - attempts_before; }
    [[nodiscard]] const model::Cause* cause() const {
        return incident.diagnosis.causes.empty() ? nullptr : &incident.diagnosis.causes.front();
    }
    [[nodiscard]] bool is_deciding() const {
        return incident.state == model::IncidentState::diagnosing ||
               incident.state == model::IncidentState::waiting ||
               incident.state == model::IncidentState::awaiting_approval;
    }
    /// An order of it is out, or its effect is being judged.
    [[nodiscard]] bool is_acting() const {
        return incident.state == model::IncidentState::acting ||
               incident.state == model::IncidentState::verifying ||
               incident.state == model::IncidentState::undoing;
    }
};

}  // namespace homeostat::loop
