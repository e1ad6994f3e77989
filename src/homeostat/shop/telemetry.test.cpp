// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/telemetry.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "homeostat/adapters/ingest/otlp_protobuf.h"

namespace homeostat::shop {
namespace {

const Identity kIdentity{.service = "cart", .instance = "cart-2", .version = "v3"};

/// What Homeostat's own decoder reads from a request's body.
ingest::Batch decoded(ingest::Signal signal, const std::string& bytes) {
    ingest::Batch batch;
    const auto read = ingest::decode_protobuf(signal, bytes, batch);
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return batch;
}

RC_GTEST_PROP(Traceparent, ReadsBackWhatItWrites, (const TraceId& trace, std::uint64_t span)) {
    RC_PRE(span != 0);
    RC_PRE(trace != TraceId{});
    const auto again = parse_traceparent(to_traceparent({.trace = trace, .span = span}));
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->trace == trace);
    RC_ASSERT(again->span == span);
}

TEST(Traceparent, IsRefusedWhenMalformed) {
    const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    ASSERT_TRUE(parse_traceparent(good).has_value());
    EXPECT_FALSE(parse_traceparent("").has_value());
    EXPECT_FALSE(parse_traceparent(good + "0").has_value());
    EXPECT_FALSE(parse_traceparent("00-" + std::string(32, '0') + "-b7ad6b7169203331-01").has_value());
    EXPECT_FALSE(
        parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-" + std::string(16, '0') + "-01").has_value());
    EXPECT_FALSE(parse_traceparent("00-0xf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").has_value());
}

TEST(Encoding, OfAServedRequestIsUnderstood) {
    const SpanRecord span{.context = {.trace = {1, 2, 3}, .span = 7},
                          .parent = 5,
                          .start = EventTime{Duration{1'000}},
                          .end = EventTime{Duration{2'000}},
                          .route = "/work",
                          .status = 500};
    const auto bytes = encode_spans(kIdentity, {&span, 1});
    const auto batch = decoded(ingest::Signal::traces, bytes);
    ASSERT_EQ(batch.spans.size(), 1U);
    const auto& read = batch.spans[0];
    EXPECT_EQ(read.resource.service, "cart");
    EXPECT_EQ(read.resource.instance, "cart-2");
    EXPECT_EQ(read.resource.version, "v3");
    EXPECT_EQ(read.trace_id, span.context.trace);
    EXPECT_EQ(read.span_id, 7U);
    EXPECT_EQ(read.parent_span_id, 5U);
    EXPECT_EQ(read.kind, model::SpanKind::server);
    EXPECT_EQ(read.start, span.start);
    EXPECT_EQ(read.end, span.end);
    EXPECT_TRUE(read.error);
}

TEST(Encoding, OfACallNamesTheCallee) {
    const SpanRecord good{
        .context = {.trace = {1}, .span = 7}, .route = "/work", .peer = "db", .status = 200};
    const SpanRecord unanswered{
        .context = {.trace = {1}, .span = 8}, .route = "/work", .peer = "db", .status = 0};
    const std::array spans{good, unanswered};
    const auto bytes = encode_spans(kIdentity, spans);
    const auto batch = decoded(ingest::Signal::traces, bytes);
    ASSERT_EQ(batch.spans.size(), 2U);
    EXPECT_EQ(batch.spans[0].kind, model::SpanKind::client);
    EXPECT_EQ(batch.spans[0].peer_service, "db");
    EXPECT_FALSE(batch.spans[0].error);
    EXPECT_TRUE(batch.spans[1].error);
}

TEST(Encoding, OfTheProcessIsUnderstood) {
    const auto reading = read_process();
    EXPECT_GT(reading.resident_bytes, 1'000'000);
    const auto bytes = encode_reading(kIdentity, EventTime{Duration{1}}, reading);
    const auto batch = decoded(ingest::Signal::metrics, bytes);
    ASSERT_EQ(batch.metrics.size(), 3U);
    EXPECT_EQ(batch.metrics[0].kind, model::MetricKind::cpu_pct);
    EXPECT_TRUE(batch.metrics[0].cumulative);
    EXPECT_EQ(batch.metrics[1].kind, model::MetricKind::mem_mb);
    EXPECT_GT(batch.metrics[1].value, 1);
    EXPECT_FALSE(batch.metrics[1].cumulative);
    EXPECT_EQ(batch.metrics[2].kind, model::MetricKind::in_flight);
}

TEST(Encoding, OfALogIsUnderstood) {
    const LogRecord record{.at = EventTime{Duration{9}}, .error = true, .body = "it broke"};
    const auto bytes = encode_logs(kIdentity, {&record, 1});
    const auto batch = decoded(ingest::Signal::logs, bytes);
    ASSERT_EQ(batch.logs.size(), 1U);
    EXPECT_EQ(batch.logs[0].severity, 17);
    EXPECT_EQ(batch.logs[0].body, "it broke");
    EXPECT_EQ(batch.logs[0].at, record.at);
}

}  // namespace
}  // namespace homeostat::shop
