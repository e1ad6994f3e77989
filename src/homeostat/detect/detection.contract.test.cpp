// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/detection.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "homeostat/detect/synthetic.h"

namespace homeostat::detect {
namespace {

/// A season short enough for the forecaster, and a forest small enough, to be at work within minutes.
DetectConfig quick_config() {
    return {.forest = {.trees = 20, .sample = 64, .reservoir = 512, .refresh_windows = 1000},
            .forecast = {.seasons = {{std::chrono::seconds(100), 2}}, .step = std::chrono::seconds(5)}};
}

/// Three subjects with faults now and then.
class Fleet {
public:
    explicit Fleet(std::uint64_t seed) : random_(seed) {
        for (int i = 0; i < 3; ++i) {
            model::Subject subject{.service = model::ServiceId{"service-" + std::to_string(i)}};
            if (i == 2) subject.callee = model::ServiceId{"service-0"};
            streams_.emplace_back(subject, synthetic::draw_traits(random_),
                                  seed + static_cast<std::uint64_t>(i));
        }
    }
    model::FeatureWindow next() {
        turn_ = (turn_ + 1) % streams_.size();
        if (random_.chance(0.01))
            fault_ = {.error_rate = random_.uniform(), .latency_factor = random_.uniform(1, 9)};
        if (random_.chance(0.05)) fault_ = {};
        return streams_[turn_].next(fault_);
    }

private:
    synthetic::Random random_;
    std::vector<synthetic::Stream> streams_;
    synthetic::Fault fault_;
    std::size_t turn_ = 0;
};

RC_GTEST_PROP(DetectionContract, ContinuesFromASnapshotAsIfNeverStopped, ()) {
    Fleet fleet(*rc::gen::arbitrary<std::uint64_t>());
    const auto before = *rc::gen::inRange(0, 3000);
    auto original = *Detection::create(quick_config());
    for (int i = 0; i < before; ++i) (void)original.observe(fleet.next());
    original.hold_learning(model::ServiceId{"service-1"}, true);
    const auto snapshot = original.snapshot();
    auto restored = *Detection::create(quick_config());
    RC_ASSERT(restored.restore(snapshot).has_value());
    RC_ASSERT(restored.snapshot() == snapshot);
    RC_ASSERT(restored.open() == original.open());
    for (int i = 0; i < 500; ++i) {
        const auto window = fleet.next();
        RC_ASSERT(restored.observe(window) == original.observe(window));
    }
    RC_ASSERT(restored.snapshot() == original.snapshot());
}

TEST(DetectionContract, SameInputsSameVerdicts) {
    Fleet one(11);
    Fleet other(11);
    auto first = *Detection::create(quick_config());
    auto second = *Detection::create(quick_config());
    for (int i = 0; i < 6000; ++i) ASSERT_EQ(first.observe(one.next()), second.observe(other.next()));
    EXPECT_EQ(first.snapshot(), second.snapshot());
    EXPECT_GT(first.counters().opened, 0);
}

TEST(DetectionContract, ADamagedSnapshotIsAnErrorAndChangesNothing) {
    Fleet fleet(3);
    auto detection = *Detection::create(quick_config());
    for (int i = 0; i < 3000; ++i) (void)detection.observe(fleet.next());
    const auto snapshot = detection.snapshot();
    synthetic::Random random(5);
    for (std::size_t length = 0; length < snapshot.size(); length += 1 + snapshot.size() / 200) {
        EXPECT_EQ(detection.restore(std::string_view(snapshot).substr(0, length)).error().code,
                  ErrorCode::data_loss);
        auto damaged = snapshot;
        damaged[length] = static_cast<char>(damaged[length] ^ 4);
        EXPECT_FALSE(detection.restore(damaged).has_value());
    }
    EXPECT_EQ(detection.snapshot(), snapshot);
}

TEST(DetectionContract, RefusesTheSnapshotOfAnotherConfiguration) {
    const auto snapshot = Detection::create({})->snapshot();
    auto other = *Detection::create({.warm_up = 30});
    EXPECT_EQ(other.restore(snapshot).error().code, ErrorCode::failed_precondition);
}

}  // namespace
}  // namespace homeostat::detect
