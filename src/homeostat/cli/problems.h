// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "homeostat/base/document.h"
#include "homeostat/cli/command.h"

namespace homeostat::cli {

/// Writes the problems of files to `err`, a line each, and their number.
void print_problems(Environment& environment, const Problems& problems);

}  // namespace homeostat::cli
