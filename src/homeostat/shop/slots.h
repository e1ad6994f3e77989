// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace homeostat::shop {

/// The places where requests are worked on. Who finds none waits in a bounded queue, for a bounded time:
/// this is what saturates when there is more load than replicas.
class Slots {
public:
    Slots(std::size_t slots, std::size_t waiting_max) : free_(slots), waiting_max_(waiting_max) {}

    /// False: the queue is full, or no slot was free in time.
    [[nodiscard]] bool acquire(std::chrono::nanoseconds patience) {
        std::unique_lock lock(mutex_);
        if (free_ == 0 && waiting_ >= waiting_max_) return false;
        ++waiting_;
        const bool got = freed_.wait_for(lock, patience, [&] { return free_ > 0; });
        --waiting_;
        if (got) --free_;
        return got;
    }
    void release() {
        {
            const std::scoped_lock lock(mutex_);
            ++free_;
        }
        freed_.notify_one();
    }

private:
    std::mutex mutex_;
    std::condition_variable freed_;
    std::size_t free_;
    std::size_t waiting_ = 0;
    const std::size_t waiting_max_;
};

}  // namespace homeostat::shop
