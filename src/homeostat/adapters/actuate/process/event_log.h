// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <span>

#include "homeostat/adapters/actuate/process/protocol.h"
#include "homeostat/adapters/actuate/process/pulse.h"

namespace homeostat::actuate {

/// The newest change events, numbered from 1, for listeners that come and go.
class EventLog {
public:
    static constexpr std::size_t kEventsMax = 1024;

    explicit EventLog(std::int64_t epoch) : epoch_(epoch) {}

    void add(model::ChangeEvent event);
    /// The oldest event held that comes after `sequence`, or nullptr.
    [[nodiscard]] const EventLine* next_after(std::uint64_t sequence) const;
    [[nodiscard]] std::int64_t epoch() const { return epoch_; }
    /// Notified at each add().
    [[nodiscard]] Pulse& added() { return added_; }

private:
    std::int64_t epoch_;
    std::uint64_t newest_ = 0;
    std::deque<EventLine> lines_;
    Pulse added_;
};

}  // namespace homeostat::actuate
