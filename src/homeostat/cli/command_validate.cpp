// SPDX-License-Identifier: Apache-2.0
#include <ostream>

#include "homeostat/cli/commands.h"
#include "homeostat/cli/load.h"
#include "homeostat/cli/output.h"
#include "homeostat/cli/problems.h"

namespace homeostat::cli {
namespace {

struct Options {
    std::string file;
    OutputFormat output = OutputFormat::table;
};

ExitCode validate(const Options& options, Environment& environment) {
    const auto loaded = load(options.file);
    if (options.output == OutputFormat::table) {
        print_problems(environment, loaded.problems);
        if (!loaded.usable()) return ExitCode::failed;
        environment.out << options.file << ": " << paint(environment, Tone::good, "valid") << '\n';
    } else {
        print(environment, options.output, to_json(loaded.problems));
    }
    return loaded.usable() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

Command validate_command() {
    return make_command<Options>([](Options& options) {
        return Command{
            .name = "validate",
            .summary = "Checks a configuration and its playbooks, and reports every problem at once.",
            .examples = {"homeostat validate config.yaml", "homeostat validate config.yaml -o json"},
            .arguments = {of_files(required("FILE", options.file, "The configuration file.")),
                          output_argument(options.output)},
            .run = [&options](Environment& environment) { return validate(options, environment); }};
    });
}

}  // namespace homeostat::cli
