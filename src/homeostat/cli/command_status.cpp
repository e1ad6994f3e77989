// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>

#include "homeostat/api/control.h"
#include "homeostat/cli/api_client.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/output.h"

namespace homeostat::cli {
namespace {

struct StatusOptions {
    ApiOptions api;
    OutputFormat output = OutputFormat::table;
};

bool is_open(const model::Incident& incident) {
    return !incident.closed_at.has_value();
}

Cell state_of(const api::Snapshot& node) {
    if (node.ready) return {Tone::good, "ready"};
    return {Tone::bad, fmt::format("not ready: {}", fmt::join(node.troubles, "; "))};
}

Cell acts_of(const api::Snapshot& node) {
    if (!node.stopped) return "by policy";
    return {Tone::warning, fmt::format("stopped by {}: {}", node.stopped->by, node.stopped->reason)};
}

ExitCode status(const StatusOptions& options, Environment& environment) {
    ApiClient client(options.api);
    const auto json = client.get("/v1/status");
    if (!json) return report(environment, json.error());
    const auto node = from_json<api::Snapshot>(*json);
    if (!node) return report(environment, node.error());
    const auto incidents = client.read<std::vector<model::Incident>>("/v1/incidents");
    if (!incidents) return report(environment, incidents.error());
    const auto anomalies = client.read<std::vector<model::Anomaly>>("/v1/anomalies");
    if (!anomalies) return report(environment, anomalies.error());
    const auto open = std::ranges::count_if(*incidents, is_open);
    const Table table{.columns = {"NODE", node->node},
                      .rows = {{"version", node->version},
                               {"state", state_of(*node)},
                               {"acts", acts_of(*node)},
                               {"open incidents", std::to_string(open)},
                               {"anomalies", std::to_string(anomalies->size())},
                               {"at", format_rfc3339(node->at)}}};
    print(environment, options.output, table, *json);
    return node->ready ? ExitCode::ok : ExitCode::failed;
}

struct SwitchOptions {
    ApiOptions api;
    std::string by;
    std::string reason;
};

ExitCode switch_stop(const SwitchOptions& options, const std::string& path, std::string_view done,
                     Environment& environment) {
    const auto answer =
        ApiClient(options.api).post(path, json::Object{{"by", options.by}, {"reason", options.reason}});
    if (!answer) return report(environment, answer.error());
    environment.out << done << '\n';
    return ExitCode::ok;
}

Command switch_command(std::string name, std::string summary, std::string example, std::string_view done) {
    return make_command<SwitchOptions>([&](SwitchOptions& options) {
        return Command{.name = name,
                       .summary = std::move(summary),
                       .examples = {std::move(example)},
                       .arguments = with_api(options.api,
                                             {required("-r,--reason", options.reason, "Why, for the record."),
                                              by_argument(options.by)}),
                       .run = [&options, path = "/v1/" + name, done](Environment& environment) {
                           return switch_stop(options, path, done, environment);
                       }};
    });
}

}  // namespace

Argument by_argument(std::string& by) {
    // NOLINTBEGIN(concurrency-mt-unsafe): commands are made before any thread is
    const char* user = std::getenv("USER");
    const auto* account = getpwuid(geteuid());
    // NOLINTEND(concurrency-mt-unsafe)
    if (user != nullptr)
        by = user;
    else if (account != nullptr)
        by = account->pw_name;
    return argument("--by", by, "Who says so, for the record.");
}

Command status_command() {
    return make_command<StatusOptions>([](StatusOptions& options) {
        return Command{
            .name = "status",
            .summary = "Shows how a running node is; exits with 1 when it is not ready.",
            .examples = {"homeostat status", "homeostat status --api http://127.0.0.1:8420 -o json"},
            .arguments = with_api(options.api, {output_argument(options.output)}),
            .run = [&options](Environment& environment) { return status(options, environment); }};
    });
}

Command stop_command() {
    return switch_command("stop", "Stops all acts at once; what is watched and known goes on.",
                          "homeostat stop --reason 'game day'",
                          "stopped: no order leaves until 'homeostat resume'");
}

Command resume_command() {
    return switch_command("resume",
                          "Lets acts go on after 'homeostat stop', and forgets the strikes of all services.",
                          "homeostat resume --reason 'game day is over'", "resumed: acts go on by policy");
}

}  // namespace homeostat::cli
