// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "homeostat/base/time.h"

namespace homeostat::runtime {

/// The one place where time enters. Loop time goes on from the last moment of the journal, also across a
/// restart: the time that the process was away counts, as far as the wall clock tells. Thread-safe.
class Clock {
public:
    /// `last` is the journal's last moment; the epoch for a new journal.
    explicit Clock(Instant last) : start_(std::chrono::steady_clock::now()) {
        const auto away = last.event == EventTime{} ? Duration{} : wall() - last.event;
        base_ = last.loop + (away > Duration{} ? away : Duration{});
    }

    [[nodiscard]] Instant now() const {
        return {.loop = base_ + (std::chrono::steady_clock::now() - start_), .event = wall()};
    }

    [[nodiscard]] static EventTime wall() {
        return EventTime{std::chrono::system_clock::now().time_since_epoch()};
    }

private:
    std::chrono::steady_clock::time_point start_;
    LoopTime base_;
};

}  // namespace homeostat::runtime
