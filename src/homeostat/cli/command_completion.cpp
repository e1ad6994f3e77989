// SPDX-License-Identifier: Apache-2.0
#include <ostream>

#include "homeostat/cli/cli.h"
#include "homeostat/cli/commands.h"

namespace homeostat::cli {
namespace {

struct Options {
    Shell shell = Shell::bash;
};

}  // namespace

Command completion_command() {
    return make_command<Options>([](Options& options) {
        return Command{.name = "completion",
                       .summary = "Prints a script that completes commands in a shell.",
                       .examples = {"source <(homeostat completion bash)"},
                       .arguments = {required("SHELL", options.shell, "The shell.")},
                       .run = [&options](Environment& environment) {
                           environment.out << completion_script(options.shell, all_commands());
                           return ExitCode::ok;
                       }};
    });
}

}  // namespace homeostat::cli
