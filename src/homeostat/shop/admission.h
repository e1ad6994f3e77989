// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>

namespace homeostat::shop {

/// A token bucket: lets `rate` requests a second pass, and a tenth of a second's worth at once.
class Admission {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// `rate_rps` 0: everything passes.
    [[nodiscard]] bool admit(double rate_rps, Time now) {
        if (rate_rps <= 0) return true;
        const std::scoped_lock lock(mutex_);
        const double elapsed = std::chrono::duration<double>(now - refilled_).count();
        refilled_ = now;
        tokens_ = std::min(std::max(1.0, rate_rps / 10), tokens_ + elapsed * rate_rps);
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

private:
    std::mutex mutex_;
    Time refilled_{};
    double tokens_ = 0;
};

}  // namespace homeostat::shop
