// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/event_log.h"

#include <algorithm>

namespace homeostat::actuate {

void EventLog::add(model::ChangeEvent event) {
    lines_.push_back({.epoch = epoch_, .sequence = ++newest_, .event = std::move(event)});
    if (lines_.size() > kEventsMax) lines_.pop_front();
    added_.notify();
}

const EventLine* EventLog::next_after(std::uint64_t sequence) const {
    const auto found = std::ranges::upper_bound(lines_, sequence, {}, &EventLine::sequence);
    return found == lines_.end() ? nullptr : &*found;
}

}  // namespace homeostat::actuate
