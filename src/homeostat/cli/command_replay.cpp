// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <ostream>

#include "homeostat/cli/api_client.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/output.h"
#include "homeostat/cli/progress.h"
#include "homeostat/runtime/replay.h"

namespace homeostat::cli {
namespace {

struct Options {
    std::string folder;
    OutputFormat output = OutputFormat::table;
};

Table table_of(const runtime::ReplayReport& report, double seconds) {
    Table table{
        .columns = {"REPLAY", ""},
        .rows = {{"journals", std::to_string(report.journals)},
                 {"steps", std::to_string(report.steps)},
                 {"inputs", std::to_string(report.inputs)},
                 {"decisions", fmt::format("{}, of these {} orders", report.records, report.orders)},
                 {"equal to the audit log", std::to_string(report.compared)},
                 {"last hash", report.last_hash},
                 {"speed", fmt::format("{:.0f} steps/s", static_cast<double>(report.steps) / seconds)}}};
    for (const auto& note : report.notes) table.rows.push_back({"note", Cell(Tone::warning, note)});
    table.rows.push_back({"result", report.difference ? Cell(Tone::bad, "different")
                                                      : Cell(Tone::good, "every decision is the same")});
    return table;
}

ExitCode replay(const Options& options, Environment& environment) {
    const auto started = std::chrono::steady_clock::now();
    auto report = [&] {
        Progress progress(environment, "replaying", 0);
        return runtime::replay(options.folder, [&] { progress.advance(); });
    }();
    if (!report && report.error().code == ErrorCode::not_found) {
        report =
            fail(ErrorCode::not_found,
                 fmt::format("{} is no journal, nor a data directory with one; name node.data_dir of the "
                             "configuration, or a folder below its journal folder",
                             options.folder));
    }
    if (!report) return cli::report(environment, report.error());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    print(environment, options.output, table_of(*report, seconds.count()), to_json(*report));
    const auto& difference = report->difference;
    if (!difference) return ExitCode::ok;
    environment.err << "the first difference: " << *difference << '\n';
    return ExitCode::failed;
}

}  // namespace

Command replay_command() {
    return make_command<Options>([](Options& options) {
        return Command{
            .name = "replay",
            .summary =
                "Decides everything again from the journal, and compares it with the audit log; exits with 1 "
                "at a difference.",
            .examples = {"homeostat replay homeostat-data", "homeostat replay homeostat-data/journal/000001"},
            .arguments = {of_files(required(
                              "FOLDER", options.folder,
                              "A node's data directory; or one journal, which is only decided again.")),
                          output_argument(options.output)},
            .run = [&options](Environment& environment) { return replay(options, environment); }};
    });
}

}  // namespace homeostat::cli
