// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/telemetry.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <fstream>
#include <protozero/pbf_writer.hpp>

namespace homeostat::shop {
namespace {

using protozero::pbf_writer;

// Numbers of opentelemetry/proto/{common,resource,trace,metrics,logs}/v1, by message.
namespace request {
constexpr std::uint32_t kResourceItems = 1;
}
namespace resource_items {
constexpr std::uint32_t kResource = 1;
constexpr std::uint32_t kScopeItems = 2;
}  // namespace resource_items
namespace scope_items {
constexpr std::uint32_t kItems = 2;
}
namespace resource {
constexpr std::uint32_t kAttributes = 1;
}
namespace key_value {
constexpr std::uint32_t kKey = 1;
constexpr std::uint32_t kValue = 2;
}  // namespace key_value
namespace any_value {
constexpr std::uint32_t kString = 1;
constexpr std::uint32_t kInt = 3;
}  // namespace any_value
namespace span {
constexpr std::uint32_t kTraceId = 1;
constexpr std::uint32_t kSpanId = 2;
constexpr std::uint32_t kParentSpanId = 4;
constexpr std::uint32_t kName = 5;
constexpr std::uint32_t kKind = 6;
constexpr std::uint32_t kStart = 7;
constexpr std::uint32_t kEnd = 8;
constexpr std::uint32_t kAttributes = 9;
constexpr std::uint32_t kStatus = 15;
constexpr std::uint32_t kStatusCode = 3;
constexpr int kServer = 2;
constexpr int kClient = 3;
constexpr int kStatusError = 2;
}  // namespace span
namespace log {
constexpr std::uint32_t kTime = 1;
constexpr std::uint32_t kSeverityNumber = 2;
constexpr std::uint32_t kSeverityText = 3;
constexpr std::uint32_t kBody = 5;
}  // namespace log
namespace metric {
constexpr std::uint32_t kName = 1;
constexpr std::uint32_t kUnit = 3;
constexpr std::uint32_t kSum = 7;
constexpr std::uint32_t kPoints = 1;
constexpr std::uint32_t kTemporality = 2;
constexpr std::uint32_t kMonotonic = 3;
constexpr std::uint32_t kPointStart = 2;
constexpr std::uint32_t kPointTime = 3;
constexpr std::uint32_t kPointDouble = 4;
constexpr int kCumulative = 2;
}  // namespace metric

constexpr std::string_view kHexDigits = "0123456789abcdef";

std::uint64_t nanoseconds(EventTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

void add_attribute(pbf_writer& parent, std::uint32_t tag, std::string_view key, std::string_view value) {
    pbf_writer pair(parent, tag);
    pair.add_string(key_value::kKey, key.data(), key.size());
    pbf_writer any(pair, key_value::kValue);
    any.add_string(any_value::kString, value.data(), value.size());
}

void add_attribute(pbf_writer& parent, std::uint32_t tag, std::string_view key, std::int64_t value) {
    pbf_writer pair(parent, tag);
    pair.add_string(key_value::kKey, key.data(), key.size());
    pbf_writer any(pair, key_value::kValue);
    any.add_int64(any_value::kInt, value);
}

/// All three requests have the same shell: a resource, a scope, and items that `add_items` writes.
template <class AddItems>
std::string encode(const Identity& identity, AddItems add_items) {
    std::string bytes;
    pbf_writer whole(bytes);
    pbf_writer items(whole, request::kResourceItems);
    {
        pbf_writer who(items, resource_items::kResource);
        add_attribute(who, resource::kAttributes, "service.name", identity.service);
        add_attribute(who, resource::kAttributes, "service.instance.id", identity.instance);
        add_attribute(who, resource::kAttributes, "service.version", identity.version);
        for (const auto& [key, value] : identity.attributes)
            add_attribute(who, resource::kAttributes, key, value);
    }
    pbf_writer scope(items, resource_items::kScopeItems);
    add_items(scope);
    return bytes;
}

/// An id as the eight bytes of the wire, most significant first.
std::string big_endian(std::uint64_t id) {
    std::string bytes(8, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(id >> (56 - 8 * i));
    return bytes;
}

void add_span(pbf_writer& scope, const SpanRecord& record) {
    pbf_writer message(scope, scope_items::kItems);
    const auto& trace = record.context.trace;
    message.add_bytes(span::kTraceId, reinterpret_cast<const char*>(trace.data()), trace.size());
    message.add_bytes(span::kSpanId, big_endian(record.context.span));
    if (record.parent != 0) message.add_bytes(span::kParentSpanId, big_endian(record.parent));
    message.add_string(span::kName, "GET " + record.route);
    message.add_enum(span::kKind, record.peer.empty() ? span::kServer : span::kClient);
    message.add_fixed64(span::kStart, nanoseconds(record.start));
    message.add_fixed64(span::kEnd, nanoseconds(record.end));
    add_attribute(message, span::kAttributes, "http.request.method", "GET");
    add_attribute(message, span::kAttributes, "http.route", record.route);
    if (!record.peer.empty()) add_attribute(message, span::kAttributes, "peer.service", record.peer);
    if (record.status != 0) {
        add_attribute(message, span::kAttributes, "http.response.status_code", std::int64_t{record.status});
    }
    if (record.status == 0 || record.status >= 500) {
        pbf_writer status(message, span::kStatus);
        status.add_enum(span::kStatusCode, span::kStatusError);
    }
}

struct Sum {
    std::string_view name;
    std::string_view unit;
    double value = 0;
    bool monotonic = false;
};

void add_sum(pbf_writer& scope, const Sum& sum, EventTime started, EventTime at) {
    pbf_writer message(scope, scope_items::kItems);
    message.add_string(metric::kName, sum.name.data(), sum.name.size());
    message.add_string(metric::kUnit, sum.unit.data(), sum.unit.size());
    pbf_writer body(message, metric::kSum);
    {
        pbf_writer point(body, metric::kPoints);
        point.add_fixed64(metric::kPointStart, nanoseconds(started));
        point.add_fixed64(metric::kPointTime, nanoseconds(at));
        point.add_double(metric::kPointDouble, sum.value);
    }
    body.add_enum(metric::kTemporality, metric::kCumulative);
    body.add_bool(metric::kMonotonic, sum.monotonic);
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::string hex(std::uint64_t value) {
    std::string text(16, '0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = kHexDigits[(value >> (60 - 4 * i)) & 15U];
    return text;
}

std::uint64_t half(const TraceId& id, std::size_t offset) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8U | id[offset + i];
    return value;
}

}  // namespace

// "00-" 32 hex digits of the trace "-" 16 of the span "-" 2 of flags.
std::string to_traceparent(const TraceContext& context) {
    return "00-" + hex(half(context.trace, 0)) + hex(half(context.trace, 8)) + "-" + hex(context.span) +
           "-01";
}

std::optional<TraceContext> parse_traceparent(std::string_view header) {
    if (header.size() != 55 || !header.starts_with("00-") || header[35] != '-' || header[52] != '-') {
        return std::nullopt;
    }
    const auto high = parse_hex(header.substr(3, 16));
    const auto low = parse_hex(header.substr(19, 16));
    const auto span = parse_hex(header.substr(36, 16));
    if (!high || !low || !span || (*high == 0 && *low == 0) || *span == 0) return std::nullopt;
    TraceContext context{.span = *span};
    for (std::size_t i = 0; i < 8; ++i) {
        context.trace[i] = static_cast<std::uint8_t>(*high >> (56 - 8 * i));
        context.trace[8 + i] = static_cast<std::uint8_t>(*low >> (56 - 8 * i));
    }
    return context;
}

std::string encode_spans(const Identity& identity, std::span<const SpanRecord> spans) {
    return encode(identity, [&](pbf_writer& scope) {
        for (const auto& record : spans) add_span(scope, record);
    });
}

std::string encode_logs(const Identity& identity, std::span<const LogRecord> logs) {
    return encode(identity, [&](pbf_writer& scope) {
        for (const auto& record : logs) {
            pbf_writer message(scope, scope_items::kItems);
            message.add_fixed64(log::kTime, nanoseconds(record.at));
            message.add_enum(log::kSeverityNumber, record.error ? 17 : 9);
            message.add_string(log::kSeverityText, record.error ? "ERROR" : "INFO");
            pbf_writer body(message, log::kBody);
            body.add_string(any_value::kString, record.body);
        }
    });
}

std::string encode_reading(const Identity& identity, EventTime started, const ProcessReading& reading) {
    return encode(identity, [&](pbf_writer& scope) {
        add_sum(scope, {"process.cpu.time", "s", reading.cpu_seconds, true}, started, reading.at);
        add_sum(scope, {"process.memory.usage", "By", static_cast<double>(reading.resident_bytes), false},
                started, reading.at);
        add_sum(
            scope,
            {"http.server.active_requests", "{request}", static_cast<double>(reading.active_requests), false},
            started, reading.at);
    });
}

ProcessReading read_process() {
    timespec cpu{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    std::int64_t size_pages = 0;
    std::int64_t resident_pages = 0;
    std::ifstream("/proc/self/statm") >> size_pages >> resident_pages;
    return {.at = wall_now(),
            .cpu_seconds = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9,
            .resident_bytes = resident_pages * ::sysconf(_SC_PAGESIZE)};
}

EventTime wall_now() {
    return EventTime{std::chrono::system_clock::now().time_since_epoch()};
}

}  // namespace homeostat::shop
