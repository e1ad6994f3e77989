// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/loop/input.h"

namespace homeostat::runtime {

/// Inputs on their way from other threads to the loop's. Thread-safe.
class Inbox {
public:
    static constexpr std::size_t kMax = 10'000;

    /// Errors: `resource_exhausted` when kMax inputs wait.
    [[nodiscard]] Result<> put(loop::Input input) {
        {
            const std::lock_guard lock(mutex_);
            if (inputs_.size() >= kMax)
                return fail(ErrorCode::resource_exhausted, "too many inputs wait for the loop: try again");
            inputs_.push_back(std::move(input));
        }
        changed_.notify_one();
        return {};
    }

    /// Waits for an input, for `wake`, or at most `patience`; takes what is there, the oldest `max` inputs.
    [[nodiscard]] std::vector<loop::Input> take(Duration patience, std::size_t max = kMax) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, patience, [&] { return woken_ || (max > 0 && !inputs_.empty()); });
        auto rest = inputs_.begin() + static_cast<std::ptrdiff_t>(std::min(max, inputs_.size()));
        std::vector<loop::Input> taken(std::make_move_iterator(inputs_.begin()),
                                       std::make_move_iterator(rest));
        inputs_.erase(inputs_.begin(), rest);
        return taken;
    }

    /// Lets take() return at once, now and from now on.
    void wake() {
        {
            const std::lock_guard lock(mutex_);
            woken_ = true;
        }
        changed_.notify_one();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    std::vector<loop::Input> inputs_;
};

}  // namespace homeostat::runtime
