// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/intake.h"

#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "homeostat/adapters/ingest/event_lines.h"
#include "homeostat/adapters/ingest/otlp_kit.test.h"
#include "homeostat/base/prng.h"

namespace homeostat::ingest {
namespace {

struct IntakeTest : testing::Test {
    CollectingSink sink;
    Intake intake{{}, sink, [] { return kNow; }};

    Result<telemetry::GateTally> accept(std::string_view bytes, Signal signal = Signal::traces) {
        return intake.accept({.signal = signal, .bytes = bytes, .source = "test"});
    }
};

std::string event(std::string_view service, int second) {
    return R"({"service":")" + std::string(service) + R"(","timestamp":)" +
           std::to_string(1'799'999'000 + second) +
           R"(,"latencies_ms":[1],"responses":[{"status":200}],"cpu_percent":1,"memory_mb":1})";
}

TEST_F(IntakeTest, ABadRecordIsSetAsideAndTheRestGoesOn) {
    const auto tally =
        accept(spans_request({{.id = 1}, {.id = 2, .end = kNow + std::chrono::hours(1)}, {.id = 3}}));
    ASSERT_TRUE(tally);
    EXPECT_EQ(tally->accepted, 2U);
    EXPECT_EQ(tally->quarantined, 1U);
    EXPECT_EQ(sink.spans.size(), 2U);
    const auto records = intake.take_quarantined();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].reason, telemetry::QuarantineReason::from_the_future);
    EXPECT_EQ(records[0].source, "test");
}

TEST_F(IntakeTest, AReplayedBatchChangesNothing) {
    const auto bytes = spans_request({{.id = 1}, {.id = 2}});
    EXPECT_EQ(accept(bytes)->accepted, 2U);
    EXPECT_EQ(accept(bytes)->duplicates, 2U);
    EXPECT_EQ(sink.spans.size(), 2U);
}

TEST_F(IntakeTest, NothingOfABrokenRequestReachesTheSink) {
    const auto bytes = spans_request({{.id = 1}, {.id = 2}});
    const auto tally = accept(std::string_view(bytes).substr(0, bytes.size() - 1));
    ASSERT_FALSE(tally);
    EXPECT_EQ(tally.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(sink.spans.empty());
    EXPECT_EQ(intake.counters().payloads_malformed, 1U);
    EXPECT_EQ(intake.take_quarantined().at(0).reason, telemetry::QuarantineReason::malformed);
    EXPECT_EQ(accept(bytes)->accepted, 2U);
}

TEST_F(IntakeTest, TenMegabytesOfNoiseAreAnErrorAndTheNextRequestIsTaken) {
    Prng prng(7);
    std::string noise(std::size_t{10} << 20U, '\0');
    for (auto& byte : noise) byte = static_cast<char>(prng.below(256));
    for (const auto encoding : {Encoding::protobuf, Encoding::json}) {
        for (const auto signal : {Signal::traces, Signal::metrics, Signal::logs}) {
            EXPECT_FALSE(
                intake.accept({.signal = signal, .encoding = encoding, .bytes = noise, .source = "test"}));
        }
    }
    EXPECT_FALSE(intake.accept_event(noise, "test"));
    EXPECT_EQ(intake.counters().payloads_malformed, 7U);
    for (const auto& record : intake.take_quarantined()) {
        EXPECT_LE(record.excerpt.size(), telemetry::Quarantine::kExcerptMax);
    }
    EXPECT_TRUE(accept(spans_request({{}})));
}

TEST_F(IntakeTest, BothEncodingsGiveTheSameRecords) {
    constexpr std::string_view kJson = R"({"resourceSpans":[{"resource":{"attributes":[
        {"key":"service.name","value":{"stringValue":"payment"}},
        {"key":"service.instance.id","value":{"stringValue":"payment-1"}},
        {"key":"service.version","value":{"stringValue":"1.4"}}]},"scopeSpans":[{"spans":[
        {"traceId":"00000000000000000000000000000abc","spanId":"0000000000000001","kind":2,
         "startTimeUnixNano":"1799999999980000000","endTimeUnixNano":"1799999999990000000"}]}]}]})";
    EXPECT_EQ(accept(spans_request({{}}))->accepted, 1U);
    const auto tally = intake.accept(
        {.signal = Signal::traces, .encoding = Encoding::json, .bytes = kJson, .source = "test"});
    ASSERT_TRUE(tally) << tally.error().message;
    EXPECT_EQ(tally->duplicates, 1U);
}

TEST(Intake, ShedsWhatWouldWaitBeyondItsBound) {
    CollectingSink sink;
    Intake intake({.gate = {}, .bytes_waiting_max = 100}, sink, [] { return kNow; });
    const auto tally = intake.accept({.bytes = std::string(101, 'x'), .source = "test"});
    ASSERT_FALSE(tally);
    EXPECT_EQ(tally.error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(intake.counters().payloads_shed, 1U);
    EXPECT_FALSE(intake.accept({.bytes = std::string(100, '\xff'), .source = "test"}));
    EXPECT_EQ(intake.counters().payloads_malformed, 1U);
}

TEST_F(IntakeTest, ServesSeveralThreadsOneAfterTheOther) {
    constexpr std::uint64_t kPerThread = 200;
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (std::uint64_t i = 1; i <= kPerThread; ++i) {
                    EXPECT_TRUE(accept(spans_request({{.id = t * kPerThread + i}})));
                }
            });
        }
    }
    EXPECT_EQ(sink.spans.size(), 4 * kPerThread);
    EXPECT_EQ(intake.counters().gate.spans, 4 * kPerThread);
}

TEST_F(IntakeTest, ReadsEventsFromLines) {
    std::istringstream lines(event("payment", 1) + "\n\nnot json\r\n" + event("payment", 2) + "\n" +
                             event("payment", 3));
    const auto tally = read_event_lines(lines, "file events.json", intake);
    EXPECT_EQ(tally.accepted, 3U);
    EXPECT_EQ(tally.rejected, 1U);
    EXPECT_EQ(sink.events, 3);
    EXPECT_EQ(intake.take_quarantined().at(0).source, "file events.json");
}

TEST_F(IntakeTest, ALineBeyondItsBoundIsRejectedAndTheNextIsRead) {
    std::istringstream lines(std::string(std::size_t{9} << 20U, 'x') + "\n" + event("payment", 1) + "\n");
    const auto tally = read_event_lines(lines, "stdin", intake);
    EXPECT_EQ(tally.rejected, 1U);
    EXPECT_EQ(tally.accepted, 1U);
}

}  // namespace
}  // namespace homeostat::ingest
