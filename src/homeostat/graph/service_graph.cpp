// SPDX-License-Identifier: Apache-2.0
#include "homeostat/graph/service_graph.h"

#include <algorithm>
#include <ranges>
#include <tuple>

namespace homeostat::graph {

using model::Feature;
using model::ServiceId;

namespace {

/// Windows may come late: the first seen stays the first, the last the last.
void see(auto& thing, EventTime at) {
    thing.first_seen = std::min(thing.first_seen.value_or(at), at);
    thing.last_seen = std::max(thing.last_seen.value_or(at), at);
}

}  // namespace

bool Edge::valid_at(EventTime time) const {
    return declared || std::ranges::any_of(history, [time](const Interval& interval) {
               return interval.from <= time && (!interval.until || time < *interval.until);
           });
}

ServiceGraph::ServiceGraph(GraphConfig config) : config_(config) {}

Result<ServiceGraph> ServiceGraph::restore(const Records& records, GraphConfig config) {
    ServiceGraph graph(config);
    for (const auto& node : records.nodes) {
        const auto index = graph.add_node(node.service);
        if (!index)
            return fail(ErrorCode::resource_exhausted,
                        "the stored graph has more services than services_max");
        graph.nodes_[*index].node = node;
        graph.nodes_[*index].changed = false;
    }
    for (const auto& edge : records.edges) {
        const auto caller = graph.find_node(edge.caller);
        const auto callee = graph.find_node(edge.callee);
        if (!caller || !callee) {
            return fail(ErrorCode::data_loss, "the stored edge " + edge.caller.value() + " → " +
                                                  edge.callee.value() +
                                                  " names a service that is not stored");
        }
        const auto index = graph.add_edge(*caller, *callee);
        if (!index)
            return fail(ErrorCode::resource_exhausted, "the stored graph has more edges than edges_max");
        graph.edges_[*index].edge = edge;
        graph.edges_[*index].changed = false;
        graph.set_live(*index, edge.declared || (!edge.history.empty() && !edge.history.back().until));
    }
    return graph;
}

void ServiceGraph::observe(const model::FeatureWindow& window) {
    if (window.freshness != model::Freshness::fresh || window.subject.is_instance()) return;
    if (window.subject.is_edge())
        observe_edge(window);
    else
        observe_service(window);
}

void ServiceGraph::observe_service(const model::FeatureWindow& window) {
    const auto index = add_node(window.subject.service);
    if (!index) return;
    auto& state = nodes_[*index];
    see(state.node, window.end);
    state.changed = true;
}

void ServiceGraph::observe_edge(const model::FeatureWindow& window) {
    const auto& [service, callee_id, instance] = window.subject;
    if (service == *callee_id || window.values.get_or(Feature::rate_rps, 0) <= 0) return;
    const auto caller = add_node(service);
    const auto callee = add_node(*callee_id);
    if (!caller || !callee) return;
    const auto index = add_edge(*caller, *callee);
    if (!index) return;
    auto& state = edges_[*index];
    auto& edge = state.edge;
    if (edge.history.empty() || edge.history.back().until) {
        if (edge.history.size() == config_.intervals_max) edge.history.erase(edge.history.begin());
        edge.history.push_back({.from = window.end - window.length, .until = std::nullopt});
        set_live(*index, true);
    }
    see(edge, window.end);
    learn(edge.weights, window);
    state.changed = true;
}

/// A running mean at first, an exponentially weighted one once as much time has passed as it remembers.
void ServiceGraph::learn(EdgeWeights& weights, const model::FeatureWindow& window) const {
    const auto remembered = static_cast<double>(config_.smoothing.count()) /
                            static_cast<double>(std::max<Duration::rep>(window.length.count(), 1));
    ++weights.windows;
    const double share = 1.0 / std::min(static_cast<double>(weights.windows), std::max(remembered, 1.0));
    const auto move = [&](double& weight, Feature feature) {
        if (const auto value = window.values.get(feature)) weight += share * (*value - weight);
    };
    move(weights.rate_rps, Feature::rate_rps);
    move(weights.error_rate, Feature::error_rate);
    move(weights.latency_ms, Feature::latency_ms);
}

void ServiceGraph::declare(const model::ServiceFacts& facts) {
    const auto index = add_node(facts.service);
    if (!index || nodes_[*index].node.facts == facts) return;
    nodes_[*index].node.facts = facts;
    nodes_[*index].changed = true;
}

void ServiceGraph::declare_edge(const ServiceId& caller_id, const ServiceId& callee_id) {
    if (caller_id == callee_id) return;
    const auto caller = add_node(caller_id);
    const auto callee = add_node(callee_id);
    if (!caller || !callee) return;
    const auto index = add_edge(*caller, *callee);
    if (!index || edges_[*index].edge.declared) return;
    edges_[*index].edge.declared = true;
    edges_[*index].changed = true;
    set_live(*index, true);
}

std::vector<Edge> ServiceGraph::forget_unseen(EventTime now) {
    std::vector<Edge> ended;
    for (Index index = 0; index < edges_.size(); ++index) {
        auto& state = edges_[index];
        auto& history = state.edge.history;
        if (history.empty() || history.back().until || now - *state.edge.last_seen <= config_.forget_after)
            continue;
        history.back().until = state.edge.last_seen;
        state.changed = true;
        if (!state.edge.declared) set_live(index, false);
        ended.push_back(state.edge);
    }
    std::ranges::sort(ended, {}, [](const Edge& edge) { return std::tie(edge.caller, edge.callee); });
    return ended;
}

ServiceGraph ServiceGraph::as_of(EventTime time) const {
    ServiceGraph past(*this);
    for (Index index = 0; index < past.edges_.size(); ++index) {
        past.set_live(index, past.edges_[index].edge.valid_at(time));
    }
    return past;
}

std::optional<ServiceGraph::Index> ServiceGraph::find_node(const ServiceId& service) const {
    const auto found = node_of_.find(std::string_view(service.value()));
    return found == node_of_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<ServiceGraph::Index> ServiceGraph::find_edge(Index caller, Index callee) const {
    const auto found = edge_of_.find(std::uint64_t{caller} << 32U | callee);
    return found == edge_of_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<ServiceGraph::Index> ServiceGraph::add_node(const ServiceId& service) {
    if (const auto index = find_node(service)) return index;
    if (nodes_.size() >= config_.services_max) {
        ++refused_;
        return std::nullopt;
    }
    const auto index = static_cast<Index>(nodes_.size());
    nodes_.push_back({.node = {.service = service}});
    node_of_.emplace(service.value(), index);
    return index;
}

std::optional<ServiceGraph::Index> ServiceGraph::add_edge(Index caller, Index callee) {
    if (const auto index = find_edge(caller, callee)) return index;
    if (edges_.size() >= config_.edges_max) {
        ++refused_;
        return std::nullopt;
    }
    const auto index = static_cast<Index>(edges_.size());
    edges_.push_back({.edge = {.caller = nodes_[caller].node.service, .callee = nodes_[callee].node.service},
                      .caller = caller,
                      .callee = callee});
    edge_of_.emplace(std::uint64_t{caller} << 32U | callee, index);
    return index;
}

void ServiceGraph::set_live(Index index, bool live) {
    auto& state = edges_[index];
    if (state.live == live) return;
    state.live = live;
    const auto update = [&](std::vector<Index>& list, ServiceId Edge::* by) {
        const auto name = [&](Index edge) -> const ServiceId& { return edges_[edge].edge.*by; };
        const auto place = std::ranges::lower_bound(list, state.edge.*by, {}, name);
        if (live)
            list.insert(place, index);
        else
            list.erase(place);
    };
    update(nodes_[state.caller].callees, &Edge::callee);
    update(nodes_[state.callee].callers, &Edge::caller);
}

}  // namespace homeostat::graph
