// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/fault_plan.h"

#include <algorithm>

namespace homeostat::sim {
namespace {

using twin::FaultKind;

constexpr auto kNeedAction = std::to_array(
    {FaultKind::crash, FaultKind::hang, FaultKind::load_surge, FaultKind::cpu_burn, FaultKind::memory_leak,
     FaultKind::bad_version, FaultKind::slow_dependency, FaultKind::lost_dependency});
constexpr auto kLeaveAlone = std::to_array(
    {FaultKind::telemetry_silence, FaultKind::glitch, FaultKind::benign_load, FaultKind::benign_deployment});

std::size_t active_faults(const twin::World& world) {
    const auto faults = world.faults();
    return static_cast<std::size_t>(
        std::count_if(faults.begin(), faults.end(), [](const twin::FaultRecord& fault) {
            return fault.end == twin::FaultEnd::active && fault.needs_action();
        }));
}

}  // namespace

std::int64_t FaultPlan::draw_gap(Prng& prng) const {
    constexpr std::int64_t kLeast = 40;
    const auto gap = kLeast + static_cast<std::int64_t>(prng.below(50));
    const bool burst = weather_ == Weather::stormy && prng.chance(1, 4);
    return burst ? static_cast<std::int64_t>(prng.below(4)) : gap;
}

void FaultPlan::inject_due(twin::World& world, Prng& prng) {
    if (left_ == 0) rest_ = std::max<std::int64_t>(0, rest_ - 1);
    if (left_ == 0 && weather_ != Weather::quiet) return;
    if (next_-- > 0) return;
    const auto most = 1 + world.state().services.size() / 60 + (weather_ == Weather::stormy ? 2 : 0);
    if (active_faults(world) >= most) return;
    next_ = draw_gap(prng);
    if (weather_ == Weather::quiet || prng.chance(1, 5)) {
        inject(world, prng, kLeaveAlone[prng.below(kLeaveAlone.size())]);
    } else {
        inject(world, prng, kNeedAction[prng.below(kNeedAction.size())]);
    }
}

void FaultPlan::inject(twin::World& world, Prng& prng, FaultKind kind) {
    constexpr int kTries = 20;  // until a service is met that the fault fits
    for (int i = 0; i < kTries; ++i) {
        const auto& services = world.state().services;
        const auto& service = services[prng.below(services.size())].profile.id;
        const auto at =
            world.now().loop + std::chrono::milliseconds{static_cast<std::int64_t>(prng.below(1000))};
        const auto number = world.inject({.kind = kind, .service = service}, at);
        if (!number) continue;
        if (world.faults()[*number].needs_action()) --left_;
        return;
    }
}

}  // namespace homeostat::sim
