// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "homeostat/base/time.h"

namespace homeostat::features {

struct Service;

/// Joins a server span with its parent, in whichever order the two arrive, so that the call between two
/// services is known where the caller does not name its peer. Two tables of fixed size, indexed by span
/// id; a newer entry replaces an older one in its place, so that a join may be missed under pressure but
/// memory never grows. Does not allocate after construction.
class CallJoiner {
public:
    /// The callee's half of a call: its entry span.
    struct ServerSide {
        Service* callee = nullptr;
        EventTime end{};
        Duration latency{};
        bool error = false;
    };

    /// `entries` of each table: a power of two.
    explicit CallJoiner(std::size_t entries);

    /// A span of `caller` that may have a server span as its child. Returns the child's half of the call
    /// if it came before.
    [[nodiscard]] std::optional<ServerSide> parent(std::uint64_t span_id, Service* caller);

    /// A server span whose parent is `parent_span_id`. Returns the caller if its span came before;
    /// else keeps `side` until it comes.
    [[nodiscard]] Service* child(std::uint64_t parent_span_id, const ServerSide& side);

    /// Drops what points to a service that is about to go.
    void forget(const Service* service);

private:
    struct Parent {
        std::uint64_t span_id = 0;
        Service* caller = nullptr;
    };
    struct Orphan {
        std::uint64_t parent_span_id = 0;
        ServerSide side;
    };

    [[nodiscard]] std::size_t slot(std::uint64_t span_id) const;

    std::vector<Parent> parents_;
    std::vector<Orphan> orphans_;
    std::uint64_t mask_;
};

}  // namespace homeostat::features
