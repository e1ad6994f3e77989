// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/feature_extractor.h"

#include <cmath>

#include "homeostat/features/feature_kit.test.h"

namespace homeostat::features {
namespace {

using namespace kit;
using model::Feature;
using model::Freshness;

constexpr double kTolerance = LatencySketch::kRelativeError;

TEST(FeatureExtractor, TellsRateErrorsAndLatenciesOfASecond) {
    auto extractor = make_extractor();
    for (int i = 1; i <= 100; ++i) {
        auto span = server_span("payment", kStart + milliseconds{5 * i}, milliseconds{i});
        span.error = i > 95;
        extractor.on_span(span);
    }
    const auto values = only(extractor.advance(kStart + milliseconds{1500}), service("payment"));
    EXPECT_EQ(values.get(Feature::rate_rps), 100);
    EXPECT_EQ(values.get(Feature::error_rate), 0.05);
    EXPECT_DOUBLE_EQ(values.get_or(Feature::latency_ms, 0), 50.5);
    EXPECT_NEAR(values.get_or(Feature::latency_p50_ms, 0), 50, 50 * kTolerance);
    EXPECT_NEAR(values.get_or(Feature::latency_p95_ms, 0), 95, 95 * kTolerance);
    EXPECT_NEAR(values.get_or(Feature::latency_p99_ms, 0), 99, 99 * kTolerance);
    EXPECT_DOUBLE_EQ(values.get_or(Feature::in_flight, 0), 5.05);  // Little: 100/s × 50.5 ms
    EXPECT_EQ(values.get(Feature::replicas), 1);
    EXPECT_FALSE(values.has(Feature::cpu_pct));
}

TEST(FeatureExtractor, PublishesASecondOnceItsLatenessIsOver) {
    auto extractor = make_extractor();
    extractor.on_span(server_span("payment", kStart));
    EXPECT_TRUE(extractor.advance(kStart + milliseconds{1499}).empty());
    const auto windows = extractor.advance(kStart + milliseconds{1500});
    ASSERT_FALSE(windows.empty());
    EXPECT_EQ(windows.front().end, kStart + seconds{1});
    EXPECT_TRUE(extractor.advance(kStart + milliseconds{1600}).empty());
}

TEST(FeatureExtractor, CountsWhatIsLateWithinTheAllowanceAndDropsTheRest) {
    auto extractor = make_extractor();
    extractor.on_span(server_span("payment", kStart));
    EXPECT_TRUE(extractor.advance(kStart + milliseconds{1400}).empty());
    extractor.on_span(server_span("payment", kStart + milliseconds{900}));  // 500 ms late
    EXPECT_EQ(only(extractor.advance(kStart + milliseconds{1500}), service("payment")).get(Feature::rate_rps),
              2);
    extractor.on_span(server_span("payment", kStart + milliseconds{950}));
    EXPECT_EQ(extractor.counters().dropped_late, 1U);
    EXPECT_EQ(extractor.counters().spans, 3U);
}

TEST(FeatureExtractor, IsNotMovedByAClockInTheFuture) {
    auto extractor = make_extractor();
    extractor.on_span(server_span("payment", kStart + std::chrono::hours{24}));
    EXPECT_EQ(extractor.counters().dropped_ahead, 1U);
    extractor.on_span(server_span("payment", kStart + seconds{1}));  // a second ahead is tolerated
    EXPECT_TRUE(extractor.advance(kStart + milliseconds{1500}).empty());
    EXPECT_EQ(only(extractor.advance(kStart + milliseconds{2500}), service("payment")).get(Feature::rate_rps),
              1);
}

TEST(FeatureExtractor, SaysNothingThenStaleThenForgetsWhoFallsSilent) {
    auto extractor = make_extractor({.stale_after = seconds{3}, .forget_after = seconds{8}});
    extractor.on_span(server_span("payment", kStart));
    std::vector<model::FeatureWindow> windows;
    for (int s = 1; s <= 20; ++s) {
        const auto next = extractor.advance(kStart + seconds{s} + milliseconds{500});
        windows.insert(windows.end(), next.begin(), next.end());
    }
    for (const auto& subject : {service("payment"), instance("payment", "1")}) {
        const auto found = windows_of(windows, subject);
        ASSERT_EQ(found.size(), 1U + 7U);
        EXPECT_EQ(found[0].freshness, Freshness::fresh);
        EXPECT_EQ(found[1].freshness, Freshness::stale);
        EXPECT_EQ(found[1].end, kStart + seconds{4});
        EXPECT_EQ(found[1].values, model::FeatureValues{});
    }
    EXPECT_EQ(extractor.counters().subjects, 0U);
}

TEST(FeatureExtractor, KnowsThatAServiceWithoutTrafficIsNotSilent) {
    auto extractor = make_extractor();
    extractor.on_span(server_span("payment", kStart));
    std::ignore = extractor.advance(kStart + milliseconds{1500});
    for (int s = 1; s <= 10; ++s) {
        extractor.on_metric({.resource = {.service = "payment", .instance = "1"},
                             .kind = model::MetricKind::mem_mb,
                             .at = kStart + seconds{s},
                             .value = 64});
        const auto windows = extractor.advance(kStart + seconds{s} + milliseconds{1500});
        const auto values = only(windows, service("payment"));
        EXPECT_EQ(values.get(Feature::rate_rps), 0);
        EXPECT_EQ(values.get(Feature::mem_mb), 64);
        EXPECT_FALSE(values.has(Feature::error_rate));
    }
}

TEST(FeatureExtractor, AServiceIsTheSumOfItsInstances) {
    auto extractor = make_extractor();
    const auto report = [&](std::string_view id, double cpu, double mem) {
        const model::Resource resource{.service = "payment", .instance = id};
        auto span = server_span("payment", kStart);
        span.resource = resource;
        extractor.on_span(span);
        using model::MetricKind;
        extractor.on_metric({.resource = resource, .kind = MetricKind::cpu_pct, .at = kStart, .value = cpu});
        extractor.on_metric({.resource = resource, .kind = MetricKind::mem_mb, .at = kStart, .value = mem});
        extractor.on_metric({.resource = resource, .kind = MetricKind::in_flight, .at = kStart, .value = 3});
    };
    report("a", 20, 100);
    report("b", 40, 300);
    const auto windows = extractor.advance(kStart + milliseconds{1500});
    const auto values = only(windows, service("payment"));
    EXPECT_EQ(values.get(Feature::rate_rps), 2);
    EXPECT_EQ(values.get(Feature::cpu_pct), 30);
    EXPECT_EQ(values.get(Feature::mem_mb), 300);
    EXPECT_EQ(values.get(Feature::in_flight), 6);
    EXPECT_EQ(values.get(Feature::replicas), 2);
    EXPECT_EQ(only(windows, instance("payment", "b")).get(Feature::cpu_pct), 40);
}

TEST(FeatureExtractor, DerivesCpuAndRestartsFromCounters) {
    auto extractor = make_extractor();
    const auto cpu_seconds = [&](int second, double value) {
        extractor.on_metric({.resource = {.service = "payment", .instance = "1"},
                             .kind = model::MetricKind::cpu_pct,
                             .at = kStart + seconds{second},
                             .value = value,
                             .cumulative = true});
        return only(extractor.advance(kStart + seconds{second} + milliseconds{1500}), service("payment"));
    };
    EXPECT_FALSE(cpu_seconds(0, 10.0).has(Feature::cpu_pct));
    EXPECT_DOUBLE_EQ(cpu_seconds(1, 10.5).get_or(Feature::cpu_pct, 0), 50);
    const auto reset = cpu_seconds(2, 0.1);
    EXPECT_FALSE(reset.has(Feature::cpu_pct));
    EXPECT_EQ(reset.get(Feature::restarts), 1);
    EXPECT_DOUBLE_EQ(cpu_seconds(3, 0.2).get_or(Feature::cpu_pct, 0), 10);
}

TEST(FeatureExtractor, CountsAnEdgeByTheCallersWordWhereItNamesItsPeer) {
    auto extractor = make_extractor();
    auto call = client_span("frontend", "payment", kStart + milliseconds{20});
    call.span_id = 7;
    call.error = true;
    auto served = server_span("payment", kStart + milliseconds{15});
    served.span_id = 8;
    served.parent_span_id = 7;
    extractor.on_span(served);
    extractor.on_span(call);
    const auto values = only(extractor.advance(kStart + milliseconds{1500}), edge("frontend", "payment"));
    EXPECT_EQ(values.get(Feature::rate_rps), 1);
    EXPECT_EQ(values.get(Feature::error_rate), 1);
}

TEST(FeatureExtractor, JoinsAnEdgeFromSpansWhereNobodyNamesThePeer) {
    for (const bool parent_first : {true, false}) {
        auto extractor = make_extractor();
        auto call = client_span("frontend", "", kStart + milliseconds{20});
        call.span_id = 7;
        auto served = server_span("payment", kStart + milliseconds{15});
        served.span_id = 8;
        served.parent_span_id = 7;
        extractor.on_span(parent_first ? call : served);
        extractor.on_span(parent_first ? served : call);
        const auto values = only(extractor.advance(kStart + milliseconds{1500}), edge("frontend", "payment"));
        EXPECT_EQ(values.get(Feature::rate_rps), 1);
    }
}

TEST(FeatureExtractor, AnEdgeIsQuietWhileItsCallerReportsAndUnknownWhenNot) {
    auto extractor = make_extractor();
    extractor.on_span(client_span("frontend", "payment", kStart));
    std::ignore = extractor.advance(kStart + milliseconds{1500});
    extractor.on_span(server_span("frontend", kStart + seconds{1}));
    EXPECT_EQ(only(extractor.advance(kStart + milliseconds{2500}), edge("frontend", "payment"))
                  .get(Feature::rate_rps),
              0);
    for (int s = 2; s < 4; ++s) {
        EXPECT_TRUE(windows_of(extractor.advance(kStart + seconds{s} + milliseconds{1500}),
                               edge("frontend", "payment"))
                        .empty());
    }
    const auto stale =
        windows_of(extractor.advance(kStart + milliseconds{5500}), edge("frontend", "payment"));
    ASSERT_EQ(stale.size(), 1U);
    EXPECT_EQ(stale.front().freshness, Freshness::stale);
}

TEST(FeatureExtractor, DoesNotTakeTheCalleesSilenceForAbsenceOfCalls) {
    auto extractor = make_extractor();
    auto call = client_span("frontend", "", kStart);
    call.span_id = 7;
    auto served = server_span("payment", kStart);
    served.parent_span_id = 7;
    extractor.on_span(call);
    extractor.on_span(served);
    std::ignore = extractor.advance(kStart + milliseconds{1500});
    extractor.on_span(client_span("frontend", "", kStart + seconds{1}));  // payment reports no more
    EXPECT_TRUE(
        windows_of(extractor.advance(kStart + milliseconds{2500}), edge("frontend", "payment")).empty());
}

TEST(FeatureExtractor, RollsTenAndSixtySecondsOfAService) {
    auto extractor = make_extractor();
    std::vector<model::FeatureWindow> windows;
    for (int s = 0; s < 90; ++s) {
        for (int i = 0; i < 4; ++i) {
            extractor.on_span(server_span("payment", kStart + seconds{s}, milliseconds{s < 75 ? 10 : 100}));
        }
        windows = extractor.advance(kStart + seconds{s} + milliseconds{1500});
    }
    const auto ten = windows_of(windows, service("payment"), seconds{10});
    const auto sixty = windows_of(windows, service("payment"), seconds{60});
    ASSERT_EQ(ten.size(), 1U);
    ASSERT_EQ(sixty.size(), 1U);
    EXPECT_EQ(ten[0].values.get(Feature::rate_rps), 4);
    EXPECT_DOUBLE_EQ(ten[0].values.get_or(Feature::latency_ms, 0), 100);
    EXPECT_NEAR(ten[0].values.get_or(Feature::latency_p50_ms, 0), 100, 100 * kTolerance);
    EXPECT_DOUBLE_EQ(sixty[0].values.get_or(Feature::latency_ms, 0), (45 * 10 + 15 * 100) / 60.0);
    EXPECT_NEAR(sixty[0].values.get_or(Feature::latency_p50_ms, 0), 10, 10 * kTolerance);
    EXPECT_NEAR(sixty[0].values.get_or(Feature::latency_p99_ms, 0), 100, 100 * kTolerance);
}

TEST(FeatureExtractor, TellsWhenAVersionIsIntroducedAndTakenBack) {
    auto extractor = make_extractor();
    int second = 0;
    const auto report = [&](std::string_view one, std::string_view two) {
        for (const auto& [id, version] : {std::pair{"1", one}, std::pair{"2", two}}) {
            auto span = server_span("payment", kStart + seconds{second});
            span.resource.instance = id;
            span.resource.version = version;
            extractor.on_span(span);
        }
        ++second;
        const auto windows =
            windows_of(extractor.advance(kStart + seconds{second} + milliseconds{500}), service("payment"));
        return windows.at(0).version.value_or(model::DeploymentVersion{"none"}).value();
    };
    EXPECT_EQ(report("v1", "v1"), "v1");
    EXPECT_TRUE(extractor.take_changes().empty());
    EXPECT_EQ(report("v2", "v1"), "v2");
    const auto changes = extractor.take_changes();
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].kind, model::ChangeKind::version_changed);
    EXPECT_EQ(changes[0].detail, "v2");
    EXPECT_EQ(changes[0].at, kStart + seconds{1});
    EXPECT_EQ(report("v2", "v2"), "v2");
    EXPECT_TRUE(extractor.take_changes().empty());
    EXPECT_EQ(report("v1", "v2"), "v1");
    ASSERT_EQ(extractor.take_changes().size(), 1U);
}

TEST(FeatureExtractor, ForgetsOldVersionsWhenTheyAreTooMany) {
    auto extractor = make_extractor();
    for (int i = 0; i < 500; ++i) {
        const auto version = "v" + std::to_string(i);
        auto span = server_span("payment", kStart + seconds{i});
        span.resource.version = version;
        extractor.on_span(span);
        const auto windows =
            windows_of(extractor.advance(kStart + seconds{i} + milliseconds{1500}), service("payment"));
        ASSERT_EQ(windows.at(0).version, model::DeploymentVersion{version});
    }
    EXPECT_EQ(extractor.take_changes().size(), 499U);
    EXPECT_EQ(extractor.counters().refused_subjects, 0U);
}

TEST(FeatureExtractor, TakesTheEventsOfAServiceThatSendsItsOwnSummary) {
    auto extractor = make_extractor();
    const std::vector<double> latencies{10, 20, 30};
    const std::vector<std::uint16_t> statuses{200, 404, 503, 200};
    extractor.on_event({.service = "cart",
                        .at = kStart,
                        .latencies_ms = latencies,
                        .statuses = statuses,
                        .cpu_percent = 12.5,
                        .memory_mb = 256,
                        .deployment_version = "v7"});
    const auto windows = extractor.advance(kStart + milliseconds{1500});
    const auto values = only(windows, service("cart"));
    EXPECT_EQ(values.get(Feature::rate_rps), 4);
    EXPECT_EQ(values.get(Feature::error_rate), 0.25);
    EXPECT_DOUBLE_EQ(values.get_or(Feature::latency_ms, 0), 20);
    EXPECT_EQ(values.get(Feature::cpu_pct), 12.5);
    EXPECT_EQ(values.get(Feature::mem_mb), 256);
    EXPECT_FALSE(values.has(Feature::replicas));
    EXPECT_EQ(windows.front().version, model::DeploymentVersion{"v7"});
}

TEST(FeatureExtractor, CountsErrorLogsAndNewTemplates) {
    auto extractor = make_extractor();
    const auto log = [&](int severity, std::string_view body) {
        extractor.on_log({.resource = {.service = "db"}, .at = kStart, .severity = severity, .body = body});
    };
    log(9, "query 17 took 3ms");
    log(9, "query 18 took 4ms");
    log(17, "disk full on sda1");
    const auto values = only(extractor.advance(kStart + milliseconds{1500}), service("db"));
    EXPECT_EQ(values.get(Feature::log_error_rate), 1);
    EXPECT_EQ(values.get(Feature::new_log_templates), 2);
}

TEST(FeatureExtractor, RefusesSubjectsBeyondItsBoundAndKeepsTheOthers) {
    auto extractor = make_extractor({.max_subjects = 4});
    for (const char* name : {"a", "b", "c", "a"}) extractor.on_span(server_span(name, kStart));
    EXPECT_EQ(extractor.counters().refused_subjects, 1U);
    const auto windows = extractor.advance(kStart + milliseconds{1500});
    EXPECT_EQ(only(windows, service("a")).get(Feature::rate_rps), 2);
    EXPECT_TRUE(windows_of(windows, service("c")).empty());
}

TEST(FeatureExtractor, SkipsALeapOfTime) {
    auto extractor = make_extractor();
    extractor.on_span(server_span("payment", kStart));
    const auto windows = extractor.advance(kStart + std::chrono::hours{24 * 365 * 50});
    EXPECT_TRUE(windows_of(windows, service("payment")).size() <= 60U);
    EXPECT_GT(extractor.counters().skipped_seconds, 1'000'000U);
    EXPECT_TRUE(extractor.advance(kStart).empty());
}

TEST(FeatureExtractor, IgnoresReadingsThatAreNoNumbers) {
    auto extractor = make_extractor();
    for (const double value : {std::nan(""), -1.0, HUGE_VAL}) {
        extractor.on_metric({.resource = {.service = "db"}, .at = kStart, .value = value});
    }
    EXPECT_EQ(extractor.counters().dropped_invalid, 3U);
    EXPECT_TRUE(extractor.advance(kStart + milliseconds{1500}).empty());
}

TEST(FeatureExtractor, RefusesAConfigurationThatCannotWork) {
    for (const FeatureConfig& config :
         {FeatureConfig{.allowed_lateness = seconds{13}}, FeatureConfig{.stale_after = Duration{}},
          FeatureConfig{.forget_after = seconds{1}}, FeatureConfig{.max_subjects = 0},
          FeatureConfig{.join_entries = 1'000}}) {
        EXPECT_FALSE(FeatureExtractor::create(config, kStart));
    }
}

}  // namespace
}  // namespace homeostat::features
