// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/latency_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "homeostat/base/check.h"

namespace homeostat::features {

std::uint16_t LatencySketch::bucket_of(std::int64_t nanoseconds) {
    if (nanoseconds < kMin) return 0;
    if (nanoseconds >= kMax) return static_cast<std::uint16_t>(kBuckets - 1);
    const auto octave =
        static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(nanoseconds))) - 1;
    const auto within = nanoseconds - (std::int64_t{1} << octave);
    const auto step = (within * kBucketsPerOctave) >> octave;
    return static_cast<std::uint16_t>(1 + (octave - kFirstOctave) * kBucketsPerOctave + step);
}

double LatencySketch::value_of(std::size_t index) {
    if (index == 0) return static_cast<double>(kMin) / 2;
    if (index == kBuckets - 1) return static_cast<double>(kMax);
    const auto position = static_cast<std::int64_t>(index) - 1;
    const auto octave = position / kBucketsPerOctave + kFirstOctave;
    const auto step = static_cast<double>(position % kBucketsPerOctave);
    const auto base = static_cast<double>(std::int64_t{1} << octave);
    const double low = base * (1 + step / kBucketsPerOctave);
    const double high = base * (1 + (step + 1) / kBucketsPerOctave);
    return 2 * low * high / (low + high);  // equally far from both ends, relatively
}

void LatencySketch::add(Bucket bucket) {
    counts_[bucket.index] += bucket.count;
    count_ += bucket.count;
    first_ = std::min<std::size_t>(first_, bucket.index);
    last_ = std::max<std::size_t>(last_, bucket.index);
}

void LatencySketch::remove(Bucket bucket) {
    HOMEOSTAT_CHECK(counts_[bucket.index] >= bucket.count);
    counts_[bucket.index] -= bucket.count;
    count_ -= bucket.count;
    if (count_ == 0) {
        first_ = kBuckets;
        last_ = 0;
    }
}

void LatencySketch::merge(const LatencySketch& other) {
    if (other.count_ == 0) return;
    for (std::size_t i = other.first_; i <= other.last_; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    first_ = std::min(first_, other.first_);
    last_ = std::max(last_, other.last_);
}

void LatencySketch::clear() {
    if (count_ == 0) return;
    for (std::size_t i = first_; i <= last_; ++i) counts_[i] = 0;
    count_ = 0;
    first_ = kBuckets;
    last_ = 0;
}

void LatencySketch::copy_to(std::vector<Bucket>& out) const {
    out.clear();
    for (std::size_t i = first_; i <= last_ && i < kBuckets; ++i) {
        if (counts_[i] > 0) out.push_back({static_cast<std::uint16_t>(i), counts_[i]});
    }
}

double LatencySketch::quantile(double quantile) const {
    if (count_ == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
    const auto rank = std::clamp<std::uint64_t>(wanted, 1, count_);
    std::uint64_t seen = 0;
    for (std::size_t i = first_; i <= last_; ++i) {
        seen += counts_[i];
        if (seen >= rank) return value_of(i);
    }
    return value_of(last_);
}

}  // namespace homeostat::features
