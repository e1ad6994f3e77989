// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <ostream>

#include "homeostat/cli/commands.h"
#include "homeostat/cli/output.h"
#include "homeostat/cli/progress.h"
#include "homeostat/sim/defaults.h"
#include "homeostat/sim/swarm.h"

namespace homeostat::cli {
namespace {

struct Options {
    std::uint32_t incidents = 1000;
    std::uint32_t storms = 60;
    std::uint32_t quiet_hours = 24;
    std::uint64_t seed = 1;
    std::uint32_t services_min = 5;
    std::uint32_t services_max = 200;
    std::uint32_t threads = 0;
    std::optional<std::string> report;
    std::optional<std::uint64_t> trace;
    bool flaws = false;
    sim::Weather weather = sim::Weather::calm;
    OutputFormat format = OutputFormat::table;
};

std::string seen_again(const sim::Sighting& found) {
    return fmt::format("homeostat simulate --trace {} --services-max {} --weather {}", found.seed,
                       found.services, to_string(found.weather));
}

void print_report(Environment& environment, const sim::SimulationReport& report, bool flaws) {
    environment.out << sim::to_table(report.kpi);
    const auto& calm = report.calm_counters;
    const auto& storm = report.storm_counters;
    environment.out << fmt::format(
        "\n{} systems, {:.1f} virtual hours, {} windows, {} orders\n"
        "in storms: {} faults, {} crashes of the controller, {} orders, {} reconciled, {} given to a "
        "person\n",
        report.systems, static_cast<double>(calm.seconds + storm.seconds) / 3600.0,
        calm.windows + storm.windows, calm.orders + storm.orders, report.storm.incidents, storm.deaths,
        storm.orders, storm.reconciled, storm.escalated);
    for (const auto& found : report.violations) {
        environment.out << paint(environment, Tone::bad, "VIOLATION ") << found.text
                        << "\n  see it again: " << seen_again(found) << "\n";
    }
    if (!flaws) return;
    for (const auto& flaw : report.flaws)
        environment.out << flaw.text << "\n  see it again: " << seen_again(flaw) << "\n";
}

bool write_report(const std::string& file, const sim::Kpi& kpi) {
    std::ofstream out(file);
    out << json::to_pretty_text(to_json(kpi)) << "\n";
    return static_cast<bool>(out.flush());
}

/// One system, told line by line; its seed is one that a violation named.
ExitCode trace(const Options& options, Environment& environment) {
    sim::RunOptions run{.seed = *options.trace,
                        .services = options.services_max,
                        .incidents = sim::incidents_in(options.weather),
                        .weather = options.weather,
                        .loop = sim::default_loop_config()};
    run.trace = [&](Instant now, const std::string& what) {
        const auto seconds = std::chrono::duration<double>(now.loop.time_since_epoch()).count();
        environment.out << fmt::format("{:8.1f} {}\n", seconds, what);
    };
    const auto result = sim::run_one(run);
    if (!result) {
        environment.err << result.error().message << "\n";
        return ExitCode::usage;
    }
    for (const auto& violation : result->violations) {
        environment.out << "VIOLATION " << violation.rule << ": " << violation.text << "\n";
    }
    return result->violations.empty() ? ExitCode::ok : ExitCode::failed;
}

ExitCode simulate(const Options& options, Environment& environment) {
    if (options.trace) return trace(options, environment);
    sim::SimulationOptions simulation{.incidents = options.incidents,
                                      .storms = options.storms,
                                      .quiet_hours = options.quiet_hours,
                                      .seed = options.seed,
                                      .services_min = options.services_min,
                                      .services_max = options.services_max,
                                      .threads = options.threads};
    simulation.loop = sim::default_loop_config();
    environment.err << fmt::format("SEED={}\n", options.seed);
    Result<sim::SimulationReport> report = fail(ErrorCode::unavailable, "not run");
    {
        std::optional<Progress> progress;
        report = sim::run_simulation(simulation, [&](std::uint32_t, std::uint32_t all) {
            if (!progress) progress.emplace(environment, "simulating systems", all);
            progress->advance();
        });
    }
    if (!report) {
        environment.err << report.error().message << "\n";
        return ExitCode::usage;
    }
    if (options.format == OutputFormat::table)
        print_report(environment, *report, options.flaws);
    else
        print(environment, options.format, to_json(report->kpi));
    if (options.report && !write_report(*options.report, report->kpi)) {
        environment.err << "cannot write the report to " << *options.report << "\n";
        return ExitCode::unavailable;
    }
    return report->violations.empty() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

Command simulate_command() {
    return make_command<Options>([](Options& options) {
        return Command{
            .name = "simulate",
            .summary =
                "Heals simulated systems in virtual time, with faults everywhere, and prints the figures.",
            .examples = {"homeostat simulate --incidents 1000 --seed 1",
                         "homeostat simulate --incidents 100 --storms 0 --services-max 20 --report kpi.json"},
            .arguments =
                {argument("--incidents", options.incidents, "Faults to heal, in calm systems."),
                 argument("--storms", options.storms,
                          "Further systems in which the loop's own surroundings fail as well."),
                 argument("--quiet-hours", options.quiet_hours,
                          "Hours of a system of 50 services without faults, for the false alarms."),
                 argument("--seed", options.seed, "Everything is drawn from it."),
                 argument("--services-min", options.services_min, "Services of the smallest system."),
                 argument("--services-max", options.services_max, "Services of the largest system."),
                 argument("--threads", options.threads, "0: one a core. The figures do not depend on it."),
                 of_files(argument("--report", options.report, "Writes the figures as JSON to this file.")),
                 argument("--trace", options.trace,
                          "Runs the one system of this seed, with --services-max services, and tells all."),
                 argument("--flaws", options.flaws,
                          "Lists what was less than perfect in the calm systems, and how to see it again."),
                 argument("--weather", options.weather, "Of the traced system."),
                 output_argument(options.format)},
            .run = [&options](Environment& environment) { return simulate(options, environment); }};
    });
}

}  // namespace homeostat::cli
