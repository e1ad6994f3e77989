// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <ostream>

#include "homeostat/audit/story.h"
#include "homeostat/cli/api_client.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/offline.h"
#include "homeostat/cli/output.h"

namespace homeostat::cli {
namespace {

struct Options {
    std::string incident;
    std::string data_dir = "homeostat-data";
    OutputFormat output = OutputFormat::table;
};

void write(Environment& environment, const audit::Story& story) {
    environment.out << paint(environment, Tone::strong, story.incident.value()) << '\n';
    for (const auto& sentence : story.summary) environment.out << sentence << '\n';
    const auto start = story.chapters.front().at;
    for (const auto& chapter : story.chapters) {
        const auto after = std::chrono::duration<double>(chapter.at - start).count();
        environment.out << fmt::format("\n{}  {:+.1f} s  (record {})\n", short_time(chapter.at), after,
                                       chapter.sequence)
                        << "  " << paint(environment, Tone::strong, chapter.headline) << '\n';
        for (const auto& detail : chapter.details) environment.out << "    " << detail << '\n';
    }
}

ExitCode explain(const Options& options, Environment& environment) {
    audit::StoryTeller teller(model::IncidentId{options.incident});
    const auto read =
        read_audit_of(options.data_dir, [&](const model::AuditRecord& record) { teller.take(record); });
    if (!read) return report(environment, read.error());
    const auto story = teller.tell();
    if (!story) return report(environment, story.error());
    if (options.output == OutputFormat::table) {
        write(environment, *story);
    } else {
        print(environment, options.output, to_json(*story));
    }
    return ExitCode::ok;
}

}  // namespace

Command explain_command() {
    return make_command<Options>([](Options& options) {
        return Command{
            .name = "explain",
            .summary =
                "Tells an incident's story: what was seen, why it was so judged, what was done or not done, "
                "and what came of it.",
            .examples = {"homeostat explain inc-000001", "homeostat explain inc-000001 -o json"},
            .arguments = {required("INCIDENT", options.incident, "The incident."),
                          data_dir_argument(options.data_dir), output_argument(options.output)},
            .run = [&options](Environment& environment) { return explain(options, environment); }};
    });
}

}  // namespace homeostat::cli
