// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/otlp_protobuf.h"

#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <string>

#include "homeostat/adapters/ingest/conventions.h"

// Field numbers are those of opentelemetry-proto 1.x. Every field is matched with its wire type:
// protozero only asserts on a mismatch. A function takes its message as bytes: to pass a reader by value
// costs a stalled store of some nanoseconds each time.
namespace homeostat::ingest {
namespace {

using protozero::data_view;
using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr auto kLen = pbf_wire_type::length_delimited;
constexpr auto kVarint = pbf_wire_type::varint;
constexpr auto kFixed64 = pbf_wire_type::fixed64;

struct TooMany {};

constexpr std::uint32_t at(std::uint32_t tag, pbf_wire_type type) {
    return protozero::tag_and_type(tag, type);
}

std::string_view text_of(pbf_reader& reader) {
    const auto view = reader.get_view();
    return {view.data(), view.size()};
}

/// AnyValue: string_value = 1, int_value = 3, bytes_value = 7 and further ones that we do not use.
void read_value(data_view bytes, Attribute& out) {
    pbf_reader any(bytes);
    while (any.next()) {
        switch (any.tag_and_type()) {
            case at(1, kLen): out.text = text_of(any); break;
            case at(3, kVarint): out.number = any.get_int64(); break;
            default: any.skip();
        }
    }
}

/// KeyValue: key = 1, value = 2, in either order. Most attributes are none that `wants` asks for: they
/// are left as soon as that is known.
template <class Wants>
Attribute read_attribute(data_view bytes, Wants wants) {
    pbf_reader key_value(bytes);
    Attribute out;
    data_view value;
    bool wanted = false;
    while (key_value.next()) {
        switch (key_value.tag_and_type()) {
            case at(1, kLen):
                out.key = text_of(key_value);
                wanted = wants(out.key);
                if (!wanted) return out;
                break;
            case at(2, kLen): value = key_value.get_view(); break;
            default: key_value.skip();
        }
    }
    if (wanted) read_value(value, out);
    return out;
}

bool wants_all(std::string_view) {
    return true;
}

/// Resource{Spans,Metrics,Logs}: resource = 1. It may stand behind the records that it describes.
model::Resource read_resource(data_view bytes) {
    pbf_reader resource_records(bytes);
    ResourceDraft draft;
    while (resource_records.next(1, kLen)) {
        auto resource = resource_records.get_message();
        while (resource.next(1, kLen)) draft.apply(read_attribute(resource.get_view(), wants_all));
    }
    return draft.finish();
}

void read_span(data_view bytes, SpanDraft& draft) {
    pbf_reader span(bytes);
    while (span.next()) {
        switch (span.tag_and_type()) {
            case at(1, kLen): draft.set_trace_id(text_of(span)); break;
            case at(2, kLen): draft.view.span_id = span_id_of(text_of(span)); break;
            case at(4, kLen): draft.view.parent_span_id = span_id_of(text_of(span)); break;
            case at(6, kVarint): draft.set_kind(span.get_enum()); break;
            case at(7, kFixed64): draft.view.start = event_time(span.get_fixed64()); break;
            case at(8, kFixed64): draft.view.end = event_time(span.get_fixed64()); break;
            case at(9, kLen): draft.apply(read_attribute(span.get_view(), SpanDraft::wants)); break;
            case at(15, kLen): {
                auto status = span.get_message();
                while (status.next(3, kVarint)) draft.status_code = status.get_enum();
                break;
            }
            default: span.skip();
        }
    }
}

void read_point(data_view bytes, Point& point) {
    pbf_reader reader(bytes);
    while (reader.next()) {
        switch (reader.tag_and_type()) {
            case at(2, kFixed64): point.start = event_time(reader.get_fixed64()); break;
            case at(3, kFixed64): point.at = event_time(reader.get_fixed64()); break;
            case at(4, kFixed64): point.value = reader.get_double(); break;
            case at(6, kFixed64): point.value = static_cast<double>(reader.get_sfixed64()); break;
            case at(7, kLen):
                point.idle |= names_idle_cpu(read_attribute(reader.get_view(), wants_all));
                break;
            default: reader.skip();
        }
    }
}

/// Gauge: data_points = 1. Sum: data_points = 1, aggregation_temporality = 2.
void read_points(data_view bytes, MetricDraft& draft, Batch& batch) {
    pbf_reader data(bytes);
    while (data.next(1, kLen)) {
        if (batch.is_full()) throw TooMany{};
        Point point;
        read_point(data.get_view(), point);
        draft.add(point, batch);
    }
    draft.finish(batch);
}

Temporality temporality_of(data_view bytes) {
    pbf_reader sum(bytes);
    auto out = Temporality::cumulative;
    while (sum.next(2, kVarint)) out = sum.get_enum() == 1 ? Temporality::delta : Temporality::cumulative;
    return out;
}

/// Metric: name = 1, gauge = 5, sum = 7.
void read_metric(data_view bytes, const model::Resource& resource, Batch& batch) {
    pbf_reader metric(bytes);
    std::string_view name;
    data_view gauge;
    data_view sum;
    while (metric.next()) {
        switch (metric.tag_and_type()) {
            case at(1, kLen): name = text_of(metric); break;
            case at(5, kLen): gauge = metric.get_view(); break;
            case at(7, kLen): sum = metric.get_view(); break;
            default: metric.skip();
        }
    }
    const auto rule = rule_of(name);
    if (!rule) {
        ++batch.ignored;
        return;
    }
    MetricDraft of_gauge(resource, *rule, Temporality::none);
    read_points(gauge, of_gauge, batch);
    MetricDraft of_sum(resource, *rule, temporality_of(sum));
    read_points(sum, of_sum, batch);
}

void read_log(data_view bytes, model::LogView& log) {
    pbf_reader record(bytes);
    EventTime observed{};
    while (record.next()) {
        switch (record.tag_and_type()) {
            case at(1, kFixed64): log.at = event_time(record.get_fixed64()); break;
            case at(2, kVarint): log.severity = record.get_enum(); break;
            case at(5, kLen): {
                Attribute body;
                read_value(record.get_view(), body);
                log.body = body.text;
                break;
            }
            case at(11, kFixed64): observed = event_time(record.get_fixed64()); break;
            default: record.skip();
        }
    }
    if (log.at == EventTime{}) log.at = observed;
}

void read_record(Signal signal, data_view record, const model::Resource& resource, Batch& batch) {
    if (batch.is_full()) throw TooMany{};
    switch (signal) {
        case Signal::traces: {
            SpanDraft draft(resource);
            read_span(record, draft);
            batch.spans.push_back(draft.finish());
            return;
        }
        case Signal::metrics: read_metric(record, resource, batch); return;
        case Signal::logs: {
            auto& log = batch.logs.emplace_back();
            log.resource = resource;
            read_log(record, log);
            return;
        }
    }
}

}  // namespace

/// The three requests have one shape: Resource… = 1 { resource = 1, Scope… = 2 { record = 2 } }.
Result<> decode_protobuf(Signal signal, std::string_view bytes, Batch& batch) {
    batch.clear();
    try {
        pbf_reader request(bytes.data(), bytes.size());
        while (request.next()) {
            if (request.tag_and_type() != at(1, kLen)) {
                request.skip();
                continue;
            }
            const auto resource_bytes = request.get_view();
            const auto resource = read_resource(resource_bytes);
            pbf_reader resource_records(resource_bytes);
            while (resource_records.next(2, kLen)) {
                auto scope_records = resource_records.get_message();
                while (scope_records.next(2, kLen)) {
                    read_record(signal, scope_records.get_view(), resource, batch);
                }
            }
        }
        return {};
    } catch (const TooMany&) {
        batch.clear();
        return fail(ErrorCode::invalid_argument, "the request has more than " +
                                                     std::to_string(Batch::kRecordsMax) +
                                                     " records: export smaller batches");
    } catch (const protozero::exception& error) {
        batch.clear();
        return fail(ErrorCode::invalid_argument,
                    std::string("the bytes are no OTLP protobuf request: ") + error.what());
    }
}

}  // namespace homeostat::ingest
