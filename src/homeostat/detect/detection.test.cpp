// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/detection.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "homeostat/detect/synthetic.h"

namespace homeostat::detect {
namespace {

using namespace std::chrono_literals;
using model::AnomalyState;
using model::Feature;
using model::FeatureWindow;
using synthetic::Fault;

const model::Subject kPayment{.service = model::ServiceId{"payment"}};

/// 100 requests a second, answered in about 20 ms.
synthetic::Stream payment(synthetic::Traits traits = {.deploy_chance = 0}) {
    return {kPayment, traits, 7};
}

Detection warm_detection(synthetic::Stream& stream, int windows = 120, DetectConfig config = {}) {
    auto detection = *Detection::create(std::move(config));
    for (int i = 0; i < windows; ++i)
        EXPECT_EQ(detection.observe(stream.next()), std::nullopt) << "window " << i;
    return detection;
}

/// The window of the fault that opens an anomaly, counted from 1; 0 when none of `windows` does.
int windows_to_open(const Fault& fault, int windows, int warm_up = 120) {
    auto stream = payment();
    auto detection = warm_detection(stream, warm_up);
    for (int i = 1; i <= windows; ++i) {
        const auto anomaly = detection.observe(stream.next(fault));
        if (anomaly && anomaly->state == AnomalyState::opened) return i;
    }
    return 0;
}

TEST(Detection, OpensOnTheFirstWindowOfAGrossFault) {
    EXPECT_EQ(windows_to_open({.error_rate = 0.3}, 10), 1);
    EXPECT_EQ(windows_to_open({.error_rate = 1}, 10, 30), 1);
    EXPECT_EQ(windows_to_open({.latency_factor = 5}, 10), 1);
}

TEST(Detection, OpensSoonOnAModerateFault) {
    const auto within = [](int windows, int most) { return windows >= 1 && windows <= most; };
    EXPECT_TRUE(within(windows_to_open({.latency_factor = 2}, 10), 5));
    EXPECT_TRUE(within(windows_to_open({.rate_factor = 0}, 10), 2));
    EXPECT_TRUE(within(windows_to_open({.cpu_added = 60}, 10), 3));
    EXPECT_TRUE(within(windows_to_open({.replicas_lost = 1}, 10), 2));
    EXPECT_TRUE(within(windows_to_open({.error_rate = 0.05}, 30), 5));
}

TEST(Detection, FindsASlowLeakByItsTrend) {
    const int windows = windows_to_open({.leak_mb_per_s = 1}, 400, 600);
    EXPECT_GT(windows, 0);
}

TEST(Detection, IgnoresImprobableButTinyDeviations) {
    synthetic::Traits steady{.burstiness = 0,
                             .latency_ms = 5,
                             .latency_sigma = 0.01,
                             .latency_noise = 0.001,
                             .error_rate = 0,
                             .deploy_chance = 0};
    auto stream = payment(steady);
    auto detection = warm_detection(stream, 300);
    for (int i = 0; i < 30; ++i) {
        auto window = stream.next({.latency_factor = 1.2});  // 1 ms
        window.values.set(Feature::error_rate, 0.001);
        EXPECT_EQ(detection.observe(window), std::nullopt);
    }
}

TEST(Detection, DoesNotTakeOneFailureOfTwoForAnOutage) {
    auto stream = payment({.rate = 2, .error_rate = 0, .deploy_chance = 0});
    auto detection = warm_detection(stream, 300);
    auto window = stream.next();
    window.values.set(Feature::rate_rps, 2);
    window.values.set(Feature::error_rate, 0.5);
    EXPECT_EQ(detection.observe(window), std::nullopt);
}

TEST(Detection, NamesTheFeatureWhatWasExpectedAndEveryVote) {
    auto stream = payment();
    auto detection = warm_detection(stream);
    const auto anomaly = detection.observe(stream.next({.error_rate = 0.5}));
    ASSERT_TRUE(anomaly.has_value());
    const auto& finding = anomaly->findings.front();
    EXPECT_EQ(finding.feature, Feature::error_rate);
    EXPECT_GT(finding.observed, finding.expected_high);
    EXPECT_LT(finding.p_value, 1e-6);
    double share = 0;
    for (const auto& each : anomaly->findings) share += each.contribution;
    EXPECT_NEAR(share, 1, 1e-9);
    EXPECT_EQ(anomaly->votes.front().detector, "robust");
    EXPECT_EQ(anomaly->onset, anomaly->at);
    EXPECT_EQ(detection.open().size(), 1U);
}

TEST(Detection, DoesNotLearnAnOutage) {
    auto stream = payment();
    auto detection = warm_detection(stream);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(detection.observe(stream.next({.error_rate = 0.3, .latency_factor = 5})))
            << "window " << i;
    }
    EXPECT_LT(detection.baseline(kPayment)->of(Feature::latency_ms)->median, 40);
    EXPECT_LT(detection.baseline(kPayment)->of(Feature::error_rate)->median, 0.01);
}

TEST(Detection, ClearsWhenTheFaultIsGone) {
    auto stream = payment();
    auto detection = warm_detection(stream);
    for (int i = 0; i < 30; ++i) (void)detection.observe(stream.next({.error_rate = 0.5}));
    std::optional<model::Anomaly> last;
    for (int i = 0; i < 5 && !(last && last->state == AnomalyState::cleared); ++i) {
        last = detection.observe(stream.next());
        ASSERT_TRUE(last.has_value());
    }
    EXPECT_EQ(last->state, AnomalyState::cleared);
    EXPECT_TRUE(detection.open().empty());
}

TEST(Detection, LearnsNothingOfAServiceThatIsHeld) {
    auto stream = payment();
    auto detection = warm_detection(stream);
    const auto before = detection.baseline(kPayment);
    detection.hold_learning(kPayment.service, true);
    for (int i = 0; i < 50; ++i) (void)detection.observe(stream.next({.latency_factor = 1.2}));
    EXPECT_EQ(detection.baseline(kPayment)->features, before->features);
    detection.hold_learning(kPayment.service, false);
    for (int i = 0; i < 50; ++i) (void)detection.observe(stream.next({.latency_factor = 1.2}));
    EXPECT_NE(detection.baseline(kPayment)->features, before->features);
}

TEST(Detection, LearnsAnewWhatIsAccepted) {
    auto stream = payment();
    auto detection = warm_detection(stream);
    const Fault slower{.latency_factor = 3};
    for (int i = 0; i < 20; ++i) (void)detection.observe(stream.next(slower));
    ASSERT_FALSE(detection.open().empty());
    detection.accept(kPayment);
    for (int i = 0; i < 30; ++i) (void)detection.observe(stream.next(slower));
    EXPECT_TRUE(detection.open().empty());
    for (int i = 0; i < 60; ++i) EXPECT_EQ(detection.observe(stream.next(slower)), std::nullopt);
}

TEST(Detection, TakesIntendedChangesOfReplicasForNoAnomaly) {
    auto stream = payment();
    auto detection = warm_detection(stream);
    detection.note({.service = kPayment.service, .kind = model::ChangeKind::scaled, .detail = "2"});
    for (int i = 0; i < 60; ++i)
        EXPECT_EQ(detection.observe(stream.next({.replicas_lost = 1})), std::nullopt);
}

TEST(Detection, ConcludesNothingFromSilence) {
    auto stream = payment();
    auto detection = warm_detection(stream);
    const auto before = detection.baseline(kPayment);
    FeatureWindow stale = stream.next();
    stale.freshness = model::Freshness::stale;
    stale.values = {};
    for (int i = 0; i < 300; ++i) {
        stale.end += 1s;
        EXPECT_EQ(detection.observe(stale), std::nullopt);
    }
    EXPECT_EQ(detection.baseline(kPayment)->features, before->features);
}

TEST(Detection, ClaimsNoAnomalyOfASubjectUnseenForLong) {
    auto stream = payment();
    auto detection = warm_detection(stream);
    auto window = stream.next({.error_rate = 1});
    ASSERT_TRUE(detection.observe(window));
    window.freshness = model::Freshness::stale;
    window.values = {};
    window.end += 59s;
    EXPECT_EQ(detection.observe(window), std::nullopt);
    window.end += 2s;
    EXPECT_EQ(detection.observe(window)->state, AnomalyState::cleared);
    EXPECT_TRUE(detection.open().empty());
}

TEST(Detection, IgnoresOtherLengthsRepeatsAndNonsense) {
    auto stream = payment();
    auto detection = warm_detection(stream);
    auto window = stream.next({.error_rate = 1});
    auto longer = window;
    longer.length = 10s;
    EXPECT_EQ(detection.observe(longer), std::nullopt);
    auto nonsense = window;
    nonsense.values.set(Feature::latency_ms, std::nan(""));
    EXPECT_EQ(detection.observe(nonsense), std::nullopt);
    EXPECT_TRUE(detection.observe(window).has_value());
    EXPECT_EQ(detection.observe(window), std::nullopt);
    EXPECT_EQ(detection.counters().ignored, 2);
    EXPECT_EQ(detection.counters().invalid, 1);
}

TEST(Detection, RefusesSubjectsBeyondItsBound) {
    auto detection = *Detection::create({.max_subjects = 1});
    FeatureWindow window{.subject = kPayment, .end = EventTime{1s}, .length = 1s};
    (void)detection.observe(window);
    window.subject.service = model::ServiceId{"cart"};
    (void)detection.observe(window);
    EXPECT_EQ(detection.counters().subjects_refused, 1);
    window.end += 2h;  // the first has been forgotten
    (void)detection.observe(window);
    EXPECT_EQ(detection.counters().subjects_refused, 1);
}

TEST(Detection, NamesTheOptionThatIsOutOfBounds) {
    EXPECT_EQ(Detection::create({.false_alarm_rate = 0}).error().message,
              "detect: false_alarm_rate must lie between 0 and 0.01");
    EXPECT_FALSE(Detection::create({.forest = {.trees = 0}}).has_value());
    EXPECT_FALSE(Detection::create({.forecast = {.seasons = {{.period = 1s}}}}).has_value());
}

}  // namespace
}  // namespace homeostat::detect
