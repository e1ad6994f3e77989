// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "homeostat/base/prng.h"
#include "homeostat/model/ids.h"

namespace homeostat::twin {

/// What a service is like when all is well.
struct ServiceProfile {
    model::ServiceId id;
    double entry_rps = 0;       // requests from outside, on average; 0 for an inner service
    double nominal_rps = 0;     // all requests, on average
    double service_ms = 5;      // own work for one request, without waiting
    double sigma = 0.4;         // of the lognormal latency
    double workers = 2;         // requests that an instance serves at once
    double capacity_rps = 100;  // of one instance
    double cpu_share = 0.6;     // of the own work that is CPU
    double error_floor = 0;     // share of requests that fail in the best of times
    double nominal_ms = 5;      // with the callees' part
    double memory_mb = 200;
    double memory_limit_mb = 500;
    std::uint32_t replicas = 2;
    bool is_store = false;  // a database, cache or queue: calls nobody
};

/// Calls from one service to another: the edge points from caller to callee.
struct EdgeProfile {
    std::uint32_t caller = 0;
    std::uint32_t callee = 0;
    double calls = 1;  // per request of the caller
    double timeout_ms = 1000;
    std::uint32_t retries = 0;  // 0 or 1
    bool essential = true;      // the caller's request fails with the call
};

/// A layered call graph without cycles. Services come in topological order (a caller before its callees)
/// and edges in the order of their callers.
struct Topology {
    std::vector<ServiceProfile> services;
    std::vector<EdgeProfile> edges;
};

/// Draws a graph: a few entry services, layers of inner ones, shared stores at the bottom; each service
/// is reached from an entry. Replicas and capacity suit the load, so that nothing saturates by itself.
[[nodiscard]] Topology draw_topology(Prng& prng, std::uint32_t services);

}  // namespace homeostat::twin
