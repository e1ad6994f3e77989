// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/action.h"
#include "homeostat/model/audit_record.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/plan.h"
#include "homeostat/model/verdict.h"

/// Everything that the loop may ask of the outside, in the order in which it must be done.
namespace homeostat::loop {

/// Must be durable before the effect after it begins.
struct Record {
    model::AuditRecord record;
    friend bool operator==(const Record&, const Record&) = default;
};

struct SendOrder {
    model::Order order;
    friend bool operator==(const SendOrder&, const SendOrder&) = default;
};

struct RequestApproval {
    model::IncidentId incident;
    model::Plan plan;
    model::Verdict verdict;
    EventTime deadline{};
    friend bool operator==(const RequestApproval&, const RequestApproval&) = default;
};

/// The record of the topic `autonomous.actions`: what was done, or decided not to be done, for a cause.
struct ActionReport {
    EventTime timestamp{};
    model::ServiceId service;  // where it was noticed
    model::ServiceId culprit;  // the cause's service
    std::string action;        // in words, or "none"
    double latency_ms = 0;     // from the first abnormal window to the act
    model::IncidentId incident;
    std::optional<model::CauseKind> cause;
    std::optional<model::PlaybookId> playbook;
    std::string outcome;  // resolved, dismissed, escalated
    std::string reason;

    static constexpr auto describe() {
        return std::tuple{
            field("timestamp", &ActionReport::timestamp),   field("service", &ActionReport::service),
            field("culprit", &ActionReport::culprit),       field("action", &ActionReport::action),
            field("latency_ms", &ActionReport::latency_ms), field("incident", &ActionReport::incident),
            field("cause", &ActionReport::cause),           field("playbook", &ActionReport::playbook),
            field("outcome", &ActionReport::outcome),       field("reason", &ActionReport::reason)};
    }
    friend bool operator==(const ActionReport&, const ActionReport&) = default;
};

struct Publish {
    ActionReport report;
    friend bool operator==(const Publish&, const Publish&) = default;
};

using Effect = std::variant<Record, SendOrder, RequestApproval, Publish>;

}  // namespace homeostat::loop
