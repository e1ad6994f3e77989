// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/otlp_protobuf.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "homeostat/adapters/ingest/otlp_kit.test.h"

namespace homeostat::ingest {
namespace {

using model::MetricKind;
using std::chrono::seconds;

Batch decoded(Signal signal, std::string_view bytes) {
    Batch batch;
    const auto result = decode_protobuf(signal, bytes, batch);
    if (!result) ADD_FAILURE() << result.error().message;
    return batch;
}

bool is_error(TestSpan span) {
    const auto bytes = spans_request({std::move(span)});
    return decoded(Signal::traces, bytes).spans.at(0).error;
}

TEST(OtlpProtobuf, ReadsASpan) {
    const auto bytes = spans_request(
        {{.id = 42, .parent = 7, .kind = 3, .attributes = {{"peer.service", "db"}, {"x", "y"}}}});
    const auto batch = decoded(Signal::traces, bytes);
    ASSERT_EQ(batch.spans.size(), 1U);
    const auto& span = batch.spans[0];
    EXPECT_EQ(span.resource.service, "payment");
    EXPECT_EQ(span.resource.instance, "payment-1");
    EXPECT_EQ(span.resource.version, "1.4");
    EXPECT_EQ(span.trace_id[15], 0xbc);
    EXPECT_EQ(span.span_id, 42U);
    EXPECT_EQ(span.parent_span_id, 7U);
    EXPECT_EQ(span.kind, model::SpanKind::client);
    EXPECT_EQ(span.start, kNow - std::chrono::milliseconds(20));
    EXPECT_EQ(span.end, kNow - std::chrono::milliseconds(10));
    EXPECT_EQ(span.peer_service, "db");
    EXPECT_FALSE(span.error);
}

TEST(OtlpProtobuf, AnErrorIsAStatusOrWhatTheProtocolCallsAFault) {
    EXPECT_TRUE(is_error({.status = 2}));
    EXPECT_TRUE(is_error({.attributes = {{"http.response.status_code", 503}}}));
    EXPECT_TRUE(is_error({.attributes = {{"http.status_code", 500}}}));
    EXPECT_TRUE(is_error({.attributes = {{"http.status_code", "500"}}}));
    EXPECT_TRUE(is_error({.attributes = {{"rpc.grpc.status_code", 14}}}));
    EXPECT_FALSE(is_error({.attributes = {{"http.response.status_code", 404}}}));
    EXPECT_FALSE(is_error({.attributes = {{"rpc.grpc.status_code", 5}}}));
    EXPECT_FALSE(is_error({.status = 1, .attributes = {{"http.response.status_code", 503}}}));
}

TEST(OtlpProtobuf, TheHostStandsInForAnInstanceId) {
    const auto bytes = spans_request({{}}, {{"host.name", "node-3"}, {"service.name", "payment"}});
    EXPECT_EQ(decoded(Signal::traces, bytes).spans.at(0).resource.instance, "node-3");
}

TEST(OtlpProtobuf, TheResourceMayComeAfterItsRecordsAndAValueBeforeItsKey) {
    std::string bytes;
    protozero::pbf_writer writer(bytes);
    {
        protozero::pbf_writer resource_spans(writer, 1);
        {
            protozero::pbf_writer scope(resource_spans, 2);
            write_span(scope, {});
        }
        protozero::pbf_writer resource(resource_spans, 1);
        protozero::pbf_writer attribute(resource, 1);
        {
            protozero::pbf_writer any(attribute, 2);
            any.add_string(1, "payment");
        }
        attribute.add_string(1, "service.name");
    }
    EXPECT_EQ(decoded(Signal::traces, bytes).spans.at(0).resource.service, "payment");
}

TEST(OtlpProtobuf, IdsOfAWrongLengthAreNone) {
    const auto bytes = request(kPayment, [](protozero::pbf_writer& scope) {
        protozero::pbf_writer span(scope, 2);
        span.add_bytes(1, "short");
        span.add_bytes(2, "much too long");
    });
    const auto batch = decoded(Signal::traces, bytes);
    EXPECT_EQ(batch.spans.at(0).span_id, 0U);
    EXPECT_EQ(batch.spans.at(0).trace_id, (std::array<std::uint8_t, 16>{}));
}

TEST(OtlpProtobuf, FieldsOfAWrongWireTypeAreSkipped) {
    const auto bytes = request(kPayment, [](protozero::pbf_writer& scope) {
        protozero::pbf_writer span(scope, 2);
        span.add_uint64(1, 5);        // trace_id is bytes
        span.add_string(6, "kind");   // kind is a varint
        span.add_uint32(7, 12);       // start is fixed64
        span.add_fixed32(15, 1);      // status is a message
        span.add_string(900, "new");  // unknown
    });
    EXPECT_EQ(decoded(Signal::traces, bytes).spans.at(0).start, EventTime{});
}

struct TestPoint {
    double value = 0;
    EventTime at = kNow;
    EventTime start = kNow - seconds(10);
    Attributes attributes;
};

std::string metric_request(const char* name, bool is_sum, int temporality,
                           const std::vector<TestPoint>& points) {
    return request(kPayment, [&](protozero::pbf_writer& scope) {
        protozero::pbf_writer metric(scope, 2);
        metric.add_string(1, name);
        protozero::pbf_writer data(metric, is_sum ? 7 : 5);
        for (const auto& point : points) {
            protozero::pbf_writer writer(data, 1);
            write_attributes(writer, 7, point.attributes);
            writer.add_fixed64(2, nanos(point.start));
            writer.add_fixed64(3, nanos(point.at));
            writer.add_double(4, point.value);
        }
        if (is_sum) data.add_enum(2, temporality);
    });
}

model::MetricView only_metric(const std::string& bytes) {
    const auto batch = decoded(Signal::metrics, bytes);
    EXPECT_EQ(batch.metrics.size(), 1U);
    return batch.metrics.empty() ? model::MetricView{} : batch.metrics[0];
}

TEST(OtlpProtobuf, AddsUpCpuTimeOverTheModesThatUseTheCpu) {
    const auto metric = only_metric(metric_request("process.cpu.time", true, 2,
                                                   {{.value = 3, .attributes = {{"cpu.mode", "user"}}},
                                                    {.value = 1, .attributes = {{"cpu.mode", "system"}}},
                                                    {.value = 9, .attributes = {{"cpu.mode", "wait"}}}}));
    EXPECT_EQ(metric.kind, MetricKind::cpu_pct);
    EXPECT_EQ(metric.value, 4);
    EXPECT_TRUE(metric.cumulative);
    EXPECT_EQ(metric.at, kNow);
}

TEST(OtlpProtobuf, TurnsCpuTimeSinceTheLastReportIntoPerCent) {
    const auto metric = only_metric(metric_request("process.cpu.time", true, 1, {{.value = 4}}));
    EXPECT_DOUBLE_EQ(metric.value, 40);
    EXPECT_FALSE(metric.cumulative);
}

TEST(OtlpProtobuf, KnowsTheMetricsOfProcessesContainersAndServers) {
    EXPECT_DOUBLE_EQ(only_metric(metric_request("process.cpu.utilization", false, 0, {{.value = 0.5}})).value,
                     50);
    EXPECT_DOUBLE_EQ(only_metric(metric_request("container.cpu.usage", false, 0, {{.value = 1.5}})).value,
                     150);
    EXPECT_DOUBLE_EQ(only_metric(metric_request("process.memory.usage", true, 2, {{.value = 5e8}})).value,
                     500);
    EXPECT_DOUBLE_EQ(
        only_metric(metric_request("k8s.pod.memory.working_set", false, 0, {{.value = 1e6}})).value, 1);
    const auto in_flight =
        only_metric(metric_request("http.server.active_requests", true, 2, {{.value = 2}, {.value = 3}}));
    EXPECT_EQ(in_flight.kind, MetricKind::in_flight);
    EXPECT_EQ(in_flight.value, 5);
    EXPECT_FALSE(in_flight.cumulative);
    const auto restarts = only_metric(metric_request("k8s.container.restarts", false, 0, {{.value = 3}}));
    EXPECT_EQ(restarts.kind, MetricKind::restarts);
    EXPECT_TRUE(restarts.cumulative);
}

TEST(OtlpProtobuf, PointsOfDifferentInstantsAreDifferentValues) {
    const auto bytes = metric_request("process.memory.usage", true, 2,
                                      {{.value = 1e6, .at = kNow - seconds(1)}, {.value = 2e6, .at = kNow}});
    const auto batch = decoded(Signal::metrics, bytes);
    ASSERT_EQ(batch.metrics.size(), 2U);
    EXPECT_EQ(batch.metrics[1].value, 2);
}

TEST(OtlpProtobuf, IgnoresMetricsThatItHasNoUseFor) {
    const auto bytes = metric_request("jvm.gc.duration", false, 0, {{.value = 1}});
    const auto batch = decoded(Signal::metrics, bytes);
    EXPECT_TRUE(batch.metrics.empty());
    EXPECT_EQ(batch.ignored, 1U);
}

TEST(OtlpProtobuf, ReadsALogAndItsTimeOfObservationWhenItHasNoOther) {
    const auto bytes = request(kPayment, [](protozero::pbf_writer& scope) {
        protozero::pbf_writer log(scope, 2);
        log.add_enum(2, 17);
        {
            protozero::pbf_writer body(log, 5);
            body.add_string(1, "cannot reach db");
        }
        log.add_fixed64(11, nanos(kNow));
    });
    const auto batch = decoded(Signal::logs, bytes);
    ASSERT_EQ(batch.logs.size(), 1U);
    EXPECT_EQ(batch.logs[0].resource.service, "payment");
    EXPECT_EQ(batch.logs[0].severity, 17);
    EXPECT_EQ(batch.logs[0].body, "cannot reach db");
    EXPECT_EQ(batch.logs[0].at, kNow);
}

TEST(OtlpProtobuf, ARequestThatIsCutAnywhereGivesAnErrorOrNothingHalf) {
    const auto bytes = spans_request({{.id = 1, .attributes = {{"peer.service", "db"}}}, {.id = 2}});
    Batch batch;
    for (std::size_t length = 1; length < bytes.size(); ++length) {
        EXPECT_FALSE(decode_protobuf(Signal::traces, std::string_view(bytes).substr(0, length), batch))
            << length;
        EXPECT_TRUE(batch.spans.empty());
    }
}

TEST(OtlpProtobuf, RefusesMoreRecordsThanTheirViewsMayTakeMemory) {
    std::string bytes = request(kPayment, [](protozero::pbf_writer& scope) {
        for (std::size_t i = 0; i <= Batch::kRecordsMax; ++i) scope.add_message(2, std::string());
    });
    Batch batch;
    for (const auto signal : {Signal::traces, Signal::metrics, Signal::logs}) {
        const auto result = decode_protobuf(signal, bytes, batch);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    }
    EXPECT_TRUE(batch.logs.empty());
}

RC_GTEST_PROP(OtlpProtobuf, SurvivesAnyBytes, (const std::string& noise)) {
    Batch batch;
    for (const auto signal : {Signal::traces, Signal::metrics, Signal::logs}) {
        (void)decode_protobuf(signal, noise, batch);
    }
}

}  // namespace
}  // namespace homeostat::ingest
