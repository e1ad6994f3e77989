// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "homeostat/cli/api_client.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/offline.h"
#include "homeostat/cli/output.h"
#include "homeostat/graph/service_graph.h"

namespace homeostat::cli {
namespace {

using model::ServiceId;

struct Options {
    ApiOptions api;
    bool dot = false;
    std::optional<ServiceId> upstream;
    std::optional<ServiceId> downstream;
    std::optional<ServiceId> critical;
    std::vector<ServiceId> path;  // from, to
    std::optional<EventTime> as_of;
    OutputFormat output = OutputFormat::table;
};

/// The service that the questions are about and that the graph does not know, if there is one.
const ServiceId* unknown_of(const Options& options, const graph::ServiceGraph& graph) {
    for (const auto* asked : {&options.upstream, &options.downstream, &options.critical}) {
        if (*asked && graph.node(**asked) == nullptr) return &**asked;
    }
    for (const auto& service : options.path) {
        if (graph.node(service) == nullptr) return &service;
    }
    return nullptr;
}

/// The answer to a question, or nothing when none was asked.
std::optional<std::vector<ServiceId>> answer(const Options& options, const graph::ServiceGraph& graph) {
    if (options.upstream) return graph.upstream(*options.upstream);
    if (options.downstream) return graph.downstream(*options.downstream);
    if (options.critical) return graph.critical_upstream(*options.critical);
    if (!options.path.empty()) return graph.shortest_path(options.path[0], options.path[1]);
    return std::nullopt;
}

Table table_of(const std::vector<ServiceId>& services, const graph::ServiceGraph& graph) {
    Table table{.columns = {"SERVICE", "CRITICALITY", "OWNER"}, .rows = {}};
    for (const auto& service : services) {
        const auto facts = graph.facts(service);
        table.rows.push_back(
            {service.value(), std::string(to_string(facts.criticality)), facts.owner.value_or("")});
    }
    return table;
}

Table table_of(const graph::Records& records) {
    Table table{.columns = {"CALLER", "CALLEE", "RATE/S", "ERRORS", "LATENCY", "LAST SEEN"}, .rows = {}};
    for (const auto& edge : records.edges) {
        const auto& weights = edge.weights;
        table.rows.push_back(
            {edge.caller.value(), edge.callee.value(), fmt::format("{:.1f}", weights.rate_rps),
             fmt::format("{:.2f} %", 100 * weights.error_rate), fmt::format("{:.1f} ms", weights.latency_ms),
             edge.last_seen ? short_time(*edge.last_seen) : std::string("declared")});
    }
    for (const auto& node : records.nodes) {
        const auto touches = [&](const graph::Edge& edge) {
            return edge.caller == node.service || edge.callee == node.service;
        };
        if (std::ranges::any_of(records.edges, touches)) continue;
        table.rows.push_back({node.service.value(), "", "", "", "",
                              node.last_seen ? short_time(*node.last_seen) : std::string("declared")});
    }
    return table;
}

ExitCode show(const Options& options, Environment& environment) {
    const auto records = ApiClient(options.api).read<graph::Records>("/v1/graph");
    if (!records) return report(environment, records.error());
    auto graph = graph::ServiceGraph::restore(*records);
    if (!graph) return report(environment, graph.error());
    if (options.as_of) *graph = graph->as_of(*options.as_of);
    if (const auto* unknown = unknown_of(options, *graph)) {
        environment.err << unknown->value()
                        << ": the graph has no such service; 'homeostat graph' lists them\n";
        return ExitCode::failed;
    }
    if (const auto services = answer(options, *graph)) {
        print(environment, options.output, table_of(*services, *graph), to_json(*services));
    } else if (options.dot) {
        environment.out << graph::to_dot(*graph);
    } else {
        const auto shown = graph->records();
        print(environment, options.output, table_of(shown), to_json(shown));
    }
    return ExitCode::ok;
}

std::vector<Argument> arguments(Options& options) {
    auto path = argument("--path", options.path, "The shortest way of calls between two services: FROM TO.");
    path.words = 2;
    return with_api(
        options.api,
        {argument("--upstream", options.upstream, "All that call this service, directly or not."),
         argument("--downstream", options.downstream, "All that this service calls, directly or not."),
         argument("--critical", options.critical, "The critical services that suffer when this one fails."),
         std::move(path), argument("--as-of", options.as_of, "The graph as it was at this time (RFC 3339)."),
         argument("--dot", options.dot, "Writes it for Graphviz."), output_argument(options.output)});
}

}  // namespace

Command graph_command() {
    return make_command<Options>([](Options& options) {
        return Command{.name = "graph",
                       .summary = "Shows who calls whom, or answers a question about it.",
                       .examples = {"homeostat graph", "homeostat graph --upstream db",
                                    "homeostat graph --path frontend db",
                                    "homeostat graph --dot | dot -Tsvg > graph.svg"},
                       .arguments = arguments(options),
                       .run = [&options](Environment& environment) { return show(options, environment); }};
    });
}

}  // namespace homeostat::cli
