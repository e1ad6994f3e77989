// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "homeostat/base/time.h"

/// The telemetry as it arrives, as views into the received bytes: valid only during the call that
/// passes them, so that a span costs no allocation. Names follow OpenTelemetry's semantic conventions.
namespace homeostat::model {

/// Who reports: the attributes of an OpenTelemetry resource that we use.
struct Resource {
    std::string_view service;   // service.name; never empty after validation
    std::string_view instance;  // service.instance.id, else host.name, else empty
    std::string_view version;   // service.version, else empty
};

enum class SpanKind : std::uint8_t { unspecified, internal, server, client, producer, consumer };

struct SpanView {
    Resource resource;
    std::array<std::uint8_t, 16> trace_id{};
    std::uint64_t span_id = 0;
    std::uint64_t parent_span_id = 0;  // 0: a root
    SpanKind kind = SpanKind::unspecified;
    EventTime start{};
    EventTime end{};
    bool error = false;  // status ERROR, HTTP status >= 500, or gRPC status of a server fault
    std::string_view
        peer_service;  // peer.service (or service.peer.name) of a client or producer span, else empty
};

/// The metrics that we know how to use, whatever the exporter calls them.
enum class MetricKind : std::uint8_t { cpu_pct, mem_mb, restarts, in_flight };

struct MetricView {
    Resource resource;
    MetricKind kind = MetricKind::cpu_pct;
    EventTime at{};
    double value = 0;
    bool cumulative = false;  // a counter since process start: cpu seconds, restarts
};

struct LogView {
    Resource resource;
    EventTime at{};
    int severity = 0;  // OpenTelemetry severity number: ERROR starts at 17
    std::string_view body;
};

/// The event of the topic `telemetry.raw` in its JSON form: a service's own summary of a moment.
struct ServiceEvent {
    std::string_view service;
    EventTime at{};
    std::span<const double> latencies_ms;
    std::span<const std::uint16_t> statuses;  // HTTP status of each response
    double cpu_percent = 0;
    double memory_mb = 0;
    std::optional<std::string_view> deployment_version;
};

/// Receives decoded telemetry. Implemented by the feature extractor; decoders call it.
class SignalSink {
public:
    virtual ~SignalSink() = default;
    virtual void on_span(const SpanView& span) = 0;
    virtual void on_metric(const MetricView& metric) = 0;
    virtual void on_log(const LogView& log) = 0;
    virtual void on_event(const ServiceEvent& event) = 0;
};

}  // namespace homeostat::model
