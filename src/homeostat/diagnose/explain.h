// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "homeostat/diagnose/network.h"
#include "homeostat/diagnose/scene.h"

/// The evidence for and against a hypothesis, told to people.
namespace homeostat::diagnose {

/// The instance that alone has the fault, where one stands out from its peers.
[[nodiscard]] const InstanceScene* localise(const Scene& scene, const Hypothesis& hypothesis);

/// Strongest first, with the numbers behind each.
[[nodiscard]] std::vector<model::Evidence> explain(const Scene& scene, const Network& network,
                                                   const Hypothesis& hypothesis,
                                                   const Background& background);

}  // namespace homeostat::diagnose
