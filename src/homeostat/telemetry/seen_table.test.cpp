// SPDX-License-Identifier: Apache-2.0
#include "homeostat/telemetry/seen_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace homeostat::telemetry {
namespace {

EventTime at(std::int64_t seconds) {
    return EventTime(std::chrono::seconds(seconds));
}

SeenTable table(std::size_t entries_max = 1000) {
    return SeenTable({.window = std::chrono::seconds(60), .entries_max = entries_max});
}

TEST(SeenTable, SeesARepetitionWithinTheWindow) {
    auto seen = table();
    seen.advance(at(100));
    EXPECT_TRUE(seen.insert(7));
    EXPECT_FALSE(seen.insert(7));
    seen.advance(at(160));
    EXPECT_FALSE(seen.insert(7));
}

TEST(SeenTable, ForgetsAfterTwoWindows) {
    auto seen = table();
    seen.advance(at(100));
    EXPECT_TRUE(seen.insert(7));
    seen.advance(at(160));
    seen.advance(at(220));
    EXPECT_TRUE(seen.insert(7));
}

TEST(SeenTable, ForgetsInOneStepAfterALongPause) {
    auto seen = table();
    seen.advance(at(100));
    EXPECT_TRUE(seen.insert(7));
    seen.advance(at(1000));
    EXPECT_EQ(seen.size(), 0U);
}

TEST(SeenTable, AClockThatGoesBackForgetsNothing) {
    auto seen = table();
    seen.advance(at(1000));
    EXPECT_TRUE(seen.insert(7));
    seen.advance(at(10));
    EXPECT_FALSE(seen.insert(7));
}

TEST(SeenTable, ShortensItsWindowRatherThanGrowWithoutBound) {
    auto seen = table(100);
    seen.advance(at(100));
    for (std::uint64_t i = 1; i <= 1000; ++i) ASSERT_TRUE(seen.insert(i));
    EXPECT_LE(seen.size(), 200U);
    EXPECT_EQ(seen.early_rotations(), 9U);
    EXPECT_FALSE(seen.insert(1000));
}

TEST(SeenTable, KeepsTheFingerprintZero) {
    auto seen = table();
    seen.advance(at(100));
    EXPECT_TRUE(seen.insert(0));
    EXPECT_FALSE(seen.insert(0));
}

RC_GTEST_PROP(SeenTable, AgreesWithASetThatNeverForgetsWithinAWindow,
              (const std::vector<std::uint16_t>& keys)) {
    auto seen = table(1U << 20U);
    std::map<std::uint16_t, int> last_new;
    int second = 1000;
    seen.advance(at(second));
    for (const std::uint16_t key : keys) {
        second += key % 50;
        seen.advance(at(second));
        const bool is_new = seen.insert(key);
        const auto before = last_new.find(key);
        // Within one window it must be a repetition, after two it must be new; between them it may be either.
        if (before == last_new.end() || second - before->second >= 120) RC_ASSERT(is_new);
        if (before != last_new.end() && second - before->second < 60) RC_ASSERT(!is_new);
        if (is_new) last_new[key] = second;
    }
}

}  // namespace
}  // namespace homeostat::telemetry
