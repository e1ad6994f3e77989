// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "homeostat/model/ids.h"
#include "homeostat/model/service.h"

namespace homeostat::plan {

/// What a plan for a service depends on, read when it is made and again before each step.
struct TargetState {
    std::vector<model::InstanceId> instances;  // all that should serve; their number is the replicas
    std::vector<model::InstanceId> healthy;    // of those: in the traffic
    std::optional<model::DeploymentVersion> version;
    std::optional<model::DeploymentVersion> previous_version;
    std::optional<double> baseline_rate_rps;  // requests a second before the fault
    std::optional<double> baseline_replicas;  // that bore them
    std::optional<double> rate_rps;           // and now
    model::Criticality criticality = model::Criticality::medium;
    std::vector<model::ServiceId> upstream;           // call the service, directly or not
    std::vector<model::ServiceId> critical_upstream;  // of those, the critical ones
};

}  // namespace homeostat::plan
