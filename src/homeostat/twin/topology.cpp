// SPDX-License-Identifier: Apache-2.0
#include "homeostat/twin/topology.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "homeostat/twin/random.h"

namespace homeostat::twin {
namespace {

constexpr double kMaxRps = 1500;  // of one service
constexpr double kMinRps = 2;
constexpr std::uint32_t kMaxCallees = 4;

struct Layout {
    std::uint32_t entries = 1;
    std::uint32_t stores = 1;
    std::uint32_t layers = 2;  // of the inner services
};

Layout draw_layout(Prng& prng, std::uint32_t services) {
    Layout layout;
    layout.entries = std::max(1U, services / 20);
    layout.stores = std::max(1U, services / 6);
    layout.layers = 2 + static_cast<std::uint32_t>(prng.below(services < 20 ? 2 : 4));
    return layout;
}

/// Names stay within 15 characters with an instance's number, so that copying one never allocates.
ServiceProfile draw_service(Prng& prng, std::uint32_t index, std::uint32_t count, const Layout& layout) {
    ServiceProfile service;
    const bool entry = index < layout.entries;
    service.is_store = index >= count - layout.stores;
    const char* role = entry ? "edge-" : service.is_store ? "db-" : "svc-";
    service.id = model::ServiceId{role + std::to_string(index)};
    if (entry) service.entry_rps = log_uniform(prng, 60, 400);
    service.service_ms = service.is_store ? log_uniform(prng, 1, 8) : log_uniform(prng, 2, 30);
    service.sigma = uniform(prng, 0.25, 0.6);
    service.cpu_share = service.is_store ? uniform(prng, 0.3, 0.6) : uniform(prng, 0.4, 0.8);
    service.error_floor = prng.chance(1, 3) ? log_uniform(prng, 0.0002, 0.004) : 0.0;
    service.memory_mb = log_uniform(prng, 80, 900);
    service.memory_limit_mb = service.memory_mb * uniform(prng, 2.0, 3.5);
    service.replicas = 2 + static_cast<std::uint32_t>(prng.below(service.is_store ? 2 : 5));
    return service;
}

void add_edge(Prng& prng, Topology& topology, std::uint32_t caller, std::uint32_t callee) {
    const auto same = [&](const EdgeProfile& edge) { return edge.caller == caller && edge.callee == callee; };
    if (std::any_of(topology.edges.begin(), topology.edges.end(), same)) return;
    EdgeProfile edge{.caller = caller, .callee = callee};
    edge.calls = log_uniform(prng, 0.25, 1.5);
    edge.retries = static_cast<std::uint32_t>(prng.below(2));
    edge.essential = prng.chance(4, 5);
    topology.edges.push_back(edge);
}

/// The first service of an inner layer; `layer` == layers gives the first store.
std::uint32_t layer_start(const Layout& layout, std::uint32_t inner, std::uint32_t layer) {
    return layout.entries + inner * layer / layout.layers;
}

void draw_edges(Prng& prng, Topology& topology, const Layout& layout) {
    const auto count = static_cast<std::uint32_t>(topology.services.size());
    const std::uint32_t first_store = count - layout.stores;
    const std::uint32_t inner = first_store - layout.entries;
    for (std::uint32_t layer = 0; layer < layout.layers; ++layer) {
        const auto begin = layer_start(layout, inner, layer);
        const auto end = layer_start(layout, inner, layer + 1);
        const auto above = layer == 0 ? 0U : layer_start(layout, inner, layer - 1);
        for (auto callee = begin; callee < end;
             ++callee) {  // every inner service has a caller in the layer above
            if (begin == above) continue;
            add_edge(prng, topology, above + static_cast<std::uint32_t>(prng.below(begin - above)), callee);
        }
    }
    for (std::uint32_t store = first_store; store < count; ++store) {
        add_edge(prng, topology, static_cast<std::uint32_t>(prng.below(first_store)), store);
    }
    for (std::uint32_t caller = 0; caller < first_store; ++caller) {
        const auto more = 1 + prng.below(kMaxCallees - 1);
        const auto from = std::max(caller + 1, layout.entries);
        for (std::uint64_t i = 0; i < more && from < count; ++i) {
            if (!prng.chance(1, 2)) continue;
            const auto to_store = prng.chance(1, 2);
            const auto low = to_store ? first_store : from;
            add_edge(prng, topology, caller, low + static_cast<std::uint32_t>(prng.below(count - low)));
        }
    }
    std::sort(topology.edges.begin(), topology.edges.end(), [](const EdgeProfile& a, const EdgeProfile& b) {
        return std::pair(a.caller, a.callee) < std::pair(b.caller, b.callee);
    });
}

/// Spreads the load from the entries down, holding every service between kMinRps and kMaxRps.
void spread_load(Topology& topology) {
    for (auto& service : topology.services) service.nominal_rps = service.entry_rps;
    for (std::uint32_t callee = 0; callee < topology.services.size(); ++callee) {
        double incoming = 0;
        for (const auto& edge : topology.edges) {
            if (edge.callee == callee) incoming += topology.services[edge.caller].nominal_rps * edge.calls;
        }
        if (incoming <= 0) continue;
        const double factor = std::clamp(incoming, kMinRps, kMaxRps) / incoming;
        for (auto& edge : topology.edges) {
            if (edge.callee == callee) edge.calls *= factor;
        }
        topology.services[callee].nominal_rps += incoming * factor;
    }
}

/// Gives each service replicas and workers for two and a half to five times its load, and each edge its
/// time-out.
void size_for_load(Prng& prng, Topology& topology) {
    for (auto& service : topology.services) {
        const double utilisation = uniform(prng, 0.2, 0.4);
        const double needed_rps = service.nominal_rps / utilisation;
        service.capacity_rps = needed_rps / static_cast<double>(service.replicas);
        service.workers = std::max(2.0, service.capacity_rps * service.service_ms / 1000.0);
        service.capacity_rps = service.workers * 1000.0 / service.service_ms;
    }
    for (auto service = topology.services.rbegin(); service != topology.services.rend(); ++service) {
        const auto index = static_cast<std::uint32_t>(std::distance(service, topology.services.rend()) - 1);
        service->nominal_ms = service->service_ms;
        for (auto& edge : topology.edges) {
            if (edge.caller != index) continue;
            const auto& callee = topology.services[edge.callee];
            edge.timeout_ms = std::clamp(12.0 * callee.nominal_ms, 250.0, 3000.0);
            service->nominal_ms += std::min(edge.calls, 2.0) * callee.nominal_ms;
        }
    }
}

}  // namespace

Topology draw_topology(Prng& prng, std::uint32_t services) {
    Topology topology;
    const Layout layout = draw_layout(prng, services);
    for (std::uint32_t i = 0; i < services; ++i) {
        topology.services.push_back(draw_service(prng, i, services, layout));
    }
    draw_edges(prng, topology, layout);
    spread_load(topology);
    size_for_load(prng, topology);
    return topology;
}

}  // namespace homeostat::twin
