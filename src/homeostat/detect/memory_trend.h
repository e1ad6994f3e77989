// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace homeostat::detect {

/// Finds memory that only grows. Looks at the lowest value of each block of windows, which a collector's
/// sawtooth does not raise, and tests the last blocks for a monotone trend (Mann 1945, Kendall 1975). The
/// trend must also be large, and must have left the range that the subject was in before: a process that
/// fills its caches, or one ramp of a slow sawtooth, is no leak.
class MemoryTrend {
public:
    /// A block is `block` windows long.
    explicit MemoryTrend(std::uint32_t block = 10) : block_(block) {}

    /// Takes the next window's memory in MB. A fall to well below the last block starts over.
    void see(double mem_mb);

    /// -log10 of the p-value of the growth, 0 when it is small or within the former range.
    [[nodiscard]] double surprise() const { return surprise_; }

    void restart();

    template <class A>
    void archive(A& a) {
        a(block_, lows_, highs_, low_, high_, ceiling_, surprise_, in_block_, blocks_, aged_);
    }

private:
    static constexpr std::size_t kBlocks = 24;

    void close_block();
    [[nodiscard]] double trend() const;

    std::uint32_t block_;
    std::array<float, kBlocks> lows_{};  // oldest first
    std::array<float, kBlocks> highs_{};
    double low_ = 0;
    double high_ = 0;
    double ceiling_ = 0;  // the highest value before the blocks kept
    double surprise_ = 0;
    std::uint32_t in_block_ = 0;
    std::uint32_t blocks_ = 0;
    std::uint32_t aged_ = 0;  // blocks that `ceiling_` knows of
};

/// Finds memory that climbs much faster than it ever did while all was well: a leak that will not leave time
/// for a trend.
class MemoryClimb {
public:
    /// Takes the next window's memory in MB. `growth` is how many times the usual traffic it served: what
    /// serves more allocates more.
    void see(double mem_mb, double growth);

    /// The last window was normal: such strides are usual.
    void learn();

    /// True when the last windows all rose by far more than the longest usual stride.
    [[nodiscard]] bool is_steep() const { return run_ >= kWindows && rise_ >= rise_min_; }

    template <class A>
    void archive(A& a) {
        a(last_, stride_, longest_, rise_, rise_min_, seen_, run_);
    }

private:
    static constexpr std::uint32_t kWindows = 3;

    double last_ = 0;
    double stride_ = 0;   // of the last window
    double longest_ = 0;  // usual stride, slowly forgotten
    double rise_ = 0;     // of the run
    double rise_min_ = 0;
    std::uint32_t seen_ = 0;
    std::uint32_t run_ = 0;  // windows in a row that rose steeply
};

}  // namespace homeostat::detect
