// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "homeostat/base/prng.h"
#include "homeostat/sim/climate.h"
#include "homeostat/twin/world.h"

namespace homeostat::sim {

/// Decides what is broken when. On a quiet day only what must be left alone happens, for an hour. Else faults
/// that need an action come one or a few at a time, in a storm also in bursts; between them things happen
/// that must be left alone.
class FaultPlan {
public:
    static constexpr std::int64_t kQuietSeconds = 3600;

    FaultPlan(std::uint32_t incidents, Weather weather)
        : left_(incidents), weather_(weather), rest_(weather == Weather::quiet ? kQuietSeconds : 60) {}

    /// Injects what is due in the second that comes.
    void inject_due(twin::World& world, Prng& prng);

    /// All faults have been injected, and have had their time.
    [[nodiscard]] bool is_done() const { return left_ == 0 && rest_ == 0; }

private:
    void inject(twin::World& world, Prng& prng, twin::FaultKind kind);
    [[nodiscard]] std::int64_t draw_gap(Prng& prng) const;

    std::uint32_t left_;
    Weather weather_;
    std::int64_t next_ = 0;  // seconds until the next one
    std::int64_t rest_;      // seconds after the last one
};

}  // namespace homeostat::sim
