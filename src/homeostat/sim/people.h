// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "homeostat/base/prng.h"
#include "homeostat/base/time.h"
#include "homeostat/loop/input.h"
#include "homeostat/sim/climate.h"
#include "homeostat/sim/reach.h"
#include "homeostat/twin/world.h"

namespace homeostat::sim {

/// The people around the system: they answer when asked, come when called, and notice themselves what
/// nobody else does.
class People {
public:
    explicit People(const PortClimate& climate) : climate_(climate) {}
    /// The same people in another climate.
    People(const PortClimate& climate, People&& other) : climate_(climate), calls_(std::move(other.calls_)) {}

    /// Yes, no, or nothing at all.
    [[nodiscard]] std::optional<loop::ApprovalAnswered> answer(const model::IncidentId& incident,
                                                               Prng& prng) const;

    /// An incident was escalated: somebody will look at the service and at what may be behind it.
    void call(const model::ServiceId& blamed, LoopTime now) { calls_.push_back({blamed, now + kArrival}); }

    /// Repairs what is due: after a call, or when customers have complained for long enough.
    void repair_due(twin::World& world, const Reach& reach, LoopTime now);

private:
    static constexpr Duration kArrival = std::chrono::seconds{45};
    static constexpr Duration kComplaint = std::chrono::seconds{180};

    struct Call {
        model::ServiceId blamed;
        LoopTime due{};
    };

    PortClimate climate_;
    std::vector<Call> calls_;
};

}  // namespace homeostat::sim
