// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/model/action.h"
#include "homeostat/model/change_event.h"
#include "homeostat/model/ids.h"

/// What is said over the supervisor's socket: one JSON object a line, a Request up, a Reply down. After an
/// EventsRequest the lines down are EventLines, until the client hangs up.
namespace homeostat::actuate {

inline constexpr std::size_t kLineBytesMax = std::size_t{256} << 10U;

struct ExecuteRequest {
    static constexpr std::string_view kType = "execute";
    model::Order order;
    Duration lease_until{};  // on the machine's monotonic clock, which both ends share

    static constexpr auto describe() {
        return std::tuple{field("order", &ExecuteRequest::order),
                          field("lease_until_ns", &ExecuteRequest::lease_until)};
    }
};

struct ReconcileRequest {
    static constexpr std::string_view kType = "reconcile";
    model::OrderId order;

    static constexpr auto describe() { return std::tuple{field("order", &ReconcileRequest::order)}; }
};

/// A normal deployment, as a person or a pipeline does it.
struct DeployRequest {
    static constexpr std::string_view kType = "deploy";
    model::ServiceId service;
    model::DeploymentVersion version;

    static constexpr auto describe() {
        return std::tuple{field("service", &DeployRequest::service),
                          field("version", &DeployRequest::version)};
    }
};

struct StatusRequest {
    static constexpr std::string_view kType = "status";
    static constexpr auto describe() { return std::tuple{}; }
};

/// Asks for the events after number `after` of the supervisor's life `epoch`, then for those to come.
/// Another epoch, or a number that is too old, starts at the oldest event still held.
struct EventsRequest {
    static constexpr std::string_view kType = "events";
    std::int64_t epoch = 0;
    std::uint64_t after = 0;

    static constexpr auto describe() {
        return std::tuple{field("epoch", &EventsRequest::epoch), field("after", &EventsRequest::after)};
    }
};

using Request = std::variant<ExecuteRequest, ReconcileRequest, DeployRequest, StatusRequest, EventsRequest>;

struct InstanceStatus {
    model::InstanceId instance;
    std::int64_t pid = 0;
    bool running = false;
    bool routed = true;
    std::string address;
    model::DeploymentVersion version;
    std::optional<std::string> last_exit;  // "signal 9"; of the process before, when it is running

    static constexpr auto describe() {
        return std::tuple{
            field("instance", &InstanceStatus::instance),  field("pid", &InstanceStatus::pid),
            field("running", &InstanceStatus::running),    field("routed", &InstanceStatus::routed),
            field("address", &InstanceStatus::address),    field("version", &InstanceStatus::version),
            field("last_exit", &InstanceStatus::last_exit)};
    }
};

struct ServiceStatus {
    model::ServiceId service;
    model::DeploymentVersion version;
    double rate_rps = 0;
    std::vector<InstanceStatus> instances;

    static constexpr auto describe() {
        return std::tuple{
            field("service", &ServiceStatus::service), field("version", &ServiceStatus::version),
            field("rate_rps", &ServiceStatus::rate_rps), field("instances", &ServiceStatus::instances)};
    }
};

struct Refusal {
    std::string code;  // ErrorCode by name
    std::string message;

    static constexpr auto describe() {
        return std::tuple{field("code", &Refusal::code), field("message", &Refusal::message)};
    }
};

struct Reply {
    std::optional<Refusal> error;
    std::optional<model::OrderResult> result;            // of execute and reconcile
    std::optional<std::vector<ServiceStatus>> services;  // of status

    static constexpr auto describe() {
        return std::tuple{field("error", &Reply::error), field("result", &Reply::result),
                          field("services", &Reply::services)};
    }
};

struct EventLine {
    std::int64_t epoch = 0;
    std::uint64_t sequence = 0;
    model::ChangeEvent event;

    static constexpr auto describe() {
        return std::tuple{field("epoch", &EventLine::epoch), field("sequence", &EventLine::sequence),
                          field("event", &EventLine::event)};
    }
};

}  // namespace homeostat::actuate
