// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/memory_trend.h"

#include <algorithm>
#include <cmath>

namespace homeostat::detect {
namespace {

constexpr double kFellTo = 0.7;      // of the last block's lowest value: a restart or a full collection
constexpr double kGrowthMin = 0.25;  // of the blocks kept, relative
constexpr double kGrowthMinMb = 24;
constexpr double kAboveCeiling = 1.1;
constexpr std::uint32_t kHistoryBlocks = 24;  // known before the trend: a process fills up as it starts
constexpr std::uint32_t kHistoryWindows = 40;
constexpr double kForget = 5e-5;  // of the ceiling, per window: half in four hours
constexpr double kLn10 = 2.302585092994045684;

}  // namespace

void MemoryTrend::restart() {
    blocks_ = in_block_ = 0;
    surprise_ = 0;
}

void MemoryTrend::see(double mem_mb) {
    if (blocks_ > 0 && mem_mb < kFellTo * static_cast<double>(lows_[blocks_ - 1])) {
        for (std::uint32_t i = 0; i < blocks_; ++i)
            ceiling_ = std::max(ceiling_, static_cast<double>(highs_[i]));
        aged_ += blocks_;
        restart();
    }
    low_ = in_block_ == 0 ? mem_mb : std::min(low_, mem_mb);
    high_ = in_block_ == 0 ? mem_mb : std::max(high_, mem_mb);
    if (++in_block_ == block_) close_block();
}

void MemoryTrend::close_block() {
    in_block_ = 0;
    if (blocks_ == kBlocks) {
        ceiling_ = std::max(ceiling_ * (1 - kForget * block_), static_cast<double>(highs_[0]));
        ++aged_;
        std::shift_left(lows_.begin(), lows_.end(), 1);
        std::shift_left(highs_.begin(), highs_.end(), 1);
        --blocks_;
    }
    lows_[blocks_] = static_cast<float>(low_);
    highs_[blocks_] = static_cast<float>(high_);
    ++blocks_;
    surprise_ = trend();
}

double MemoryTrend::trend() const {
    if (blocks_ < kBlocks || aged_ < kHistoryBlocks || aged_ * block_ < kHistoryWindows) return 0;
    const double first = lows_.front();
    const double last = lows_.back();
    if (last - first < kGrowthMinMb || last < first * (1 + kGrowthMin)) return 0;
    if (last < ceiling_ * kAboveCeiling) return 0;
    int concordant = 0;
    for (std::size_t i = 0; i < kBlocks; ++i) {
        for (std::size_t j = i + 1; j < kBlocks; ++j) {
            concordant += (lows_[j] > lows_[i] ? 1 : 0) - (lows_[j] < lows_[i] ? 1 : 0);
        }
    }
    if (concordant <= 0) return 0;
    constexpr double kCount = kBlocks;
    constexpr double kVariance = kCount * (kCount - 1) * (2 * kCount + 5) / 18;
    // Gaussian tail by Chernoff's bound: p <= exp(-z^2 / 2).
    return concordant * concordant / kVariance / 2 / kLn10;
}

void MemoryClimb::see(double mem_mb, double growth) {
    constexpr std::uint32_t kHistory = 40;  // windows before it judges: a process fills up as it starts
    constexpr double kSteep = 2.5;          // times the longest usual stride
    constexpr double kRiseMinMb = 6;
    constexpr double kRiseMin = 0.04;  // relative
    stride_ = seen_++ > 0 ? mem_mb - last_ : 0;
    const double usual = std::max(longest_, 0.3);
    const bool steep = seen_ > kHistory && stride_ > kSteep * usual * std::max(growth, 1.0);
    if (!steep) {
        run_ = 0;
        rise_ = 0;
    } else {
        if (run_++ == 0) rise_min_ = std::max(kRiseMinMb, kRiseMin * last_);
        rise_ += stride_;
    }
    last_ = mem_mb;
}

void MemoryClimb::learn() {
    constexpr double kKeep = 0.9995;
    if (run_ == 0) longest_ = std::max(longest_ * kKeep, stride_);
}

}  // namespace homeostat::detect
