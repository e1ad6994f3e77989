// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/shop/telemetry.h"

namespace homeostat::shop {

/// A variable of our environment; empty: it is not set.
using Environment = std::function<std::string(const char* name)>;

/// Who a service says it is. In a pod OpenTelemetry's own variables say so, OTEL_SERVICE_NAME and
/// OTEL_RESOURCE_ATTRIBUTES, and the image says its version, SHOP_VERSION; below the supervisor it does.
/// Errors: `invalid_argument` for attributes that cannot be read.
[[nodiscard]] Result<Identity> identity_from(const Environment& environment);

/// The form that OpenTelemetry gives to lists in variables: key=value,key=value with %-encoded values.
/// Errors: `invalid_argument`.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> parse_attributes(
    std::string_view text);

}  // namespace homeostat::shop
