// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace homeostat::cli {

void print_problems(Environment& environment, const Problems& problems) {
    for (const auto& problem : problems) environment.err << to_string(problem) << '\n';
    const auto errors = std::ranges::count(problems, Severity::error, &Problem::severity);
    if (errors > 1) environment.err << fmt::format("{} errors\n", errors);
}

}  // namespace homeostat::cli
