// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/service.h"

namespace homeostat::policy {

/// What is known about a service at the moment of the verdict.
struct ServiceState {
    model::Criticality criticality = model::Criticality::medium;
    std::vector<model::InstanceId> instances;  // all that should serve; their number is the replicas
    std::vector<model::InstanceId>
        unavailable;  // of those: crashed, hanging, restarting or out of the traffic
};

/// The quality of what the diagnosis rests on.
struct EvidenceState {
    EventTime at{};                           // of the newest window that the diagnosis used
    bool stale = false;                       // telemetry of a target is stale
    std::optional<std::string> inconclusive;  // the diagnosis' own reason to do nothing
};

/// Everything outside the plan that a verdict depends on. All of it is a value, so that a verdict can be
/// given again from the journal.
struct Situation {
    Instant now;
    std::optional<std::string> stopped;      // by whom and why the stop switch is on
    std::optional<std::string> approved_by;  // the person who said yes to this very plan
    EvidenceState evidence;
    std::uint32_t open_incidents = 0;                   // this one included
    std::uint32_t service_count = 0;                    // all services that are known
    std::map<model::ServiceId, ServiceState> services;  // at least the plan's targets
};

}  // namespace homeostat::policy
