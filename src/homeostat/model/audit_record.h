// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"

namespace homeostat::model {

enum class RecordKind : std::uint8_t {
    started,  // configuration, playbooks, policy and models in force
    anomaly_opened,
    incident_opened,
    incident_merged,
    diagnosed,
    inconclusive,
    planned,
    no_plan,
    verdict,
    approval_requested,
    approval_given,
    approval_denied,
    order_intended,  // durable before the order leaves
    order_finished,
    verified,
    undo_intended,
    escalated,
    incident_resolved,
    incident_dismissed,  // it went away by itself, or must be left alone
    stale,
    stopped,
    resumed,
};

/// One decision or non-decision. Records form a chain: `hash` covers `previous` and everything else.
struct AuditRecord {
    std::uint64_t sequence = 0;
    EventTime at{};
    RecordKind kind = RecordKind::started;
    std::optional<IncidentId> incident;
    std::optional<ServiceId> service;
    std::string reason;    // plain words: what and why
    json::Value body;      // the decision's value, with the versions that it depended on
    std::string previous;  // hash of the record before, in hex; empty for the first
    std::string hash;

    static constexpr auto describe() {
        return std::tuple{
            field("sequence", &AuditRecord::sequence), field("at", &AuditRecord::at),
            field("kind", &AuditRecord::kind),         field("incident", &AuditRecord::incident),
            field("service", &AuditRecord::service),   field("reason", &AuditRecord::reason),
            field("body", &AuditRecord::body),         field("previous", &AuditRecord::previous),
            field("hash", &AuditRecord::hash)};
    }
    friend bool operator==(const AuditRecord&, const AuditRecord&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::RecordKind> =
    std::to_array<std::string_view>({"started",
                                     "anomaly_opened",
                                     "incident_opened",
                                     "incident_merged",
                                     "diagnosed",
                                     "inconclusive",
                                     "planned",
                                     "no_plan",
                                     "verdict",
                                     "approval_requested",
                                     "approval_given",
                                     "approval_denied",
                                     "order_intended",
                                     "order_finished",
                                     "verified",
                                     "undo_intended",
                                     "escalated",
                                     "incident_resolved",
                                     "incident_dismissed",
                                     "stale",
                                     "stopped",
                                     "resumed"});
