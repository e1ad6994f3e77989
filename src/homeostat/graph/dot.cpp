// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "homeostat/graph/service_graph.h"

namespace homeostat::graph {

namespace {

/// A name as a quoted DOT identifier.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string_view colour(model::Criticality criticality) {
    static constexpr std::array<std::string_view, 4> kColours{"gray95", "white", "khaki", "lightsalmon"};
    return kColours.at(static_cast<std::size_t>(criticality));
}

}  // namespace

std::string to_dot(const ServiceGraph& graph) {
    std::string out = "digraph services {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\"];\n";
    for (const auto& service : graph.services()) {
        out += fmt::format("  {} [fillcolor={}];\n", quoted(service.value()),
                           colour(graph.facts(service).criticality));
    }
    for (const auto& caller : graph.services()) {
        for (const auto& callee : graph.callees(caller)) {
            const Edge& edge = *graph.edge(caller, callee);
            out += fmt::format("  {} -> {}", quoted(caller.value()), quoted(callee.value()));
            if (edge.weights.windows > 0) {
                out += fmt::format(" [label=\"{:.1f}/s {:.1f} ms\"]", edge.weights.rate_rps,
                                   edge.weights.latency_ms);
            } else {
                out += " [style=dashed]";
            }
            out += ";\n";
        }
    }
    return out + "}\n";
}

}  // namespace homeostat::graph
