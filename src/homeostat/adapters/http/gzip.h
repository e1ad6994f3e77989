// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "homeostat/base/result.h"

namespace homeostat::http {

/// Unpacks gzip (RFC 1952). Errors: `invalid_argument` for bytes that are no gzip or end early,
/// `resource_exhausted` as soon as the output would exceed `bytes_max` (a zip bomb costs no more).
[[nodiscard]] Result<std::string> gunzip(std::string_view packed, std::size_t bytes_max);

/// Packs with the fastest level.
[[nodiscard]] std::string gzip(std::string_view plain);

}  // namespace homeostat::http
