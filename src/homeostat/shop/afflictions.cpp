// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/afflictions.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "homeostat/base/hash.h"

namespace homeostat::shop {
namespace {

constexpr int kLowestPriority = 19;
constexpr auto kLeakInterval = std::chrono::milliseconds(100);

void burn(const std::stop_token& stop) {
    // Linux keeps a priority for each thread, and changes that of the caller.
    ::setpriority(PRIO_PROCESS, 0, kLowestPriority);
    auto digest = sha256("burn");
    while (!stop.stop_requested()) {
        digest = sha256({reinterpret_cast<const char*>(digest.data()), digest.size()});
    }
}

void leak(const std::stop_token& stop, double mb_per_s) {
    const double seconds = std::chrono::duration<double>(kLeakInterval).count();
    const auto step = static_cast<std::size_t>(std::clamp(mb_per_s, 0.0, 1000.0) * 1e6 * seconds);
    std::vector<std::vector<char>> lost;
    std::size_t total = 0;
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        if (total + step <= MemoryLeak::kBytesMax) {
            lost.emplace_back(step, 'x');  // written, so the pages are really there
            total += step;
        }
        wake.wait_for(lock, stop, kLeakInterval, [] { return false; });
    }
}

}  // namespace

CpuBurner::CpuBurner() : thread_([](const std::stop_token& stop) { burn(stop); }) {}

MemoryLeak::MemoryLeak(double mb_per_s)
    : thread_([mb_per_s](const std::stop_token& stop) { leak(stop, mb_per_s); }) {}

}  // namespace homeostat::shop
