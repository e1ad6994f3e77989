// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "homeostat/cli/cli.h"
#include "homeostat/cli/commands.h"

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away, such as `head`, is an error of the stream
    const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): nobody calls setenv
    homeostat::cli::Environment environment{
        .in = std::cin,
        .out = std::cout,
        .err = std::cerr,
        .colors = isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0'),
        .progress = isatty(STDERR_FILENO) == 1};
    return static_cast<int>(homeostat::cli::run(std::vector<std::string>(argv + 1, argv + argc),
                                                homeostat::cli::all_commands(), environment));
}
