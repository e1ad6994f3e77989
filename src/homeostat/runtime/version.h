// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace homeostat::runtime {

/// Set by CMake from the project's version.
inline constexpr std::string_view kVersion = HOMEOSTAT_VERSION;

}  // namespace homeostat::runtime
