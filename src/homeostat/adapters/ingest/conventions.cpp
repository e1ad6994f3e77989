// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/conventions.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace homeostat::ingest {
namespace {

using model::MetricKind;

constexpr std::string_view kPeerService = "peer.service";
constexpr std::string_view kPeerName = "service.peer.name";
constexpr std::string_view kHttpStatus = "http.response.status_code";
constexpr std::string_view kOldHttpStatus = "http.status_code";
constexpr std::string_view kGrpcStatus = "rpc.grpc.status_code";

constexpr double kToPercent = 100;
constexpr double kToMegabytes = 1e-6;

constexpr auto kRules = std::to_array<MetricRule>({
    {"process.cpu.time", MetricKind::cpu_pct, 1, true},
    {"container.cpu.time", MetricKind::cpu_pct, 1, true},
    {"k8s.pod.cpu.time", MetricKind::cpu_pct, 1, true},
    {"jvm.cpu.time", MetricKind::cpu_pct, 1, true},
    {"container.cpu.usage.total", MetricKind::cpu_pct, 1e-9, true},  // the Docker receiver: nanoseconds
    {"process.cpu.utilization", MetricKind::cpu_pct, kToPercent},
    {"container.cpu.usage", MetricKind::cpu_pct, kToPercent},
    {"container.cpu.utilization", MetricKind::cpu_pct, kToPercent},
    {"k8s.pod.cpu.usage", MetricKind::cpu_pct, kToPercent},
    {"process.memory.usage", MetricKind::mem_mb, kToMegabytes},
    {"process.memory.physical_usage", MetricKind::mem_mb, kToMegabytes},
    {"container.memory.usage.total", MetricKind::mem_mb, kToMegabytes},
    {"http.server.active_requests", MetricKind::in_flight, 1},
    {"k8s.container.restarts", MetricKind::restarts, 1, true},
    {"container.restarts", MetricKind::restarts, 1, true},
});

/// gRPC statuses that are the server's fault, as OpenTelemetry lists them: UNKNOWN, DEADLINE_EXCEEDED,
/// UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
bool is_server_fault(std::int64_t grpc_status) {
    constexpr auto kFaults = std::to_array<std::int64_t>({2, 4, 12, 13, 14, 15});
    return std::ranges::find(kFaults, grpc_status) != kFaults.end();
}

std::int64_t whole_number(const Attribute& attribute) {
    if (attribute.number) return *attribute.number;
    std::int64_t value = 0;
    std::from_chars(attribute.text.data(), attribute.text.data() + attribute.text.size(), value);
    return value;
}

}  // namespace

std::uint64_t span_id_of(std::string_view bytes) {
    std::uint64_t id = 0;
    if (bytes.size() != sizeof id) return 0;
    std::memcpy(&id, bytes.data(), sizeof id);
    return std::endian::native == std::endian::little ? __builtin_bswap64(id) : id;
}

void ResourceDraft::apply(const Attribute& attribute) {
    if (attribute.key == "service.name") resource_.service = attribute.text;
    if (attribute.key == "service.instance.id") resource_.instance = attribute.text;
    if (attribute.key == "service.version") resource_.version = attribute.text;
    if (attribute.key == "host.name") host_ = attribute.text;
}

model::Resource ResourceDraft::finish() const {
    auto out = resource_;
    if (out.instance.empty()) out.instance = host_;
    return out;
}

void SpanDraft::set_trace_id(std::string_view bytes) {
    if (bytes.size() == view.trace_id.size()) std::memcpy(view.trace_id.data(), bytes.data(), bytes.size());
}

void SpanDraft::set_kind(std::int64_t kind) {
    constexpr auto kLast = static_cast<std::int64_t>(model::SpanKind::consumer);
    if (kind >= 0 && kind <= kLast) view.kind = static_cast<model::SpanKind>(kind);
}

bool SpanDraft::wants(std::string_view key) {
    constexpr std::uint64_t kLengths = 1U << kPeerService.size() | 1U << kPeerName.size() |
                                       1U << kHttpStatus.size() | 1U << kOldHttpStatus.size() |
                                       1U << kGrpcStatus.size();
    return key.size() < 64 && (kLengths >> key.size() & 1U) != 0;
}

void SpanDraft::apply(const Attribute& attribute) {
    if (!wants(attribute.key)) return;
    if (attribute.key == kPeerService || attribute.key == kPeerName) view.peer_service = attribute.text;
    if (attribute.key == kHttpStatus || attribute.key == kOldHttpStatus)
        http_status_ = whole_number(attribute);
    if (attribute.key == kGrpcStatus) grpc_status_ = whole_number(attribute);
}

const model::SpanView& SpanDraft::finish() {
    constexpr int kOk = 1;
    constexpr int kError = 2;
    view.error = status_code == kError ||
                 (status_code != kOk && (http_status_ >= 500 || is_server_fault(grpc_status_)));
    return view;
}

std::optional<MetricRule> rule_of(std::string_view metric_name) {
    const auto* rule = std::ranges::find(kRules, metric_name, &MetricRule::name);
    if (rule != kRules.end()) return *rule;
    if (metric_name.ends_with(".memory.working_set")) {
        return MetricRule{metric_name, MetricKind::mem_mb, kToMegabytes};
    }
    return std::nullopt;
}

void MetricDraft::add(const Point& point, Batch& batch) {
    if (sum_ && sum_->at != point.at) finish(batch);
    if (!sum_) sum_ = Point{.start = point.start, .at = point.at};
    if (!point.idle) sum_->value += point.value;
}

void MetricDraft::finish(Batch& batch) {
    if (!sum_) return;
    model::MetricView view{.resource = resource_,
                           .kind = rule_.kind,
                           .at = sum_->at,
                           .value = sum_->value * rule_.scale,
                           .cumulative = rule_.counts && temporality_ != Temporality::delta};
    const auto elapsed = sum_->at - sum_->start;
    sum_.reset();
    if (temporality_ == Temporality::delta && rule_.kind == MetricKind::cpu_pct) {
        if (elapsed <= Duration::zero()) {
            ++batch.ignored;
            return;
        }
        view.value *= kToPercent / std::chrono::duration<double>(elapsed).count();
    }
    batch.metrics.push_back(view);
}

bool names_idle_cpu(const Attribute& attribute) {
    const bool is_mode =
        attribute.key == "cpu.mode" || attribute.key == "state" || attribute.key == "process.cpu.state";
    return is_mode && (attribute.text == "wait" || attribute.text == "idle");
}

}  // namespace homeostat::ingest
