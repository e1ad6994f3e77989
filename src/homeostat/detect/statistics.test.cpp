// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "homeostat/detect/memory_trend.h"
#include "homeostat/detect/numeric.h"
#include "homeostat/detect/synthetic.h"
#include "homeostat/detect/tail.h"
#include "homeostat/detect/vote.h"

namespace homeostat::detect {
namespace {

RC_GTEST_PROP(Numeric, AgreesWithTheCLibrary, ()) {
    const double x = static_cast<double>(*rc::gen::inRange(1, 1'000'000'000)) / 1000;
    RC_ASSERT(std::abs(numeric::log(x) - std::log(x)) < 1e-8);
    const double y = std::log(x);
    RC_ASSERT(std::abs(numeric::exp(y) / x - 1) < 1e-8);
    RC_ASSERT(std::abs(numeric::sin_turns(x) - std::sin(2 * M_PI * std::fmod(x, 1.0))) < 1e-8);
}

TEST(Tail, CalibratesOnNormalScores) {
    Tail tail;
    synthetic::Random random(1);
    for (int i = 0; i < 20'000; ++i) tail.learn(std::abs(random.normal()));
    EXPECT_NEAR(tail.surprise(2.5), 1.9, 0.15);  // p = 0.0124
    EXPECT_NEAR(tail.surprise(3.5), 3.3, 0.5);   // p = 0.0005
    EXPECT_NEAR(tail.surprise(tail.quantile(0.01)), 2, 0.01);
}

TEST(Tail, BelievesLessOfHeavyTails) {
    Tail light;
    Tail heavy;
    synthetic::Random random(1);
    for (int i = 0; i < 20'000; ++i) {
        const double score = std::abs(random.normal());
        light.learn(score);
        heavy.learn(random.chance(0.01) ? score * 5 : score);
    }
    EXPECT_GT(light.surprise(10), 2 * heavy.surprise(10));
}

RC_GTEST_PROP(Tail, SurpriseGrowsWithTheScore, ()) {
    Tail tail;
    synthetic::Random random(*rc::gen::arbitrary<std::uint64_t>());
    for (int i = 0; i < 2000; ++i) tail.learn(std::abs(random.normal()) * random.uniform(0.2, 4));
    double before = 0;
    for (double score = 0; score < 30; score += 0.25) {
        RC_ASSERT(tail.surprise(score) >= before);
        before = tail.surprise(score);
    }
}

TEST(Vote, KeepsItsFalseAlarmRate) {
    const DetectConfig config{.false_alarm_rate = 1e-4, .windows_to_open = 1};
    synthetic::Random random(9);
    int opened = 0;
    Vote vote;
    constexpr int kWindows = 2'000'000;
    for (int i = 0; i < kWindows; ++i) {
        const double surprise = -numeric::log(std::max(random.uniform(), 1e-18)) / 2.302585092994045684;
        if (vote.add({.surprise = surprise}, EventTime{}, config) != VoteState::opened) continue;
        ++opened;
        vote.reset();
    }
    EXPECT_GT(opened, 0);
    EXPECT_LT(opened, kWindows * config.false_alarm_rate);
}

TEST(MemoryClimb, IsSteepWhenALeakOutrunsTheSawtooth) {
    MemoryClimb climb;
    for (int i = 0; i < 300; ++i) {  // a collector's sawtooth
        climb.see(200 + i % 40, 1);
        EXPECT_FALSE(climb.is_steep());
        climb.learn();
    }
    climb.see(227, 1);
    climb.see(235, 1);
    EXPECT_FALSE(climb.is_steep());  // two windows may be anything
    climb.see(243, 1);
    EXPECT_TRUE(climb.is_steep());
}

TEST(MemoryClimb, AllowsMoreToWhatServesMore) {
    MemoryClimb climb;
    for (int i = 0; i < 300; ++i) {
        climb.see(200 + i % 40, 1);
        climb.learn();
    }
    for (int i = 0; i < 5; ++i) climb.see(220 + 4 * i, 3);
    EXPECT_FALSE(climb.is_steep());
}

TEST(MemoryTrend, TellsALeakFromASawtoothAndAFillingCache) {
    MemoryTrend leak(10);
    MemoryTrend sawtooth(10);
    MemoryTrend cache(10);
    bool sawtooth_alarms = false;
    bool cache_alarms = false;
    double leak_most = 0;
    for (int i = 0; i < 3000; ++i) {
        leak.see(200 + (i > 1000 ? 0.5 * (i - 1000) : i % 7));
        sawtooth.see(200 * (1 + 0.4 * (i % 400) / 400));
        cache.see(200 - 150 * std::exp(-i / 200.0));
        sawtooth_alarms |= sawtooth.surprise() > 0;
        cache_alarms |= cache.surprise() > 0;
        leak_most = std::max(leak_most, leak.surprise());
    }
    EXPECT_GT(leak_most, 9);
    EXPECT_FALSE(sawtooth_alarms);
    EXPECT_FALSE(cache_alarms);
}

}  // namespace
}  // namespace homeostat::detect
