// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/call_joiner.h"

#include <bit>

#include "homeostat/base/check.h"

namespace homeostat::features {

CallJoiner::CallJoiner(std::size_t entries) : parents_(entries), orphans_(entries), mask_(entries - 1) {
    HOMEOSTAT_CHECK(std::has_single_bit(entries));
}

std::size_t CallJoiner::slot(std::uint64_t span_id) const {
    constexpr std::uint64_t kFibonacci = 0x9e3779b97f4a7c15ULL;  // spreads ids that count upwards
    return static_cast<std::size_t>(((span_id * kFibonacci) >> 32U) & mask_);
}

std::optional<CallJoiner::ServerSide> CallJoiner::parent(std::uint64_t span_id, Service* caller) {
    parents_[slot(span_id)] = {span_id, caller};
    auto& orphan = orphans_[slot(span_id)];
    if (orphan.parent_span_id != span_id || orphan.side.callee == nullptr) return std::nullopt;
    const auto side = orphan.side;
    orphan = {};
    return side;
}

Service* CallJoiner::child(std::uint64_t parent_span_id, const ServerSide& side) {
    const auto& parent = parents_[slot(parent_span_id)];
    if (parent.span_id == parent_span_id && parent.caller != nullptr) return parent.caller;
    orphans_[slot(parent_span_id)] = {parent_span_id, side};
    return nullptr;
}

void CallJoiner::forget(const Service* service) {
    for (auto& parent : parents_) {
        if (parent.caller == service) parent = {};
    }
    for (auto& orphan : orphans_) {
        if (orphan.side.callee == service) orphan = {};
    }
}

}  // namespace homeostat::features
