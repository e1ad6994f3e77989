// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"

namespace homeostat::model {

enum class ActionKind : std::uint8_t {
    restart,   // `instance`, or every instance one after the other
    scale,     // parameters: replicas (target number)
    rollback,  // parameters: version (optional: the one before)
    reroute,   // takes `instance` out of the traffic; parameters: enabled (default true; false puts it back)
    throttle,  // parameters: rate_rps (0: no limit)
    script,    // parameters: program, args (list of strings)
    kubectl,   // parameters: args (list of strings)
};

/// A typed request; never a shell command. A string parameter is one argument, whatever it contains.
struct ActionRequest {
    ActionKind kind = ActionKind::restart;
    ServiceId service;
    std::optional<InstanceId> instance;
    std::map<std::string, json::Value> parameters;

    static constexpr auto describe() {
        return std::tuple{field("kind", &ActionRequest::kind), field("service", &ActionRequest::service),
                          field("instance", &ActionRequest::instance),
                          field("parameters", &ActionRequest::parameters)};
    }
    friend bool operator==(const ActionRequest&, const ActionRequest&) = default;
};

/// "restart payment/payment-2", "scale payment replicas=4": for people and logs.
[[nodiscard]] std::string to_string(const ActionRequest& action);

/// A decision to act, sent once it is durable. The id is derived from the decision: the same decision
/// has the same id after a crash, and an actuator carries out each id at most once and none after its lease.
struct Order {
    OrderId id;
    IncidentId incident;
    PlaybookId playbook;
    std::string step;
    ActionRequest action;
    LoopTime issued_at{};
    LoopTime lease_until{};
    Duration timeout{};
    bool undo = false;  // this order takes an earlier one back

    static constexpr auto describe() {
        return std::tuple{field("id", &Order::id),
                          field("incident", &Order::incident),
                          field("playbook", &Order::playbook),
                          field("step", &Order::step),
                          field("action", &Order::action),
                          field("issued_at_ns", &Order::issued_at),
                          field("lease_until_ns", &Order::lease_until),
                          field("timeout_ns", &Order::timeout),
                          field("undo", &Order::undo)};
    }
    friend bool operator==(const Order&, const Order&) = default;
};

enum class OrderOutcome : std::uint8_t {
    done,
    failed,   // nothing was changed, or it was taken back
    refused,  // lease over, not allowed, no such target: nothing was changed
    unknown,  // it may or may not have happened: must be reconciled
};

struct OrderResult {
    OrderId id;
    OrderOutcome outcome = OrderOutcome::unknown;
    std::string detail;
    std::optional<ActionRequest>
        undo;  // takes the act back, from the state read before it; empty: cannot be undone
    std::optional<int> exit_code;  // of a script

    static constexpr auto describe() {
        return std::tuple{field("id", &OrderResult::id), field("outcome", &OrderResult::outcome),
                          field("detail", &OrderResult::detail), field("undo", &OrderResult::undo),
                          field("exit_code", &OrderResult::exit_code)};
    }
    friend bool operator==(const OrderResult&, const OrderResult&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::ActionKind> = std::to_array<std::string_view>(
    {"restart", "scale", "rollback", "reroute", "throttle", "script", "kubectl"});
template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::OrderOutcome> =
    std::to_array<std::string_view>({"done", "failed", "refused", "unknown"});
