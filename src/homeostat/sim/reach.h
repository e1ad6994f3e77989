// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"
#include "homeostat/twin/world.h"

namespace homeostat::sim {

/// How far a fault is felt: by who calls the culprit, directly or not, and by whom it calls.
class Reach {
public:
    explicit Reach(const twin::State& state);

    /// True when trouble noticed at `blamed` may come from `culprit`.
    [[nodiscard]] bool may_concern(const model::ServiceId& culprit, const model::ServiceId& blamed) const;

    /// The services that a fault of now, or of a minute ago, may have to do with.
    [[nodiscard]] const std::set<model::ServiceId>& touched(const twin::World& world, LoopTime now);

private:
    static constexpr Duration kEcho = std::chrono::seconds{60};

    [[nodiscard]] std::set<model::ServiceId> closure(
        const model::ServiceId& from, const std::multimap<model::ServiceId, model::ServiceId>& edges) const;

    std::multimap<model::ServiceId, model::ServiceId> callers_;
    std::multimap<model::ServiceId, model::ServiceId> callees_;
    std::map<model::ServiceId, std::set<model::ServiceId>> reach_;  // the culprit, all above, all below
    std::map<model::ServiceId, std::set<model::ServiceId>>
        concerned_;  // the culprit, all above, the direct callees
    std::set<model::ServiceId> touched_;
    std::vector<std::uint32_t> touching_;  // the faults that touched_ was made of
};

}  // namespace homeostat::sim
