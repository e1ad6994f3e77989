// SPDX-License-Identifier: Apache-2.0
#include <ostream>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/output.h"
#include "homeostat/cli/problems.h"
#include "homeostat/config/config.h"

namespace homeostat::cli {
namespace {

struct ShowOptions {
    std::optional<std::string> file;
    OutputFormat output = OutputFormat::yaml;
};

ExitCode show(const ShowOptions& options, Environment& environment) {
    config::Config config;
    if (options.file) {
        Problems problems;
        const auto document = yaml::read_file(*options.file, problems);
        const bool good = document && config::read(*document, config, problems);
        print_problems(environment, problems);
        if (!good) return ExitCode::usage;
    }
    print(environment, options.output, config::show(config));
    return ExitCode::ok;
}

}  // namespace

Command config_show_command() {
    return make_command<ShowOptions>([](ShowOptions& options) {
        return Command{
            .name = "config show",
            .summary = "Prints the configuration in force, every default written out and secrets masked.",
            .examples = {"homeostat config show -c config.yaml"},
            .arguments = {of_files(
                              argument("-c,--config", options.file, "The file; without it, the defaults.")),
                          output_argument(options.output)},
            .run = [&options](Environment& environment) { return show(options, environment); }};
    });
}

Command config_schema_command() {
    return Command{.name = "config schema",
                   .summary = "Prints the JSON Schema of the configuration file, for editors and checks.",
                   .examples = {"homeostat config schema > config.schema.json"},
                   .arguments = {},
                   .run = [](Environment& environment) {
                       print(environment, OutputFormat::json, config::json_schema());
                       return ExitCode::ok;
                   }};
}

}  // namespace homeostat::cli
