// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "homeostat/adapters/ingest/batch.h"
#include "homeostat/model/signal.h"

/// OpenTelemetry's semantic conventions, as far as we use them: one place for both encodings of OTLP.
namespace homeostat::ingest {

/// An attribute with a text or a whole number; other values are not used by any convention here.
struct Attribute {
    std::string_view key;
    std::string_view text;
    std::optional<std::int64_t> number;
};

/// A time stamp as OTLP has it. What does not fit becomes the last instant, which no gate lets through.
[[nodiscard]] inline EventTime event_time(std::uint64_t unix_nanos) {
    constexpr std::uint64_t kLast = std::numeric_limits<std::int64_t>::max();
    return EventTime(Duration(static_cast<std::int64_t>(unix_nanos < kLast ? unix_nanos : kLast)));
}

/// An id of 8 bytes in network order; other lengths give 0, which stands for "none".
[[nodiscard]] std::uint64_t span_id_of(std::string_view bytes);

class ResourceDraft {
public:
    void apply(const Attribute& attribute);
    [[nodiscard]] model::Resource finish() const;

private:
    model::Resource resource_;
    std::string_view host_;
};

class SpanDraft {
public:
    explicit SpanDraft(const model::Resource& resource) { view.resource = resource; }

    model::SpanView view;
    int status_code = 0;  // OTLP: 0 unset, 1 ok, 2 error

    void set_trace_id(std::string_view bytes);
    void set_kind(std::int64_t kind);
    /// Whether apply() may have a use for the attribute; cheap, and true for a few that it has none for.
    [[nodiscard]] static bool wants(std::string_view key);
    void apply(const Attribute& attribute);
    /// The view, with `error` worked out from the statuses.
    [[nodiscard]] const model::SpanView& finish();

private:
    std::int64_t http_status_ = 0;
    std::int64_t grpc_status_ = 0;
};

/// What a metric of a known name means to us.
struct MetricRule {
    std::string_view name;
    model::MetricKind kind;
    double scale;         // to per cent, megabytes (10^6 bytes) or a number
    bool counts = false;  // grows since process start: seconds of CPU, restarts
};
[[nodiscard]] std::optional<MetricRule> rule_of(std::string_view metric_name);

enum class Temporality : std::uint8_t { none, delta, cumulative };  // none: a gauge

struct Point {
    EventTime start{};
    EventTime at{};
    double value = 0;
    bool idle = false;  // CPU time of a mode in which the CPU did nothing for the process
};

/// Turns the points of one metric into views. Points of one instant are parts of one value (user and
/// system CPU time, requests by method) and are added up.
class MetricDraft {
public:
    MetricDraft(const model::Resource& resource, const MetricRule& rule, Temporality temporality)
        : resource_(resource), rule_(rule), temporality_(temporality) {}

    void add(const Point& point, Batch& batch);
    void finish(Batch& batch);

private:
    model::Resource resource_;
    MetricRule rule_;
    Temporality temporality_;
    std::optional<Point> sum_;
};

/// Whether an attribute of a CPU data point names a mode that is no use of the CPU.
[[nodiscard]] bool names_idle_cpu(const Attribute& attribute);

}  // namespace homeostat::ingest
