// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "homeostat/sim/kpi.h"

namespace homeostat::sim {

/// Detection slower than this is worth a look.
inline constexpr Duration kSlowDetection = std::chrono::seconds{10};
/// So is a recovery.
inline constexpr Duration kSlowRecovery = std::chrono::seconds{30};

/// What was less than perfect in one system, a line each: incidents about nothing and second ones, faults
/// missed, blamed on another, seen late, healed late or not by us.
[[nodiscard]] std::vector<std::string> flaws_of(std::span<const TrueFault> faults,
                                                std::span<const Assessment> assessments);

}  // namespace homeostat::sim
