// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <ranges>
#include <tuple>

#include "homeostat/graph/service_graph.h"

namespace homeostat::graph {

using model::ServiceId;

std::vector<ServiceId> ServiceGraph::services() const {
    std::vector<Index> all(nodes_.size());
    for (Index index = 0; index < all.size(); ++index) all[index] = index;
    return names(all);
}

std::vector<ServiceId> ServiceGraph::callers(const ServiceId& service) const {
    std::vector<ServiceId> result;
    if (const auto index = find_node(service)) {
        for (const Index edge : nodes_[*index].callers) result.push_back(edges_[edge].edge.caller);
    }
    return result;
}

std::vector<ServiceId> ServiceGraph::callees(const ServiceId& service) const {
    std::vector<ServiceId> result;
    if (const auto index = find_node(service)) {
        for (const Index edge : nodes_[*index].callees) result.push_back(edges_[edge].edge.callee);
    }
    return result;
}

std::vector<ServiceId> ServiceGraph::upstream(const ServiceId& service) const {
    const auto index = find_node(service);
    return index ? names(reach(*index, true)) : std::vector<ServiceId>{};
}

std::vector<ServiceId> ServiceGraph::downstream(const ServiceId& service) const {
    const auto index = find_node(service);
    return index ? names(reach(*index, false)) : std::vector<ServiceId>{};
}

std::vector<ServiceId> ServiceGraph::critical_upstream(const ServiceId& service) const {
    const auto index = find_node(service);
    if (!index) return {};
    auto hit = reach(*index, true);
    hit.push_back(*index);
    std::erase_if(hit, [&](Index node) {
        const auto& facts = nodes_[node].node.facts;
        return !facts || facts->criticality != model::Criticality::critical;
    });
    return names(hit);
}

/// Breadth first; without `from` itself, even on a cycle.
std::vector<ServiceGraph::Index> ServiceGraph::reach(Index from, bool against_calls) const {
    std::vector<bool> seen(nodes_.size());
    std::vector<Index> queue{from};
    seen[from] = true;
    for (std::size_t next = 0; next < queue.size(); ++next) {
        const auto& node = nodes_[queue[next]];
        for (const Index edge : against_calls ? node.callers : node.callees) {
            const Index other = against_calls ? edges_[edge].caller : edges_[edge].callee;
            if (!seen[other]) queue.push_back(other);
            seen[other] = true;
        }
    }
    queue.erase(queue.begin());
    return queue;
}

std::vector<ServiceId> ServiceGraph::shortest_path(const ServiceId& from, const ServiceId& to) const {
    const auto start = find_node(from);
    const auto goal = find_node(to);
    if (!start || !goal) return {};
    constexpr Index kNone = std::numeric_limits<Index>::max();
    std::vector<Index> before(nodes_.size(), kNone);
    std::vector<Index> queue{*start};
    before[*start] = *start;
    for (std::size_t next = 0; next < queue.size() && before[*goal] == kNone; ++next) {
        for (const Index edge : nodes_[queue[next]].callees) {
            const Index callee = edges_[edge].callee;
            if (before[callee] != kNone) continue;
            before[callee] = queue[next];
            queue.push_back(callee);
        }
    }
    if (before[*goal] == kNone) return {};
    std::vector<ServiceId> path;
    for (Index node = *goal; node != *start; node = before[node]) path.push_back(nodes_[node].node.service);
    path.push_back(from);
    std::ranges::reverse(path);
    return path;
}

const Node* ServiceGraph::node(const ServiceId& service) const {
    const auto index = find_node(service);
    return index ? &nodes_[*index].node : nullptr;
}

const Edge* ServiceGraph::edge(const ServiceId& caller, const ServiceId& callee) const {
    const auto from = find_node(caller);
    const auto to = find_node(callee);
    const auto index = from && to ? find_edge(*from, *to) : std::nullopt;
    return index ? &edges_[*index].edge : nullptr;
}

model::ServiceFacts ServiceGraph::facts(const ServiceId& service) const {
    const auto* found = node(service);
    return found != nullptr && found->facts ? *found->facts : model::ServiceFacts{.service = service};
}

std::size_t ServiceGraph::edge_count() const {
    return static_cast<std::size_t>(std::ranges::count(edges_, true, &EdgeState::live));
}

Records ServiceGraph::records() const {
    Records records;
    for (const auto& state : nodes_) records.nodes.push_back(state.node);
    for (const auto& state : edges_) records.edges.push_back(state.edge);
    std::ranges::sort(records.nodes, {}, &Node::service);
    std::ranges::sort(records.edges, {}, [](const Edge& edge) { return std::tie(edge.caller, edge.callee); });
    return records;
}

Records ServiceGraph::take_changes() {
    Records all = records();
    const auto untouched_node = [&](const Node& node) { return !nodes_[*find_node(node.service)].changed; };
    const auto untouched_edge = [&](const Edge& edge) {
        return !edges_[*find_edge(*find_node(edge.caller), *find_node(edge.callee))].changed;
    };
    std::erase_if(all.nodes, untouched_node);
    std::erase_if(all.edges, untouched_edge);
    for (auto& state : nodes_) state.changed = false;
    for (auto& state : edges_) state.changed = false;
    return all;
}

std::vector<ServiceId> ServiceGraph::names(const std::vector<Index>& nodes) const {
    std::vector<ServiceId> result;
    result.reserve(nodes.size());
    for (const Index index : nodes) result.push_back(nodes_[index].node.service);
    std::ranges::sort(result);
    return result;
}

}  // namespace homeostat::graph
