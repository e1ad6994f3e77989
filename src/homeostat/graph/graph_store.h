// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "homeostat/base/result.h"
#include "homeostat/graph/service_graph.h"

namespace homeostat::graph {

/// Keeps the graph across restarts. Threads: one caller at a time.
class GraphStore {
public:
    GraphStore() = default;
    GraphStore(const GraphStore&) = delete;
    GraphStore& operator=(const GraphStore&) = delete;
    virtual ~GraphStore() = default;

    /// Writes the records over those of the same service or edge, all of them or none, durably.
    /// Errors: `unavailable` (the store cannot be reached or is full), `data_loss`.
    virtual Result<> save(const Records& records) = 0;

    /// All that was saved, ordered by name; empty when nothing was. Errors: as `save`.
    virtual Result<Records> load() = 0;
};

}  // namespace homeostat::graph
