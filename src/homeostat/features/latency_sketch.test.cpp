// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/latency_sketch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace homeostat::features {
namespace {

std::vector<std::int64_t> any_durations() {
    const auto small = rc::gen::inRange<std::int64_t>(LatencySketch::kMin, 50'000'000);
    const auto any = rc::gen::inRange<std::int64_t>(LatencySketch::kMin, LatencySketch::kMax);
    return *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(rc::gen::oneOf(small, any)));
}

LatencySketch sketch_of(const std::vector<std::int64_t>& values) {
    LatencySketch sketch;
    for (const auto value : values) sketch.add(value);
    return sketch;
}

std::vector<LatencySketch::Bucket> buckets_of(const LatencySketch& sketch) {
    std::vector<LatencySketch::Bucket> buckets;
    sketch.copy_to(buckets);
    return buckets;
}

TEST(LatencySketch, IsEmptyAtFirst) {
    EXPECT_EQ(LatencySketch{}.quantile(0.99), 0);
    EXPECT_TRUE(buckets_of(LatencySketch{}).empty());
}

TEST(LatencySketch, TellsWhatLiesOutsideItsRangeAsTheNearestEnd) {
    LatencySketch sketch;
    sketch.add(0);
    EXPECT_LE(sketch.quantile(0.5), static_cast<double>(LatencySketch::kMin));
    sketch.add(LatencySketch::kMax * 4);
    EXPECT_EQ(sketch.quantile(1), static_cast<double>(LatencySketch::kMax));
}

RC_GTEST_PROP(LatencySketch, TellsEveryQuantileWithinItsRelativeError, ()) {
    auto values = any_durations();
    const auto sketch = sketch_of(values);
    std::ranges::sort(values);
    for (const double quantile : {0.0, 0.01, 0.5, 0.95, 0.99, 1.0}) {
        const auto rank = std::max(1.0, std::ceil(quantile * static_cast<double>(values.size())));
        const auto exact = static_cast<double>(values[static_cast<std::size_t>(rank) - 1]);
        RC_ASSERT(std::abs(sketch.quantile(quantile) - exact) <= LatencySketch::kRelativeError * exact);
    }
}

RC_GTEST_PROP(LatencySketch, MergedPartsEqualTheWhole, ()) {
    const auto left = any_durations();
    const auto right = any_durations();
    auto merged = sketch_of(left);
    merged.merge(sketch_of(right));
    auto all = left;
    all.insert(all.end(), right.begin(), right.end());
    RC_ASSERT(buckets_of(merged) == buckets_of(sketch_of(all)));
    RC_ASSERT(merged.count() == all.size());
}

RC_GTEST_PROP(LatencySketch, RemovingWhatWasAddedLeavesTheRest, ()) {
    const auto rest = any_durations();
    const auto passing = any_durations();
    auto sketch = sketch_of(rest);
    const auto buckets = buckets_of(sketch_of(passing));
    for (const auto bucket : buckets) sketch.add(bucket);
    for (const auto bucket : buckets) sketch.remove(bucket);
    RC_ASSERT(buckets_of(sketch) == buckets_of(sketch_of(rest)));
    sketch.clear();
    RC_ASSERT(sketch.count() == 0U && buckets_of(sketch).empty());
}

}  // namespace
}  // namespace homeostat::features
