// SPDX-License-Identifier: Apache-2.0
#include "homeostat/telemetry/gate.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <utility>

#include "homeostat/base/hash.h"

namespace homeostat::telemetry {
namespace {

constexpr int kSeverityMax = 24;  // OpenTelemetry's FATAL4

// One seed a kind of record, so that a metric and a log never share a fingerprint.
enum class Seed : std::uint64_t { span = 1, metric, log, event };

bool same_bytes(std::string_view a, std::string_view b) {
    return a.data() == b.data() && a.size() == b.size();
}

template <class T>
std::string_view bytes_of(std::span<const T> values) {
    return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::uint64_t hash_words(std::span<const std::uint64_t> words, std::uint64_t seed) {
    return hash64(bytes_of(words), seed);
}

std::uint64_t word(EventTime at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

std::uint64_t fingerprint(const model::SpanView& span) {
    std::array<std::uint64_t, 4> words{0, 0, span.span_id, static_cast<std::uint64_t>(span.kind)};
    std::memcpy(words.data(), span.trace_id.data(), span.trace_id.size());
    return hash_words(words, static_cast<std::uint64_t>(Seed::span));
}

std::uint64_t fingerprint(const model::MetricView& metric, std::uint64_t resource) {
    return hash_words(
        std::array{word(metric.at), std::bit_cast<std::uint64_t>(metric.value),
                   static_cast<std::uint64_t>(metric.kind), static_cast<std::uint64_t>(Seed::metric)},
        resource);
}

std::uint64_t fingerprint(const model::LogView& log, std::uint64_t resource) {
    return hash_words(std::array{word(log.at), static_cast<std::uint64_t>(log.severity), hash64(log.body),
                                 static_cast<std::uint64_t>(Seed::log)},
                      resource);
}

std::uint64_t fingerprint(const model::ServiceEvent& event, std::uint64_t resource) {
    return hash_words(
        std::array{word(event.at), std::bit_cast<std::uint64_t>(event.cpu_percent),
                   std::bit_cast<std::uint64_t>(event.memory_mb), hash64(bytes_of(event.latencies_ms)),
                   hash64(bytes_of(event.statuses)), static_cast<std::uint64_t>(Seed::event)},
        resource);
}

bool is_plain_text(std::string_view name) {
    bool is_ascii = true;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ' || byte == 0x7f) return false;
        is_ascii &= byte < 0x80;
    }
    return is_ascii || simdjson::validate_utf8(name);
}

bool is_zero(const std::array<std::uint8_t, 16>& id) {
    return std::ranges::all_of(id, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

Gate::Gate(GateConfig config, model::SignalSink& sink)
    : config_(config), sink_(sink), seen_(config.seen), quarantine_(config.quarantine_max) {}

void Gate::begin(EventTime now, std::string_view source) {
    now_ = now;
    source_ = source;
    seen_.advance(now);
    admitted_ = {};
    tally_.accepted = tally_.duplicates = tally_.quarantined = 0;
    tally_.first_reason.clear();
}

bool Gate::reject(QuarantineReason reason, std::string_view what, std::string_view value) {
    ++tally_.quarantined;
    const bool first = tally_.first_reason.empty();
    if (!first && !quarantine_.has_room()) {
        quarantine_.count(reason);
        return false;
    }
    auto text = fmt::format("{}: {} is {}", to_string(reason), what, value.empty() ? "missing" : value);
    if (first) tally_.first_reason = text;
    quarantine_.add(
        {.reason = reason,
         .text = std::move(text),
         .source = std::string(source_),
         .excerpt = excerpt_of(fmt::format("service={} {}={}", service_.substr(0, kNameMax), what, value)),
         .at = now_});
    return false;
}

bool Gate::admits_name(std::string_view what, std::string_view name) {
    if (name.size() > kNameMax) {
        return reject(QuarantineReason::bad_name, what, fmt::format("{} bytes long", name.size()));
    }
    return is_plain_text(name) || reject(QuarantineReason::bad_name, what, excerpt_of(name));
}

bool Gate::admits(const model::Resource& resource) {
    service_ = resource.service;
    if (same_bytes(resource.service, admitted_.service) &&
        same_bytes(resource.instance, admitted_.instance) &&
        same_bytes(resource.version, admitted_.version) && !resource.service.empty()) {
        return true;
    }
    if (resource.service.empty()) return reject(QuarantineReason::missing_service, "service.name", "");
    if (!admits_name("service.name", resource.service) ||
        !admits_name("service.instance.id", resource.instance) ||
        !admits_name("service.version", resource.version)) {
        return false;
    }
    admitted_ = resource;
    admitted_hash_ = hash64(resource.instance, hash64(resource.service));
    return true;
}

bool Gate::admits_time(std::string_view what, EventTime at) {
    if (at <= EventTime{}) return reject(QuarantineReason::missing_time, what, "");
    if (at > now_ + config_.future_max) {
        return reject(QuarantineReason::from_the_future, what,
                      fmt::format("{}, now is {}", format_rfc3339(at), format_rfc3339(now_)));
    }
    return true;
}

bool Gate::admits_number(std::string_view what, double value) {
    if (!std::isfinite(value)) return reject(QuarantineReason::not_finite, what, fmt::format("{}", value));
    if (value < 0) return reject(QuarantineReason::negative, what, fmt::format("{}", value));
    return value <= kValueMax || reject(QuarantineReason::absurd_value, what, fmt::format("{}", value));
}

bool Gate::admits_values(const model::ServiceEvent& event) {
    if (event.latencies_ms.size() > kEventValuesMax || event.statuses.size() > kEventValuesMax) {
        return reject(QuarantineReason::absurd_value, "the number of latencies or responses",
                      fmt::format("{}", std::max(event.latencies_ms.size(), event.statuses.size())));
    }
    for (const double latency : event.latencies_ms) {
        if (!admits_number("latencies_ms", latency)) return false;
    }
    for (const auto status : event.statuses) {
        if (status < 100 || status > 599) {
            return reject(QuarantineReason::bad_status, "responses.status", fmt::format("{}", status));
        }
    }
    return admits_number("cpu_percent", event.cpu_percent) && admits_number("memory_mb", event.memory_mb);
}

bool Gate::is_new(std::uint64_t fingerprint) {
    if (seen_.insert(fingerprint)) {
        ++tally_.accepted;
        return true;
    }
    ++tally_.duplicates;
    ++counters_.duplicates;
    return false;
}

void Gate::on_spans(std::span<const model::SpanView> spans) {
    constexpr std::size_t kAhead = 16;
    std::array<std::uint64_t, kAhead> fingerprints{};
    for (std::size_t i = 0; i < spans.size() + kAhead; ++i) {
        auto& place = fingerprints[i % kAhead];
        if (i >= kAhead) pass(spans[i - kAhead], place);
        if (i >= spans.size()) continue;
        place = fingerprint(spans[i]);
        seen_.expect(place);
    }
}

void Gate::on_span(const model::SpanView& span) {
    pass(span, fingerprint(span));
}

void Gate::pass(const model::SpanView& span, std::uint64_t fingerprint) {
    if (!admits(span.resource)) return;
    if (is_zero(span.trace_id)) return void(reject(QuarantineReason::missing_id, "trace_id", ""));
    if (span.span_id == 0) return void(reject(QuarantineReason::missing_id, "span_id", ""));
    if (!admits_time("start_time", span.start) || !admits_time("end_time", span.end)) return;
    if (span.end < span.start) {
        return void(reject(QuarantineReason::ends_before_start, "end_time",
                           fmt::format("{} before the start", format_duration(span.start - span.end))));
    }
    if (span.end - span.start > kSpanMax) {
        return void(reject(QuarantineReason::absurd_value, "the span's duration",
                           format_duration(span.end - span.start)));
    }
    if (!span.peer_service.empty() && !admits_name("peer.service", span.peer_service)) return;
    if (!is_new(fingerprint)) return;
    ++counters_.spans;
    sink_.on_span(span);
}

void Gate::on_metric(const model::MetricView& metric) {
    if (!admits(metric.resource) || !admits_time("time", metric.at) || !admits_number("value", metric.value))
        return;
    if (!is_new(fingerprint(metric, admitted_hash_))) return;
    ++counters_.metrics;
    sink_.on_metric(metric);
}

void Gate::on_log(const model::LogView& log) {
    if (!admits(log.resource) || !admits_time("time", log.at)) return;
    if (log.severity < 0 || log.severity > kSeverityMax) {
        return void(
            reject(QuarantineReason::absurd_value, "severity_number", fmt::format("{}", log.severity)));
    }
    auto cut = log;
    cut.body = log.body.substr(0, kBodyMax);
    if (!is_new(fingerprint(cut, admitted_hash_))) return;
    ++counters_.logs;
    sink_.on_log(cut);
}

void Gate::on_event(const model::ServiceEvent& event) {
    const model::Resource resource{.service = event.service,
                                   .instance = {},
                                   .version = event.deployment_version.value_or(std::string_view{})};
    if (!admits(resource) || !admits_time("timestamp", event.at) || !admits_values(event)) return;
    if (!is_new(fingerprint(event, admitted_hash_))) return;
    ++counters_.events;
    sink_.on_event(event);
}

void Gate::on_malformed(std::string_view payload, std::string_view why) {
    ++tally_.quarantined;
    auto text = fmt::format("{}: {}", to_string(QuarantineReason::malformed), why);
    if (tally_.first_reason.empty()) tally_.first_reason = text;
    quarantine_.add({.reason = QuarantineReason::malformed,
                     .text = std::move(text),
                     .source = std::string(source_),
                     .excerpt = excerpt_of(payload),
                     .at = now_});
}

GateCounters Gate::counters() const {
    GateCounters out = counters_;
    out.early_rotations = seen_.early_rotations();
    out.quarantined = quarantine_.counters();
    return out;
}

}  // namespace homeostat::telemetry
