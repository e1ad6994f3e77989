// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/people.h"

#include <algorithm>

namespace homeostat::sim {

std::optional<loop::ApprovalAnswered> People::answer(const model::IncidentId& incident, Prng& prng) const {
    if (prng.chance(climate_.approval_ignored, 10'000)) return std::nullopt;
    const bool denied = prng.chance(climate_.approval_denied, 10'000);
    return loop::ApprovalAnswered{
        .incident = incident, .approved = !denied, .by = "on-call", .reason = "looked at it"};
}

void People::repair_due(twin::World& world, const Reach& reach, LoopTime now) {
    std::vector<model::ServiceId> sick;
    for (const auto& fault : world.faults()) {
        if (fault.end != twin::FaultEnd::active || !fault.needs_action()) continue;
        const bool called = std::any_of(calls_.begin(), calls_.end(), [&](const Call& call) {
            return call.due <= now && reach.may_concern(fault.service, call.blamed);
        });
        if (called || now - fault.injected_at > kComplaint) sick.push_back(fault.service);
    }
    for (const auto& service : sick) world.repair(service, now);
    std::erase_if(calls_, [&](const Call& call) { return call.due <= now; });
}

}  // namespace homeostat::sim
