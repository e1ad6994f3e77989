// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "homeostat/base/time.h"
#include "homeostat/model/signal.h"

/// Writes OTLP requests in protobuf, and a sink that keeps copies of what it is given.
namespace homeostat::ingest {

inline constexpr EventTime kNow{std::chrono::seconds(1'800'000'000)};

inline std::uint64_t nanos(EventTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

using Attributes = std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>>;

inline void write_attributes(protozero::pbf_writer& writer, protozero::pbf_tag_type tag,
                             const Attributes& list) {
    for (const auto& [key, value] : list) {
        protozero::pbf_writer attribute(writer, tag);
        attribute.add_string(1, key);
        protozero::pbf_writer any(attribute, 2);
        if (const auto* text = std::get_if<std::string>(&value)) {
            any.add_string(1, *text);
        } else {
            any.add_int64(3, std::get<std::int64_t>(value));
        }
    }
}

/// A request of one resource and one scope whose records `write_records` adds with tag 2.
template <class Write>
std::string request(const Attributes& resource, Write&& write_records) {
    std::string out;
    protozero::pbf_writer writer(out);
    {
        protozero::pbf_writer resource_records(writer, 1);
        {
            protozero::pbf_writer resource_message(resource_records, 1);
            write_attributes(resource_message, 1, resource);
        }
        protozero::pbf_writer scope_records(resource_records, 2);
        write_records(scope_records);
    }
    return out;
}

struct TestSpan {
    std::uint64_t id = 1;
    std::uint64_t parent = 0;
    int kind = 2;  // server
    EventTime start = kNow - std::chrono::milliseconds(20);
    EventTime end = kNow - std::chrono::milliseconds(10);
    int status = 0;
    Attributes attributes;
};

inline std::string id_bytes(std::uint64_t id, std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < sizeof id; ++i) out[size - 1 - i] = static_cast<char>(id >> (8 * i));
    return out;
}

inline void write_span(protozero::pbf_writer& scope, const TestSpan& span) {
    protozero::pbf_writer writer(scope, 2);
    writer.add_bytes(1, id_bytes(0xabc, 16));
    writer.add_bytes(2, id_bytes(span.id, 8));
    if (span.parent != 0) writer.add_bytes(4, id_bytes(span.parent, 8));
    writer.add_string(5, "GET /pay");
    writer.add_enum(6, span.kind);
    writer.add_fixed64(7, nanos(span.start));
    writer.add_fixed64(8, nanos(span.end));
    write_attributes(writer, 9, span.attributes);
    if (span.status != 0) {
        protozero::pbf_writer status(writer, 15);
        status.add_string(2, "why");
        status.add_enum(3, span.status);
    }
}

inline const Attributes kPayment{
    {"service.name", "payment"}, {"service.instance.id", "payment-1"}, {"service.version", "1.4"}};

inline std::string spans_request(const std::vector<TestSpan>& spans, const Attributes& resource = kPayment) {
    return request(resource, [&](protozero::pbf_writer& scope) {
        for (const auto& span : spans) write_span(scope, span);
    });
}

/// What a sink was given, without the views.
struct CollectingSink final : model::SignalSink {
    struct Span {
        std::string service, instance, version, peer;
        std::uint64_t id, parent;
        model::SpanKind kind;
        EventTime start, end;
        bool error;
        friend bool operator==(const Span&, const Span&) = default;
    };
    struct Metric {
        std::string service;
        model::MetricKind kind;
        EventTime at;
        double value;
        bool cumulative;
        friend bool operator==(const Metric&, const Metric&) = default;
    };
    struct Log {
        std::string service, body;
        EventTime at;
        int severity;
        friend bool operator==(const Log&, const Log&) = default;
    };
    std::vector<Span> spans;
    std::vector<Metric> metrics;
    std::vector<Log> logs;
    int events = 0;

    void on_span(const model::SpanView& span) override {
        spans.push_back({std::string(span.resource.service), std::string(span.resource.instance),
                         std::string(span.resource.version), std::string(span.peer_service), span.span_id,
                         span.parent_span_id, span.kind, span.start, span.end, span.error});
    }
    void on_metric(const model::MetricView& metric) override {
        metrics.push_back(
            {std::string(metric.resource.service), metric.kind, metric.at, metric.value, metric.cumulative});
    }
    void on_log(const model::LogView& log) override {
        logs.push_back({std::string(log.resource.service), std::string(log.body), log.at, log.severity});
    }
    void on_event(const model::ServiceEvent&) override { ++events; }
};

}  // namespace homeostat::ingest
