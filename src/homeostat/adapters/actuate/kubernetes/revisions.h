// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "homeostat/adapters/actuate/kubernetes/action.h"

namespace homeostat::kubernetes {

struct Revision {
    std::int64_t number = 0;
    std::int64_t current = 0;  // the one that the Deployment has now
    json::Value pod_template;
};

/// Picks what to roll back to among the ReplicaSets of a Deployment, which are its history: the revision or
/// version that was asked for, or else the one before the current one. Errors: `failed_precondition` when
/// there is none such, or it is the current one.
[[nodiscard]] Result<Revision> choose_revision(const json::Value& deployment,
                                               const std::vector<json::Value>& replica_sets,
                                               const RollBack& wanted);

/// The version that a pod template runs: its label app.kubernetes.io/version, or the tag of its first image.
[[nodiscard]] std::string version_of(const json::Value& pod_template);

}  // namespace homeostat::kubernetes
