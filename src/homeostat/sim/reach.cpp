// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/reach.h"

namespace homeostat::sim {

Reach::Reach(const twin::State& state) {
    for (const auto& edge : state.edges) {
        const auto& caller = state.services[edge.profile.caller].profile.id;
        const auto& callee = state.services[edge.profile.callee].profile.id;
        callers_.emplace(callee, caller);
        callees_.emplace(caller, callee);
    }
    for (const auto& service : state.services) {
        const auto& id = service.profile.id;
        auto above = closure(id, callers_);
        auto& concerned = concerned_[id] = above;
        for (auto [edge, end] = callees_.equal_range(id); edge != end; ++edge) concerned.insert(edge->second);
        above.merge(closure(id, callees_));
        reach_[id] = std::move(above);
    }
}

std::set<model::ServiceId> Reach::closure(
    const model::ServiceId& from, const std::multimap<model::ServiceId, model::ServiceId>& edges) const {
    std::set<model::ServiceId> found{from};
    std::vector<model::ServiceId> open{from};
    while (!open.empty()) {
        const auto next = open.back();
        open.pop_back();
        for (auto [edge, end] = edges.equal_range(next); edge != end; ++edge) {
            if (found.insert(edge->second).second) open.push_back(edge->second);
        }
    }
    return found;
}

bool Reach::may_concern(const model::ServiceId& culprit, const model::ServiceId& blamed) const {
    const auto found = concerned_.find(culprit);
    return found != concerned_.end() && found->second.contains(blamed);
}

const std::set<model::ServiceId>& Reach::touched(const twin::World& world, LoopTime now) {
    std::vector<std::uint32_t> touching;
    for (const auto& fault : world.faults()) {
        const bool benign =
            fault.kind == twin::FaultKind::benign_load || fault.kind == twin::FaultKind::benign_deployment;
        const bool over =
            fault.ended_at && now - *fault.ended_at > kEcho && fault.end != twin::FaultEnd::active;
        if (!benign && !over) touching.push_back(fault.number);
    }
    if (touching != touching_) {
        touching_ = std::move(touching);
        touched_.clear();
        for (const auto number : touching_) {
            const auto& reach = reach_.at(world.faults()[number].service);
            touched_.insert(reach.begin(), reach.end());
        }
    }
    return touched_;
}

}  // namespace homeostat::sim
