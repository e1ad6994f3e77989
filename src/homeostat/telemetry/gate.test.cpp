// SPDX-License-Identifier: Apache-2.0
#include "homeostat/telemetry/gate.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace homeostat::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr EventTime kNow{seconds(1'800'000'000)};

struct CountingSink final : model::SignalSink {
    int spans = 0, metrics = 0, logs = 0, events = 0;
    std::size_t longest_body = 0;
    void on_span(const model::SpanView&) override { ++spans; }
    void on_metric(const model::MetricView&) override { ++metrics; }
    void on_log(const model::LogView& log) override {
        ++logs;
        longest_body = std::max(longest_body, log.body.size());
    }
    void on_event(const model::ServiceEvent&) override { ++events; }
};

struct GateTest : testing::Test {
    CountingSink sink;
    Gate gate{{}, sink};
    GateTest() { gate.begin(kNow, "test"); }

    void expect_reason(QuarantineReason reason) {
        const auto records = gate.take_quarantined();
        ASSERT_EQ(records.size(), 1U);
        EXPECT_EQ(records[0].reason, reason) << records[0].text;
        EXPECT_EQ(records[0].source, "test");
        EXPECT_EQ(records[0].at, kNow);
        EXPECT_LE(records[0].excerpt.size(), Quarantine::kExcerptMax);
        EXPECT_EQ(sink.spans + sink.metrics + sink.logs + sink.events, 0);
    }
};

model::SpanView good_span() {
    return {.resource = {.service = "payment", .instance = "payment-1", .version = "1.0"},
            .trace_id = {1, 2, 3},
            .span_id = 42,
            .kind = model::SpanKind::server,
            .start = kNow - milliseconds(20),
            .end = kNow - milliseconds(10),
            .peer_service = {}};
}

model::MetricView good_metric() {
    return {.resource = {.service = "payment", .instance = "payment-1", .version = {}},
            .kind = model::MetricKind::mem_mb,
            .at = kNow,
            .value = 512};
}

model::ServiceEvent good_event() {
    static constexpr std::array kLatencies{12.5, 9.0};
    static constexpr std::array<std::uint16_t, 2> kStatuses{200, 500};
    return {.service = "payment",
            .at = kNow,
            .latencies_ms = kLatencies,
            .statuses = kStatuses,
            .cpu_percent = 40,
            .memory_mb = 512,
            .deployment_version = {}};
}

TEST_F(GateTest, LetsGoodRecordsThrough) {
    gate.on_span(good_span());
    gate.on_metric(good_metric());
    gate.on_log(
        {.resource = {.service = "payment", .instance = {}, .version = {}}, .at = kNow, .body = "paid"});
    gate.on_event(good_event());
    EXPECT_EQ(sink.spans, 1);
    EXPECT_EQ(sink.metrics, 1);
    EXPECT_EQ(sink.logs, 1);
    EXPECT_EQ(sink.events, 1);
    EXPECT_EQ(gate.tally().accepted, 4U);
    EXPECT_EQ(gate.counters().quarantined.total(), 0U);
}

TEST_F(GateTest, TakesARunOfSpansLikeOneAfterTheOther) {
    for (const std::size_t count : {0U, 1U, 15U, 16U, 17U, 100U}) {
        std::vector<model::SpanView> spans(count, good_span());
        for (std::size_t i = 0; i < count; ++i) spans[i].span_id = 1'000 * count + i / 2 + 1;  // each twice
        if (count > 10) spans[10].span_id = 0;
        const int before = sink.spans;
        gate.begin(kNow, "test");
        gate.on_spans(spans);
        const std::size_t bad = count > 10 ? 1 : 0;
        const std::size_t once = (count + 1) / 2;  // the bad one's twin is still good
        EXPECT_EQ(gate.tally().accepted, once) << count;
        EXPECT_EQ(gate.tally().quarantined, bad) << count;
        EXPECT_EQ(gate.tally().duplicates, count - once - bad) << count;
        EXPECT_EQ(static_cast<std::size_t>(sink.spans - before), once) << count;
    }
}

TEST_F(GateTest, AReplayedBatchChangesNothing) {
    for (int replay = 0; replay < 3; ++replay) {
        gate.begin(kNow + seconds(replay), "test");
        gate.on_span(good_span());
        gate.on_metric(good_metric());
        gate.on_log(
            {.resource = {.service = "payment", .instance = {}, .version = {}}, .at = kNow, .body = "paid"});
        gate.on_event(good_event());
    }
    EXPECT_EQ(sink.spans, 1);
    EXPECT_EQ(sink.metrics, 1);
    EXPECT_EQ(sink.logs, 1);
    EXPECT_EQ(sink.events, 1);
    EXPECT_EQ(gate.tally().duplicates, 4U);
    EXPECT_EQ(gate.counters().duplicates, 8U);
}

TEST_F(GateTest, TwoSidesOfACallWithOneSpanIdAreTwoSpans) {
    auto span = good_span();
    gate.on_span(span);
    span.kind = model::SpanKind::client;
    gate.on_span(span);
    EXPECT_EQ(sink.spans, 2);
}

TEST_F(GateTest, TheSameValueOfAnotherInstanceIsNoRepetition) {
    auto metric = good_metric();
    gate.on_metric(metric);
    metric.resource.instance = "payment-2";
    gate.on_metric(metric);
    EXPECT_EQ(sink.metrics, 2);
}

TEST_F(GateTest, SetsASpanWithoutServiceAside) {
    auto span = good_span();
    span.resource.service = {};
    gate.on_span(span);
    expect_reason(QuarantineReason::missing_service);
}

TEST_F(GateTest, SetsAFaultyNameAside) {
    for (const std::string& bad : {std::string(256, 'x'), std::string("a\nb"), std::string("\xff")}) {
        auto span = good_span();
        span.resource.service = bad;
        gate.on_span(span);
        expect_reason(QuarantineReason::bad_name);
    }
}

TEST_F(GateTest, AGoodNameAtTheAddressOfABadOneIsReadAnew) {
    std::string name = "payment";
    auto span = good_span();
    span.resource.service = name;
    gate.on_span(span);
    name[0] = '\n';
    gate.begin(kNow, "test");
    gate.on_span(span);
    EXPECT_EQ(gate.counters().quarantined.of(QuarantineReason::bad_name), 1U);
}

TEST_F(GateTest, SetsSpansWithoutIdentityAside) {
    auto span = good_span();
    span.trace_id = {};
    gate.on_span(span);
    expect_reason(QuarantineReason::missing_id);
    span = good_span();
    span.span_id = 0;
    gate.on_span(span);
    expect_reason(QuarantineReason::missing_id);
}

TEST_F(GateTest, SetsImpossibleTimesAside) {
    auto span = good_span();
    span.end = span.start - milliseconds(1);
    gate.on_span(span);
    expect_reason(QuarantineReason::ends_before_start);
    span = good_span();
    span.end = kNow + seconds(3);
    gate.on_span(span);
    expect_reason(QuarantineReason::from_the_future);
    span = good_span();
    span.start = {};
    gate.on_span(span);
    expect_reason(QuarantineReason::missing_time);
    span = good_span();
    span.start = span.end - std::chrono::hours(25);
    gate.on_span(span);
    expect_reason(QuarantineReason::absurd_value);
}

TEST_F(GateTest, ASmallDifferenceOfClocksIsAllowed) {
    auto span = good_span();
    span.end = kNow + seconds(1);
    gate.on_span(span);
    EXPECT_EQ(sink.spans, 1);
}

TEST_F(GateTest, SetsImpossibleNumbersAside) {
    auto metric = good_metric();
    metric.value = std::numeric_limits<double>::quiet_NaN();
    gate.on_metric(metric);
    expect_reason(QuarantineReason::not_finite);
    metric.value = std::numeric_limits<double>::infinity();
    gate.on_metric(metric);
    expect_reason(QuarantineReason::not_finite);
    metric.value = -1;
    gate.on_metric(metric);
    expect_reason(QuarantineReason::negative);
    metric.value = 1e16;
    gate.on_metric(metric);
    expect_reason(QuarantineReason::absurd_value);
}

TEST_F(GateTest, SetsAnEventWithImpossibleValuesAside) {
    auto event = good_event();
    constexpr std::array kNegative{12.5, -1.0};
    event.latencies_ms = kNegative;
    gate.on_event(event);
    expect_reason(QuarantineReason::negative);
    event = good_event();
    constexpr std::array<std::uint16_t, 1> kNoStatus{99};
    event.statuses = kNoStatus;
    gate.on_event(event);
    expect_reason(QuarantineReason::bad_status);
    event = good_event();
    event.memory_mb = std::numeric_limits<double>::quiet_NaN();
    gate.on_event(event);
    expect_reason(QuarantineReason::not_finite);
}

TEST_F(GateTest, CutsALongLog) {
    const std::string body(Gate::kBodyMax * 2, 'x');
    gate.on_log(
        {.resource = {.service = "payment", .instance = {}, .version = {}}, .at = kNow, .body = body});
    EXPECT_EQ(sink.longest_body, Gate::kBodyMax);
}

TEST_F(GateTest, AFloodOfNoiseIsCountedAndNotKept) {
    auto span = good_span();
    span.span_id = 0;
    for (int i = 0; i < 5000; ++i) gate.on_span(span);
    const auto counters = gate.counters().quarantined;
    EXPECT_EQ(counters.of(QuarantineReason::missing_id), 5000U);
    EXPECT_EQ(counters.not_kept, 5000U - GateConfig{}.quarantine_max);
    EXPECT_EQ(gate.tally().quarantined, 5000U);
    EXPECT_EQ(gate.take_quarantined().size(), GateConfig{}.quarantine_max);
}

TEST_F(GateTest, SaysWhyInPlainWords) {
    auto metric = good_metric();
    metric.value = -1;
    gate.on_metric(metric);
    EXPECT_EQ(gate.tally().first_reason, "negative: value is -1");
    gate.on_malformed("\x01\x02{", "no JSON");
    const auto records = gate.take_quarantined();
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].excerpt, "service=payment value=-1");
    EXPECT_EQ(records[1].text, "malformed: no JSON");
    EXPECT_EQ(records[1].excerpt, "..{");
}

}  // namespace
}  // namespace homeostat::telemetry
