// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/setting.h"
#include "homeostat/base/time.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/service.h"

/// The knowledge graph: which service calls which, since when, and how these calls normally go.
/// An edge points from the caller to the callee, everywhere. So a fault travels against the edges:
/// `upstream` of a service are those that suffer when it fails, `downstream` those that it needs.
namespace homeostat::graph {

struct GraphConfig {
    Duration forget_after = std::chrono::hours{24};  // an edge unseen for longer has ended
    Duration smoothing = std::chrono::minutes{5};    // time constant of the weights
    std::size_t services_max = 10'000;
    std::size_t edges_max = 100'000;
    std::size_t intervals_max = 16;  // of one edge; the oldest are dropped

    static constexpr auto schema() {
        return std::tuple{
            setting("forget_after", &GraphConfig::forget_after, "An edge unseen for longer has ended.",
                    {.min = std::chrono::seconds{1}}),
            setting("smoothing", &GraphConfig::smoothing, "Time constant of the weights of the edges.",
                    {.min = std::chrono::seconds{1}}),
            setting("services_max", &GraphConfig::services_max, "Services kept; one more is refused.",
                    {.min = 1}),
            setting("edges_max", &GraphConfig::edges_max, "Edges kept; one more is refused.", {.min = 1}),
            setting("intervals_max", &GraphConfig::intervals_max,
                    "Times in use kept of one edge; the oldest are dropped.", {.min = 1})};
    }
};

/// The time in which an edge was there: [from, until), without end while it is in use.
struct Interval {
    EventTime from{};
    std::optional<EventTime> until;

    static constexpr auto describe() {
        return std::tuple{field("from", &Interval::from), field("until", &Interval::until)};
    }
    friend bool operator==(const Interval&, const Interval&) = default;
};

/// How the calls of an edge normally go: exponentially smoothed over the fresh windows.
struct EdgeWeights {
    double rate_rps = 0;
    double error_rate = 0;
    double latency_ms = 0;
    std::uint64_t windows = 0;  // how many were learned from

    static constexpr auto describe() {
        return std::tuple{
            field("rate_rps", &EdgeWeights::rate_rps), field("error_rate", &EdgeWeights::error_rate),
            field("latency_ms", &EdgeWeights::latency_ms), field("windows", &EdgeWeights::windows)};
    }
    friend bool operator==(const EdgeWeights&, const EdgeWeights&) = default;
};

struct Node {
    model::ServiceId service;
    std::optional<model::ServiceFacts> facts;  // what people say; absent for a service only seen
    std::optional<EventTime> first_seen;       // absent for a service only declared
    std::optional<EventTime> last_seen;

    static constexpr auto describe() {
        return std::tuple{field("service", &Node::service), field("facts", &Node::facts),
                          field("first_seen", &Node::first_seen), field("last_seen", &Node::last_seen)};
    }
    friend bool operator==(const Node&, const Node&) = default;
};

struct Edge {
    model::ServiceId caller;
    model::ServiceId callee;
    bool declared = false;                // by people: it holds at any time and does not end when unseen
    std::optional<EventTime> first_seen;  // absent for an edge only declared
    std::optional<EventTime> last_seen;
    EdgeWeights weights;
    std::vector<Interval> history;  // oldest first; empty for a declared edge never seen

    /// Whether the edge was there at `time`.
    [[nodiscard]] bool valid_at(EventTime time) const;

    static constexpr auto describe() {
        return std::tuple{field("caller", &Edge::caller),       field("callee", &Edge::callee),
                          field("declared", &Edge::declared),   field("first_seen", &Edge::first_seen),
                          field("last_seen", &Edge::last_seen), field("weights", &Edge::weights),
                          field("history", &Edge::history)};
    }
    friend bool operator==(const Edge&, const Edge&) = default;
};

/// Nodes and edges as stored: the whole graph, or what changed of it.
struct Records {
    std::vector<Node> nodes;  // by name
    std::vector<Edge> edges;  // by caller, then callee

    static constexpr auto describe() {
        return std::tuple{field("nodes", &Records::nodes), field("edges", &Records::edges)};
    }
    friend bool operator==(const Records&, const Records&) = default;
};

/// The graph in memory. Deterministic: the same calls in the same order give the same graph, and every
/// answer is ordered by name. A call of a service to itself is no edge.
///
/// Threads: thread-compatible. Bounds: `GraphConfig`; what exceeds them is ignored and counted (`refused`).
class ServiceGraph {
public:
    explicit ServiceGraph(GraphConfig config = {});

    /// Takes up stored records. Errors: `data_loss` when an edge names an unknown service.
    static Result<ServiceGraph> restore(const Records& records, GraphConfig config = {});

    /// Learns from a fresh window of a service or an edge; others say nothing about the graph.
    void observe(const model::FeatureWindow& window);

    void declare(const model::ServiceFacts& facts);
    void declare_edge(const model::ServiceId& caller, const model::ServiceId& callee);

    /// Ends the edges that were last seen more than `forget_after` ago, and names them. An ended edge
    /// keeps its history and lives again when it is seen again.
    std::vector<Edge> forget_unseen(EventTime now);

    /// The graph as it was at `time`: the same services, only the edges that were there then. Weights and
    /// facts are those of now.
    [[nodiscard]] ServiceGraph as_of(EventTime time) const;

    [[nodiscard]] std::vector<model::ServiceId> services() const;
    [[nodiscard]] std::vector<model::ServiceId> callers(const model::ServiceId& service) const;
    [[nodiscard]] std::vector<model::ServiceId> callees(const model::ServiceId& service) const;
    /// All that call `service`, directly or not: those that suffer when it fails.
    [[nodiscard]] std::vector<model::ServiceId> upstream(const model::ServiceId& service) const;
    /// All that `service` calls, directly or not: those that it needs.
    [[nodiscard]] std::vector<model::ServiceId> downstream(const model::ServiceId& service) const;
    /// The critical services among `service` and its upstream: who is hit when it fails.
    [[nodiscard]] std::vector<model::ServiceId> critical_upstream(const model::ServiceId& service) const;
    /// The services on a shortest way of calls, both ends included; the first by name among equals; empty
    /// when there is none.
    [[nodiscard]] std::vector<model::ServiceId> shortest_path(const model::ServiceId& from,
                                                              const model::ServiceId& to) const;

    /// The node or the edge, or nullptr. Valid until the graph changes. An ended edge is still found.
    [[nodiscard]] const Node* node(const model::ServiceId& service) const;
    [[nodiscard]] const Edge* edge(const model::ServiceId& caller, const model::ServiceId& callee) const;
    /// What people said about a service, or the defaults.
    [[nodiscard]] model::ServiceFacts facts(const model::ServiceId& service) const;

    [[nodiscard]] std::size_t service_count() const { return nodes_.size(); }
    [[nodiscard]] std::size_t edge_count() const;  // without the ended ones
    /// How many observations a bound of `GraphConfig` has kept out.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

    [[nodiscard]] Records records() const;
    /// The records touched since the last call (all of them at first), for the store.
    [[nodiscard]] Records take_changes();

private:
    using Index = std::uint32_t;
    struct NodeState {
        Node node;
        std::vector<Index> callers;  // edge numbers, by the caller's name; ended edges are not in it
        std::vector<Index> callees;  // edge numbers, by the callee's name
        bool changed = true;
    };
    struct EdgeState {
        Edge edge;
        Index caller = 0;
        Index callee = 0;
        bool live = false;
        bool changed = true;
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    std::optional<Index> find_node(const model::ServiceId& service) const;
    std::optional<Index> find_edge(Index caller, Index callee) const;
    std::optional<Index> add_node(const model::ServiceId& service);
    std::optional<Index> add_edge(Index caller, Index callee);
    void set_live(Index edge, bool live);
    void observe_service(const model::FeatureWindow& window);
    void observe_edge(const model::FeatureWindow& window);
    void learn(EdgeWeights& weights, const model::FeatureWindow& window) const;
    std::vector<Index> reach(Index from, bool against_calls) const;
    std::vector<model::ServiceId> names(const std::vector<Index>& nodes) const;

    GraphConfig config_;
    std::vector<NodeState> nodes_;
    std::vector<EdgeState> edges_;
    std::unordered_map<std::string, Index, TextHash, std::equal_to<>> node_of_;
    std::unordered_map<std::uint64_t, Index> edge_of_;  // (caller << 32 | callee)
    std::uint64_t refused_ = 0;
};

/// Graphviz: services coloured by criticality, edges labelled with rate and latency.
[[nodiscard]] std::string to_dot(const ServiceGraph& graph);

}  // namespace homeostat::graph
