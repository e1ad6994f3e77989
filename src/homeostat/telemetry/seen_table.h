// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "homeostat/base/setting.h"
#include "homeostat/base/time.h"

namespace homeostat::telemetry {

struct SeenConfig {
    Duration window = std::chrono::seconds(60);
    std::size_t entries_max = std::size_t{1} << 20U;

    static constexpr auto schema() {
        return std::tuple{
            setting("window", &SeenConfig::window,
                    "A record that is repeated within this time is seen for certain; longer than "
                    "features.allowed_lateness.",
                    {.min = std::chrono::seconds{1}, .max = std::chrono::hours{1}}),
            setting("entries_max", &SeenConfig::entries_max,
                    "Records remembered in each of two generations, at 16 to 32 bytes each.",
                    {.min = 1024, .max = std::size_t{1} << 27U})};
    }
    friend bool operator==(const SeenConfig&, const SeenConfig&) = default;
};

/// Remembers 64-bit fingerprints for at least one window and at most two: inserts go to the young
/// generation, look-ups to both, and when a window has passed the young one becomes the old one.
/// A fingerprint of two different records falls together once in 2^64 / entries.
///
/// Bounds: a generation that is full is retired early, which shortens the window instead of using more
/// memory; early_rotations() counts it. Tables grow by doubling, so that nothing allocates in a steady state.
class SeenTable {
public:
    explicit SeenTable(SeenConfig config);

    /// To be told before a batch; time that goes backwards is taken as standing still.
    void advance(EventTime now);

    /// Fetches what insert() will look at, which is seldom in the processor's cache.
    void expect(std::uint64_t fingerprint) const;

    /// True when the fingerprint is new; then it is remembered.
    [[nodiscard]] bool insert(std::uint64_t fingerprint);

    [[nodiscard]] std::size_t size() const { return young_.used + old_.used; }
    [[nodiscard]] std::uint64_t early_rotations() const { return early_rotations_; }

private:
    struct Generation {
        std::vector<std::uint64_t> slots;  // 0: free; a power of two of them, at most half used
        std::size_t used = 0;
        [[nodiscard]] std::size_t slot_of(std::uint64_t fingerprint) const;
        [[nodiscard]] bool contains(std::uint64_t fingerprint) const;
        void grow();
        void clear();
    };
    void rotate();

    SeenConfig config_;
    Generation young_;
    Generation old_;
    EventTime young_since_{};
    std::uint64_t early_rotations_ = 0;
};

}  // namespace homeostat::telemetry
