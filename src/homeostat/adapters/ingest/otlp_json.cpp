// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/otlp_json.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "homeostat/adapters/ingest/conventions.h"

namespace homeostat::ingest {
namespace {

namespace dom = simdjson::dom;

/// Leaves the decoder from any depth; caught in decode().
struct Bad {
    std::string why;
};

[[noreturn]] void wrong(std::string_view member, std::string_view wanted) {
    throw Bad{"'" + std::string(member) + "' must be " + std::string(wanted)};
}

/// The member, unless it is absent or null, which mean the same in proto3's JSON.
std::optional<dom::element> member(dom::object object, std::string_view name) {
    dom::element element;
    if (object[name].get(element) != simdjson::SUCCESS || element.is_null()) return std::nullopt;
    return element;
}

std::string_view text(dom::object object, std::string_view name) {
    const auto element = member(object, name);
    std::string_view out;
    if (element && element->get(out) != simdjson::SUCCESS) wrong(name, "a text");
    return out;
}

template <class Integer>
Integer to_integer(dom::element element, std::string_view name) {
    Integer out{};
    if (element.get(out) == simdjson::SUCCESS) return out;
    std::string_view digits;
    if (element.get(digits) == simdjson::SUCCESS) {
        const char* end = digits.data() + digits.size();
        const auto [stop, status] = std::from_chars(digits.data(), end, out);
        if (status == std::errc{} && stop == end) return out;
    }
    wrong(name, "a whole number, or one as a text");
}

template <class Integer>
Integer integer(dom::object object, std::string_view name) {
    const auto element = member(object, name);
    return element ? to_integer<Integer>(*element, name) : Integer{};
}

int small_integer(dom::object object, std::string_view name) {
    const auto value = integer<std::int64_t>(object, name);
    if (!std::in_range<int>(value)) wrong(name, "a small whole number");
    return static_cast<int>(value);
}

EventTime time(dom::object object, std::string_view name) {
    return event_time(integer<std::uint64_t>(object, name));
}

dom::object to_object(dom::element element, std::string_view name) {
    dom::object out;
    if (element.get(out) != simdjson::SUCCESS) wrong(name, "an object");
    return out;
}

std::optional<dom::object> object_member(dom::object object, std::string_view name) {
    const auto element = member(object, name);
    return element ? std::optional(to_object(*element, name)) : std::nullopt;
}

/// Calls `use` with each object of the list `name`, if there is one.
template <class Use>
void for_each(dom::object object, std::string_view name, Use&& use) {
    const auto element = member(object, name);
    if (!element) return;
    dom::array array;
    if (element->get(array) != simdjson::SUCCESS) wrong(name, "a list");
    for (const auto entry : array) use(to_object(entry, name));
}

/// An id of `Size` bytes in hex; empty stays empty, anything else is an error.
template <std::size_t Size>
std::string_view hex_id(dom::object object, std::string_view name, std::array<char, Size>& bytes) {
    const auto digits = text(object, name);
    if (digits.empty()) return {};
    const auto wanted = [&] { wrong(name, std::to_string(2 * Size) + " hexadecimal digits"); };
    if (digits.size() != 2 * Size) wanted();
    for (std::size_t i = 0; i < Size; ++i) {
        std::uint8_t byte = 0;
        const char* end = digits.data() + 2 * i + 2;
        const auto [stop, status] = std::from_chars(digits.data() + 2 * i, end, byte, 16);
        if (status != std::errc{} || stop != end) wanted();
        bytes[i] = static_cast<char>(byte);
    }
    return {bytes.data(), Size};
}

Attribute to_attribute(dom::object key_value) {
    Attribute out{.key = text(key_value, "key"), .text = {}, .number = {}};
    const auto value = object_member(key_value, "value");
    if (!value) return out;
    out.text = text(*value, "stringValue");
    if (const auto number = member(*value, "intValue"))
        out.number = to_integer<std::int64_t>(*number, "intValue");
    return out;
}

model::Resource to_resource(dom::object resource_records) {
    ResourceDraft draft;
    if (const auto resource = object_member(resource_records, "resource")) {
        for_each(*resource, "attributes", [&](dom::object entry) { draft.apply(to_attribute(entry)); });
    }
    return draft.finish();
}

void read_span(dom::object span, const model::Resource& resource, Batch& batch) {
    SpanDraft draft(resource);
    std::array<char, 16> trace_id{};
    std::array<char, 8> span_id{};
    draft.set_trace_id(hex_id(span, "traceId", trace_id));
    draft.view.span_id = span_id_of(hex_id(span, "spanId", span_id));
    draft.view.parent_span_id = span_id_of(hex_id(span, "parentSpanId", span_id));
    draft.set_kind(integer<std::int64_t>(span, "kind"));
    draft.view.start = time(span, "startTimeUnixNano");
    draft.view.end = time(span, "endTimeUnixNano");
    for_each(span, "attributes", [&](dom::object entry) { draft.apply(to_attribute(entry)); });
    if (const auto status = object_member(span, "status")) draft.status_code = small_integer(*status, "code");
    batch.spans.push_back(draft.finish());
}

Point to_point(dom::object entry) {
    Point point{.start = time(entry, "startTimeUnixNano"), .at = time(entry, "timeUnixNano")};
    if (const auto value = member(entry, "asDouble")) {
        if (value->get(point.value) != simdjson::SUCCESS) wrong("asDouble", "a number");
    } else {
        point.value = static_cast<double>(integer<std::int64_t>(entry, "asInt"));
    }
    for_each(entry, "attributes", [&](dom::object e) { point.idle |= names_idle_cpu(to_attribute(e)); });
    return point;
}

void read_points(dom::object data, MetricDraft draft, Batch& batch) {
    for_each(data, "dataPoints", [&](dom::object entry) {
        if (batch.is_full()) throw Bad{"the request has too many records"};
        draft.add(to_point(entry), batch);
    });
    draft.finish(batch);
}

void read_metric(dom::object metric, const model::Resource& resource, Batch& batch) {
    const auto rule = rule_of(text(metric, "name"));
    if (!rule) {
        ++batch.ignored;
        return;
    }
    if (const auto gauge = object_member(metric, "gauge")) {
        read_points(*gauge, MetricDraft(resource, *rule, Temporality::none), batch);
    }
    if (const auto sum = object_member(metric, "sum")) {
        const bool is_delta = small_integer(*sum, "aggregationTemporality") == 1;
        read_points(*sum,
                    MetricDraft(resource, *rule, is_delta ? Temporality::delta : Temporality::cumulative),
                    batch);
    }
}

void read_log(dom::object record, const model::Resource& resource, Batch& batch) {
    model::LogView log{.resource = resource,
                       .at = time(record, "timeUnixNano"),
                       .severity = small_integer(record, "severityNumber"),
                       .body = {}};
    if (log.at == EventTime{}) log.at = time(record, "observedTimeUnixNano");
    if (const auto body = object_member(record, "body")) log.body = text(*body, "stringValue");
    batch.logs.push_back(log);
}

struct Names {
    std::string_view resources, scopes, records;
    void (*read)(dom::object, const model::Resource&, Batch&);
};

Names names_of(Signal signal) {
    switch (signal) {
        case Signal::metrics: return {"resourceMetrics", "scopeMetrics", "metrics", read_metric};
        case Signal::logs: return {"resourceLogs", "scopeLogs", "logRecords", read_log};
        case Signal::traces: break;
    }
    return {"resourceSpans", "scopeSpans", "spans", read_span};
}

void read_request(dom::object request, const Names& names, Batch& batch) {
    for_each(request, names.resources, [&](dom::object resource_records) {
        const auto resource = to_resource(resource_records);
        for_each(resource_records, names.scopes, [&](dom::object scope_records) {
            for_each(scope_records, names.records, [&](dom::object record) {
                if (batch.is_full()) throw Bad{"the request has too many records"};
                names.read(record, resource, batch);
            });
        });
    });
}

}  // namespace

struct JsonDecoder::Impl {
    dom::parser parser;
};

JsonDecoder::JsonDecoder() : impl_(std::make_unique<Impl>()) {}
JsonDecoder::~JsonDecoder() = default;

Result<> JsonDecoder::decode(Signal signal, std::string_view text, Batch& batch) {
    batch.clear();
    dom::element root;
    if (const auto error = impl_->parser.parse(text.data(), text.size()).get(root);
        error != simdjson::SUCCESS) {
        return fail(ErrorCode::invalid_argument,
                    std::string("the text is no JSON: ") + simdjson::error_message(error));
    }
    try {
        read_request(to_object(root, "the request"), names_of(signal), batch);
        return {};
    } catch (const Bad& bad) {
        batch.clear();
        return fail(ErrorCode::invalid_argument, "no OTLP JSON request: " + bad.why);
    }
}

}  // namespace homeostat::ingest
