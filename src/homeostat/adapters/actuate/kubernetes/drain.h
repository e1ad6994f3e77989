// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "homeostat/adapters/actuate/kubernetes/action.h"
#include "homeostat/adapters/actuate/kubernetes/client.h"

namespace homeostat::kubernetes {

/// Errors: `failed_precondition` when a pod of the node would be lost: one that no workload brings back, or
/// one with local data that the order does not give up.
[[nodiscard]] Result<> check_drain(Client& client, const Drain& drain);

struct Evictions {
    std::size_t evicted = 0;
    std::vector<std::string> left;  // pods that are still there
    std::string why;                // the last refusal: a disruption budget, or no answer
};

/// Evicts the pods of a cordoned node, again and again while a budget refuses, until none is left or
/// `deadline` has come. Each eviction is of the pod that was read; doing it all again does no harm.
[[nodiscard]] Evictions evict_all(Client& client, const Drain& drain,
                                  std::chrono::steady_clock::time_point deadline);

}  // namespace homeostat::kubernetes
