// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "homeostat/base/time.h"

/// What a service of the shop tells about itself, and its OpenTelemetry encoding (OTLP, protobuf).
namespace homeostat::shop {

using TraceId = std::array<std::uint8_t, 16>;

/// Where a request belongs: carried from caller to callee by the header `traceparent` (W3C Trace Context).
struct TraceContext {
    TraceId trace{};
    std::uint64_t span = 0;
};
[[nodiscard]] std::string to_traceparent(const TraceContext& context);
/// nullopt: the header is malformed, so the request starts a trace of its own.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view header);

/// A served request, or one attempt to call somebody.
struct SpanRecord {
    TraceContext context;
    std::uint64_t parent = 0;  // 0: the request came from outside
    EventTime start{};
    EventTime end{};
    std::string route;  // "/checkout"
    std::string peer;   // whom a call went to; empty: a served request
    int status = 0;     // HTTP status; 0: no answer
};

struct LogRecord {
    EventTime at{};
    bool error = false;  // else informational
    std::string body;
};

struct ProcessReading {
    EventTime at{};
    double cpu_seconds = 0;  // since the start of the process
    std::int64_t resident_bytes = 0;
    std::int64_t active_requests = 0;
};
/// Of this process, from the kernel; `active_requests` stays 0.
[[nodiscard]] ProcessReading read_process();

struct Identity {
    std::string service;
    std::string instance;
    std::string version;
    std::vector<std::pair<std::string, std::string>> attributes;  // more of the resource, such as k8s.*
};

/// The bodies of the three Export requests.
[[nodiscard]] std::string encode_spans(const Identity& identity, std::span<const SpanRecord> spans);
[[nodiscard]] std::string encode_logs(const Identity& identity, std::span<const LogRecord> logs);
[[nodiscard]] std::string encode_reading(const Identity& identity, EventTime started,
                                         const ProcessReading& reading);

[[nodiscard]] EventTime wall_now();

}  // namespace homeostat::shop
