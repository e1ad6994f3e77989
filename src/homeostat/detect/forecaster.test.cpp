// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/forecaster.h"

#include <gtest/gtest.h>

#include "homeostat/detect/subject_state.h"
#include "homeostat/detect/synthetic.h"

namespace homeostat::detect {
namespace {

using model::Feature;

const ForecastConfig kConfig{.seasons = {{std::chrono::seconds(300), 2}}, .step = std::chrono::seconds(10)};

model::FeatureWindow window_at(int second, double rate) {
    model::FeatureWindow window{.end = EventTime{std::chrono::seconds(second)},
                                .length = std::chrono::seconds(1)};
    window.values.set(Feature::rate_rps, rate);
    window.values.set(Feature::latency_ms, 20);
    window.values.set(Feature::cpu_pct, 30);
    return window;
}

/// A rush of ten times the traffic for a third of each five minutes.
double rush_hour(int second) {
    return second % 300 < 100 ? 1000 : 100;
}

TEST(Forecaster, KnowsTheRhythmOfTheTraffic) {
    Forecaster forecaster;
    SubjectState state;
    synthetic::Random random(4);
    for (int second = 1; second < 3600; ++second) {
        const auto window = window_at(second, random.poisson(200 + 100 * numeric::sin_turns(second / 300.0)));
        const auto reading = state.read(window);
        const auto forecast = forecaster.read(window, reading, kConfig);
        if (second > 3000) {
            ASSERT_TRUE(forecast.ready);
            EXPECT_LT(std::abs(forecast.deviations[0].score), 5) << second;
        }
        forecaster.learn(window, reading, forecast, kConfig);
        state.learn(window, reading);
    }
    const auto outage = window_at(3600, 5);
    const auto forecast = forecaster.read(outage, state.read(outage), kConfig);
    EXPECT_GT(forecast.surprise(), 5);
    EXPECT_EQ(forecast.explained() & 1U, 0U);
}

TEST(Forecaster, HasNoForecastBeforeItHasSeenTwoPeriods) {
    Forecaster forecaster;
    SubjectState state;
    for (int second = 1; second < 590; ++second) {
        const auto window = window_at(second, rush_hour(second));
        const auto reading = state.read(window);
        const auto forecast = forecaster.read(window, reading, kConfig);
        EXPECT_FALSE(forecast.ready);
        forecaster.learn(window, reading, forecast, kConfig);
        state.learn(window, reading);
    }
    EXPECT_FALSE(forecaster.ready());
}

}  // namespace
}  // namespace homeostat::detect
