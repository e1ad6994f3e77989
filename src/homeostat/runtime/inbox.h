// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
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

    /// Waits for an input, for `wake`, or at most `patience`; takes what is there.
    [[nodiscard]] std::vector<loop::Input> take(Duration patience) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, patience, [&] { return woken_ || !inputs_.empty(); });
        return std::exchange(inputs_, {});
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
