// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/detection.h"

#include <gtest/gtest.h>

namespace homeostat::detect {
namespace {

using namespace std::chrono_literals;
using model::AnomalyState;
using model::Feature;
using model::FeatureWindow;

/// A service of 100 requests a second that answers in about 20 ms.
class Stream {
public:
    FeatureWindow next() {
        now_ += 1s;
        wobble_ = (wobble_ * 5 + 3) % 16;
        FeatureWindow window{.subject = {.service = model::ServiceId{"payment"}}, .end = now_, .length = 1s};
        window.values.set(Feature::rate_rps, 92 + wobble_);
        window.values.set(Feature::error_rate, 0);
        window.values.set(Feature::latency_ms, 19 + 0.1 * wobble_);
        window.values.set(Feature::cpu_pct, 30 + 0.2 * wobble_);
        window.values.set(Feature::mem_mb, 100 + wobble_);
        window.values.set(Feature::replicas, 3);
        return window;
    }

private:
    EventTime now_{};
    int wobble_ = 0;
};

void warm_up(Detection& detection, Stream& stream, int windows = 60) {
    for (int i = 0; i < windows; ++i) ASSERT_EQ(detection.observe(stream.next()), std::nullopt);
}

TEST(Detection, OpensOnTheFirstWindowOfAGrossOutage) {
    auto detection = *Detection::create({});
    Stream stream;
    warm_up(detection, stream);
    auto outage = stream.next();
    outage.values.set(Feature::error_rate, 0.5);
    const auto anomaly = detection.observe(outage);
    ASSERT_TRUE(anomaly.has_value());
    EXPECT_EQ(anomaly->state, AnomalyState::opened);
    EXPECT_EQ(anomaly->findings.front().feature, Feature::error_rate);
    EXPECT_EQ(detection.open().size(), 1U);
}

TEST(Detection, ClearsAfterTheOutage) {
    auto detection = *Detection::create({});
    Stream stream;
    warm_up(detection, stream);
    for (int i = 0; i < 30; ++i) {
        auto outage = stream.next();
        outage.values.set(Feature::error_rate, 0.5);
        ASSERT_TRUE(detection.observe(outage).has_value());
    }
    EXPECT_EQ(detection.observe(stream.next())->state, AnomalyState::ongoing);
    EXPECT_EQ(detection.observe(stream.next())->state, AnomalyState::ongoing);
    EXPECT_EQ(detection.observe(stream.next())->state, AnomalyState::cleared);
    EXPECT_TRUE(detection.open().empty());
}

TEST(Detection, ContinuesFromASnapshotAsIfNeverStopped) {
    auto original = *Detection::create({});
    Stream stream;
    warm_up(original, stream);
    auto outage = stream.next();
    outage.values.set(Feature::error_rate, 0.5);
    ASSERT_TRUE(original.observe(outage).has_value());
    auto restored = *Detection::create({});
    ASSERT_TRUE(restored.restore(original.snapshot()).has_value());
    EXPECT_EQ(restored.snapshot(), original.snapshot());
    for (int i = 0; i < 20; ++i) {
        const auto window = stream.next();
        ASSERT_EQ(restored.observe(window), original.observe(window));
    }
    EXPECT_EQ(restored.snapshot(), original.snapshot());
}

}  // namespace
}  // namespace homeostat::detect
