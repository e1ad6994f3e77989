// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <thread>

namespace homeostat::shop {

/// A thread that burns a core while it exists. It runs at the lowest priority, so that a small machine
/// stays usable; on an idle core that changes nothing.
class CpuBurner {
public:
    CpuBurner();

private:
    std::jthread thread_;
};

/// Allocates and touches memory at a rate, up to a bound, and gives it back at its end.
class MemoryLeak {
public:
    static constexpr std::size_t kBytesMax = std::size_t{300} << 20U;

    explicit MemoryLeak(double mb_per_s);

private:
    std::jthread thread_;
};

}  // namespace homeostat::shop
