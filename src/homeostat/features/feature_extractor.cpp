// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/feature_extractor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace homeostat::features {

namespace {

constexpr std::size_t kMaxVersions = 64;  // known of one service at once
constexpr int kErrorSeverity = 17;        // OpenTelemetry's ERROR
constexpr std::uint16_t kFirstServerError = 500;

Second seconds_of(Duration duration) {
    return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

Result<> validate(const FeatureConfig& config) {
    // Two places are left for the second that `now` is in and for the rounding of the sum.
    constexpr auto kSpanMax = std::chrono::seconds{OpenWindows::kPlaces - 2};
    if (config.allowed_lateness < Duration{} || config.max_ahead < Duration{} ||
        config.allowed_lateness + config.max_ahead > kSpanMax) {
        return fail(ErrorCode::invalid_argument,
                    "features: allowed_lateness and max_ahead must be positive and at most 14s together");
    }
    if (config.stale_after < std::chrono::seconds{1} || config.forget_after <= config.stale_after) {
        return fail(ErrorCode::invalid_argument,
                    "features: stale_after must be at least 1s, and forget_after longer than it");
    }
    if (config.max_subjects == 0) {
        return fail(ErrorCode::invalid_argument, "features: max_subjects must be at least 1");
    }
    constexpr std::uint32_t kMaxJoinEntries = 1U << 22U;
    if (!std::has_single_bit(config.join_entries) || config.join_entries > kMaxJoinEntries) {
        return fail(ErrorCode::invalid_argument,
                    "features: join_entries must be a power of two of at most 4194304");
    }
    return {};
}

bool usable(double reading) {
    return std::isfinite(reading) && reading >= 0;
}

}  // namespace

void FeatureConfig::check(Findings& findings) const {
    if (forget_after <= stale_after) {
        findings.report("forget_after", "must be longer than stale_after", "choose a longer time");
    }
    if (!std::has_single_bit(join_entries)) {
        findings.report("join_entries", "must be a power of two", "write one, such as 65536");
    }
}

Result<FeatureExtractor> FeatureExtractor::create(const FeatureConfig& config, EventTime now) {
    if (auto valid = validate(config); !valid) return std::unexpected(std::move(valid).error());
    return FeatureExtractor(config, now);
}

FeatureExtractor::FeatureExtractor(const FeatureConfig& config, EventTime now)
    : config_(config),
      now_(now),
      next_(second_of(now - config.allowed_lateness)),
      stale_after_(seconds_of(config.stale_after)),
      forget_after_(seconds_of(config.forget_after)),
      joiner_(config.join_entries) {}

std::optional<Second> FeatureExtractor::admit(EventTime at) {
    if (at > now_ + config_.max_ahead) {
        ++counters_.dropped_ahead;
        return std::nullopt;
    }
    const auto second = second_of(at);
    if (second < next_) {
        ++counters_.dropped_late;
        return std::nullopt;
    }
    return second;
}

bool FeatureExtractor::find_source(const model::Resource& resource, Second second) {
    const auto& last = last_source_;
    if (last.service != nullptr && last.service->name == resource.service &&
        last.instance_name == resource.instance) {
        return true;
    }
    auto service = services_.find(resource.service);
    const bool known = service != services_.end();
    auto* instances = known ? &service->second.instances : nullptr;
    auto instance = known ? instances->find(resource.instance) : ByName<Instance>::iterator{};
    if (!known || instance == instances->end()) {
        const std::uint64_t more = known ? 1 : 2;
        if (counters_.subjects + more > config_.max_subjects) {
            ++counters_.refused_subjects;
            return false;
        }
        counters_.subjects += more;
        if (!known) {
            service = services_.try_emplace(std::string(resource.service)).first;
            service->second.name = resource.service;
            service->second.last_reported = second;
        }
        instance = service->second.instances.try_emplace(std::string(resource.instance)).first;
        instance->second.last_reported = second;
    }
    last_source_ = {&service->second, &instance->second, instance->first};
    return true;
}

WindowAccumulator* FeatureExtractor::report(const model::Resource& resource, EventTime at) {
    const auto second = admit(at);
    if (!second || !find_source(resource, *second)) return nullptr;
    auto& window = last_source_.instance->windows.at(*second, pool_);
    if (!resource.version.empty()) note_version(window, resource.version, at);
    return &window;
}

void FeatureExtractor::note_version(WindowAccumulator& window, std::string_view version, EventTime at) {
    auto& service = *last_source_.service;
    if (window.version) {
        const auto& known = service.versions[*window.version].name;
        if (known == version) {
            window.version_at = std::max(window.version_at, at);
            return;
        }
        if (at < window.version_at || (at == window.version_at && version < known)) return;
    }
    if (const auto slot = version_slot(service, version)) {
        window.version = slot;
        window.version_at = at;
    }
}

std::optional<std::uint16_t> FeatureExtractor::version_slot(Service& service, std::string_view version) {
    auto& versions = service.versions;
    const auto known = std::ranges::find(versions, version, &KnownVersion::name);
    if (known != versions.end()) return static_cast<std::uint16_t>(known - versions.begin());
    if (versions.size() < kMaxVersions) {
        versions.push_back({std::string(version), std::nullopt});
        return static_cast<std::uint16_t>(versions.size() - 1);
    }
    // The place of a version that nobody reports any more; one that is in an open window is not.
    for (std::uint16_t i = 0; i < kMaxVersions; ++i) {
        const auto last = versions[i].last_reported;
        const bool in_use = !last || *last + static_cast<Second>(OpenWindows::kPlaces) > next_;
        if (in_use || service.current_version == i) continue;
        for (auto& [name, instance] : service.instances) {
            if (instance.version == i) instance.version.reset();
        }
        versions[i] = {std::string(version), std::nullopt};
        return i;
    }
    ++counters_.refused_subjects;
    return std::nullopt;
}

void FeatureExtractor::on_span(const model::SpanView& span) {
    using model::SpanKind;
    ++counters_.spans;
    auto* window = report(span.resource, span.end);
    if (window == nullptr) return;
    const Call call{.end = span.end, .latency = span.end - span.start, .error = span.error};
    const bool entry = span.kind == SpanKind::server || span.kind == SpanKind::consumer;
    if (entry) {
        ++window->requests;
        if (span.error) ++window->errors;
        window->add_latency(call.latency);
    }
    const bool exit = span.kind == SpanKind::client || span.kind == SpanKind::producer;
    if (exit && !span.peer_service.empty()) {
        count_call(*last_source_.service, span.peer_service, call, false);
        return;  // its server span finds no parent, so that the call is counted once
    }
    if (entry && span.parent_span_id != 0) join_parent(span, call);
    auto* caller = last_source_.service;
    if (const auto side = joiner_.parent(span.span_id, caller)) {
        count_call(*caller, side->callee->name,
                   {.end = side->end, .latency = side->latency, .error = side->error}, true);
    }
}

void FeatureExtractor::join_parent(const model::SpanView& span, const Call& call) {
    auto* callee = last_source_.service;
    auto* caller =
        joiner_.child(span.parent_span_id,
                      {.callee = callee, .end = call.end, .latency = call.latency, .error = call.error});
    if (caller != nullptr) count_call(*caller, callee->name, call, true);
}

void FeatureExtractor::count_call(Service& caller, std::string_view callee, const Call& call,
                                  bool by_callee) {
    if (callee == caller.name) return;
    const auto second = admit(call.end);  // a child that waited for its parent may be late by now
    if (!second) return;
    auto edge = caller.edges.find(callee);
    if (edge == caller.edges.end()) {
        if (counters_.subjects >= config_.max_subjects) {
            ++counters_.refused_subjects;
            return;
        }
        ++counters_.subjects;
        edge = caller.edges.try_emplace(std::string(callee)).first;
        edge->second.last_reported = edge->second.last_fresh = *second;
    }
    (by_callee ? edge->second.counted_by_callee : edge->second.counted_by_caller) = true;
    auto& window = edge->second.windows.at(*second, pool_);
    ++window.requests;
    if (call.error) ++window.errors;
    window.add_latency(call.latency);
}

void FeatureExtractor::on_metric(const model::MetricView& metric) {
    using model::MetricKind;
    ++counters_.metrics;
    if (!usable(metric.value)) {
        ++counters_.dropped_invalid;
        return;
    }
    auto* window = report(metric.resource, metric.at);
    if (window == nullptr) return;
    const CounterReading reading{metric.at, metric.value};
    switch (metric.kind) {
        case MetricKind::cpu_pct:
            if (metric.cumulative)
                keep_newest(window->cpu_seconds, reading);
            else
                window->cpu_pct.add(metric.value);
            break;
        case MetricKind::mem_mb: window->mem_mb = std::max(window->mem_mb.value_or(0), metric.value); break;
        case MetricKind::restarts:
            if (metric.cumulative)
                keep_newest(window->restarts_total, reading);
            else
                window->restarts += static_cast<std::uint64_t>(std::min(metric.value, 1e6));
            break;
        case MetricKind::in_flight: window->in_flight.add(metric.value); break;
    }
}

void FeatureExtractor::on_log(const model::LogView& log) {
    ++counters_.logs;
    auto* window = report(log.resource, log.at);
    if (window == nullptr) return;
    if (log.severity >= kErrorSeverity) ++window->error_logs;
    if (last_source_.service->templates.learn(log.body)) ++window->new_templates;
}

void FeatureExtractor::on_event(const model::ServiceEvent& event) {
    ++counters_.events;
    const model::Resource resource{.service = event.service,
                                   .version = event.deployment_version.value_or(std::string_view{})};
    auto* window = report(resource, event.at);
    if (window == nullptr) return;
    window->requests += std::max(event.statuses.size(), event.latencies_ms.size());
    for (const auto status : event.statuses) {
        if (status >= kFirstServerError) ++window->errors;
    }
    for (const auto latency_ms : event.latencies_ms) {
        if (usable(latency_ms)) {
            constexpr double kLongestMs = 3.6e6;
            window->add_latency(
                Duration{std::llround(std::min(latency_ms, kLongestMs) * kNanosecondsPerMillisecond)});
        } else {
            ++counters_.dropped_invalid;
        }
    }
    if (usable(event.cpu_percent)) window->cpu_pct.add(event.cpu_percent);
    if (usable(event.memory_mb)) window->mem_mb = std::max(window->mem_mb.value_or(0), event.memory_mb);
}

std::vector<model::ChangeEvent> FeatureExtractor::take_changes() {
    return std::exchange(changes_, {});
}

FeatureCounters FeatureExtractor::counters() const {
    auto counters = counters_;
    counters.windows_in_memory = pool_.allocated();
    return counters;
}

}  // namespace homeostat::features
