// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace homeostat::features {

/// A mergeable quantile sketch of durations with a bounded relative error: DDSketch (Masson, Rim, Lee,
/// VLDB 2019) with fixed buckets and the linearly interpolated index mapping. All arithmetic is on whole
/// numbers, so the sketch depends neither on the order of its values nor on the machine.
///
/// The error bound holds between kMin and kMax; shorter durations are told to within kMin, longer ones
/// are told as kMax.
class LatencySketch {
public:
    static constexpr double kRelativeError = 0.01;
    static constexpr std::int64_t kMin = std::int64_t{1} << 12;  // 4 µs, in nanoseconds
    static constexpr std::int64_t kMax = std::int64_t{1} << 37;  // 137 s, in nanoseconds

    /// A bucket with its count, for keeping a sketch of few values in little room.
    struct Bucket {
        std::uint16_t index = 0;
        std::uint32_t count = 0;
        friend bool operator==(const Bucket&, const Bucket&) = default;
    };

    [[nodiscard]] static std::uint16_t bucket_of(std::int64_t nanoseconds);

    void add(std::int64_t nanoseconds) { add(Bucket{bucket_of(nanoseconds), 1}); }
    void add(Bucket bucket);
    /// Takes back what was added before. Values that were not are a programmer error.
    void remove(Bucket bucket);
    void merge(const LatencySketch& other);
    void clear();

    /// Replaces `out` by the buckets that are not empty, in the order of their durations.
    void copy_to(std::vector<Bucket>& out) const;

    [[nodiscard]] std::uint64_t count() const { return count_; }

    /// The value of rank ceil(quantile × count), in nanoseconds; 0 when the sketch is empty.
    [[nodiscard]] double quantile(double quantile) const;

private:
    static constexpr std::int64_t kBucketsPerOctave = 50;  // (1/50) / (2 + 1/50) < 1 %
    static constexpr std::int64_t kFirstOctave = 12;
    static constexpr std::int64_t kLastOctave = 37;
    static constexpr std::size_t kBuckets =
        static_cast<std::size_t>((kLastOctave - kFirstOctave) * kBucketsPerOctave) + 2;

    [[nodiscard]] static double value_of(std::size_t index);

    std::array<std::uint32_t, kBuckets> counts_{};
    std::uint64_t count_ = 0;
    std::size_t first_ = kBuckets;  // every bucket in use lies in [first_, last_]
    std::size_t last_ = 0;
};

}  // namespace homeostat::features
