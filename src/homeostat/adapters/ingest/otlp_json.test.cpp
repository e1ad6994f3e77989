// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/otlp_json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "homeostat/adapters/ingest/otlp_kit.test.h"

namespace homeostat::ingest {
namespace {

constexpr std::string_view kSpans = R"({"resourceSpans":[{"scopeSpans":[{"scope":{"name":"lib"},"spans":[{
    "traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"000000000000002a",
    "name":"pay","kind":3,"startTimeUnixNano":"1799999999980000000","endTimeUnixNano":1799999999990000000,
    "attributes":[{"key":"http.response.status_code","value":{"intValue":"503"}},
                  {"key":"peer.service","value":{"stringValue":"d\u0062"}}],
    "status":{"message":"no","code":2},"unknown":[1,2]}]}],
  "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"payment"}},
                            {"key":"service.instance.id","value":{"stringValue":"payment-1"}}]}}]})";

struct OtlpJson : testing::Test {
    JsonDecoder decoder;
    Batch batch;

    std::string error_of(Signal signal, std::string_view text) {
        const auto result = decoder.decode(signal, text, batch);
        if (result) return "no error";
        EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
        EXPECT_TRUE(batch.spans.empty() && batch.metrics.empty() && batch.logs.empty());
        return result.error().message;
    }
};

TEST_F(OtlpJson, ReadsASpan) {
    ASSERT_TRUE(decoder.decode(Signal::traces, kSpans, batch));
    ASSERT_EQ(batch.spans.size(), 1U);
    const auto& span = batch.spans[0];
    EXPECT_EQ(span.resource.service, "payment");
    EXPECT_EQ(span.resource.instance, "payment-1");
    EXPECT_EQ(span.trace_id[0], 0x5b);
    EXPECT_EQ(span.span_id, 0xeee19b7ec3c1b174U);
    EXPECT_EQ(span.parent_span_id, 42U);
    EXPECT_EQ(span.kind, model::SpanKind::client);
    EXPECT_EQ(span.start, kNow - std::chrono::milliseconds(20));
    EXPECT_EQ(span.end, kNow - std::chrono::milliseconds(10));
    EXPECT_EQ(span.peer_service, "db");
    EXPECT_TRUE(span.error);
}

TEST_F(OtlpJson, ReadsMetrics) {
    ASSERT_TRUE(decoder.decode(Signal::metrics, R"({"resourceMetrics":[{"resource":{"attributes":[
        {"key":"service.name","value":{"stringValue":"payment"}}]},"scopeMetrics":[{"metrics":[
        {"name":"process.cpu.time","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
            {"timeUnixNano":"1800000000000000000","asDouble":2.5,
             "attributes":[{"key":"cpu.mode","value":{"stringValue":"user"}}]},
            {"timeUnixNano":"1800000000000000000","asInt":"1"}]}},
        {"name":"process.memory.usage","gauge":{"dataPoints":[{"timeUnixNano":"1800000000000000000","asInt":5000000}]}},
        {"name":"other","histogram":{"dataPoints":[]}}]}]}]})",
                               batch));
    ASSERT_EQ(batch.metrics.size(), 2U);
    EXPECT_EQ(batch.metrics[0].value, 3.5);
    EXPECT_TRUE(batch.metrics[0].cumulative);
    EXPECT_EQ(batch.metrics[1].value, 5);
    EXPECT_EQ(batch.metrics[1].at, kNow);
    EXPECT_EQ(batch.ignored, 1U);
}

TEST_F(OtlpJson, ReadsLogs) {
    ASSERT_TRUE(decoder.decode(Signal::logs, R"({"resourceLogs":[{"resource":{"attributes":[
        {"key":"service.name","value":{"stringValue":"payment"}}]},"scopeLogs":[{"logRecords":[
        {"observedTimeUnixNano":"1800000000000000000","severityNumber":17,"body":{"stringValue":"cannot"}}]}]}]})",
                               batch));
    ASSERT_EQ(batch.logs.size(), 1U);
    EXPECT_EQ(batch.logs[0].at, kNow);
    EXPECT_EQ(batch.logs[0].severity, 17);
    EXPECT_EQ(batch.logs[0].body, "cannot");
}

TEST_F(OtlpJson, NamesTheMemberThatIsWrong) {
    EXPECT_EQ(error_of(Signal::traces, "[]"), "no OTLP JSON request: 'the request' must be an object");
    EXPECT_EQ(error_of(Signal::traces, R"({"resourceSpans":{}})"),
              "no OTLP JSON request: 'resourceSpans' must be a list");
    EXPECT_EQ(
        error_of(Signal::traces, R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]})"),
        "no OTLP JSON request: 'traceId' must be 32 hexadecimal digits");
    EXPECT_EQ(error_of(Signal::traces, R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":true}]}]}]})"),
              "no OTLP JSON request: 'kind' must be a whole number, or one as a text");
    EXPECT_EQ(error_of(Signal::traces,
                       R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"-1"}]}]}]})"),
              "no OTLP JSON request: 'startTimeUnixNano' must be a whole number, or one as a text");
}

TEST_F(OtlpJson, AbsentAndNullMembersAreDefaults) {
    EXPECT_TRUE(decoder.decode(Signal::traces, "{}", batch));
    EXPECT_TRUE(decoder.decode(Signal::traces, R"({"resourceSpans":null})", batch));
    EXPECT_TRUE(
        decoder.decode(Signal::traces, R"({"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]})", batch));
    EXPECT_EQ(batch.spans.size(), 1U);
}

TEST_F(OtlpJson, EveryPrefixIsAnError) {
    for (std::size_t length = 0; length < kSpans.size(); ++length) {
        EXPECT_NE(error_of(Signal::traces, kSpans.substr(0, length)), "no error") << length;
    }
}

RC_GTEST_FIXTURE_PROP(OtlpJson, SurvivesAnyText, (const std::string& noise)) {
    (void)decoder.decode(Signal::traces, noise, batch);
    RC_ASSERT(decoder.decode(Signal::traces, kSpans, batch).has_value());
}

}  // namespace
}  // namespace homeostat::ingest
