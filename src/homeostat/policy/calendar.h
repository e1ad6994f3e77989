// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "homeostat/base/time.h"
#include "homeostat/policy/policy_config.h"

namespace homeostat::policy {

/// Minutes after midnight of "HH:MM" with 00:00 <= HH:MM <= 23:59; empty for anything else.
[[nodiscard]] std::optional<int> minute_of_day(std::string_view text);

/// Where a moment lies with respect to a maintenance window whose times are well formed.
struct WindowPosition {
    std::optional<EventTime> ends_at;    // set when the moment is inside: the window's end
    std::optional<EventTime> starts_at;  // set when it is outside: the next start, within eight days
};
[[nodiscard]] WindowPosition locate(const MaintenanceWindow& window, EventTime now);

}  // namespace homeostat::policy
