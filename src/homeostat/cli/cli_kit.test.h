// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "homeostat/cli/cli.h"
#include "homeostat/cli/commands.h"

namespace homeostat::cli {

/// What a call of the program gives.
struct Outcome {
    ExitCode code = ExitCode::ok;
    std::string out;
    std::string err;
};

/// Calls the program as a shell does, away from a terminal.
inline Outcome call(const std::vector<std::string>& arguments,
                    const std::vector<Command>& commands = all_commands()) {
    std::istringstream in;
    std::ostringstream out, err;
    Environment environment{.in = in, .out = out, .err = err};
    const auto code = run(arguments, commands, environment);
    return {code, out.str(), err.str()};
}

}  // namespace homeostat::cli
