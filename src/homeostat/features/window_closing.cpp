// SPDX-License-Identifier: Apache-2.0
// The half of FeatureExtractor that closes seconds and publishes their windows.
#include <algorithm>

#include "homeostat/features/feature_extractor.h"

namespace homeostat::features {

namespace {

constexpr Duration kPulse = std::chrono::seconds{1};

model::FeatureWindow window_of(model::Subject subject, Second second, Duration length = kPulse) {
    return {.subject = std::move(subject), .end = start_of(second + 1), .length = length};
}

model::FeatureWindow stale_window_of(model::Subject subject, Second second) {
    auto window = window_of(std::move(subject), second);
    window.freshness = model::Freshness::stale;
    return window;
}

double in_flight_of(const WindowAccumulator& window) {
    // Little's law over a second: arrivals × mean latency.
    const auto busy = std::chrono::duration<double>(Duration{window.latency_sum_ns}).count();
    return window.in_flight.mean().value_or(busy);
}

Totals calls_of(const WindowAccumulator& window) {
    return {.seconds = 1,
            .requests = window.requests,
            .errors = window.errors,
            .latency_sum_ns = window.latency_sum_ns,
            .in_flight_sum = in_flight_of(window)};
}

/// The growth of a counter since its reading before; nothing at the first reading and after a reset.
struct Growth {
    std::optional<double> value;
    Duration during{};
    bool reset = false;
};

Growth grow(std::optional<CounterReading>& before, const std::optional<CounterReading>& now) {
    Growth growth;
    if (!now) return growth;
    if (before && now->at > before->at) {
        growth.reset = now->value < before->value;
        growth.during = now->at - before->at;
        if (!growth.reset) growth.value = now->value - before->value;
    }
    before = now;
    return growth;
}

/// The totals of one instance; moves its counters on.
Totals settle(Instance& instance, const WindowAccumulator& window) {
    auto totals = calls_of(window);
    totals.restarts = window.restarts;
    totals.error_logs = window.error_logs;
    totals.new_templates = window.new_templates;
    totals.mem_mb = window.mem_mb;

    auto cpu_pct = window.cpu_pct.mean();
    const auto cpu = grow(instance.cpu_seconds, window.cpu_seconds);
    if (cpu.value) cpu_pct = *cpu.value / std::chrono::duration<double>(cpu.during).count() * 100;
    if (cpu_pct) {
        totals.cpu_pct_sum = *cpu_pct;
        totals.cpu_readings = 1;
    }
    const auto restarts = grow(instance.restarts_total, window.restarts_total);
    if (restarts.value) totals.restarts += static_cast<std::uint64_t>(*restarts.value);
    // CPU time that starts again tells of a new process, where nobody counts the restarts.
    if (cpu.reset && !instance.restarts_total) ++totals.restarts;
    return totals;
}

}  // namespace

std::vector<model::FeatureWindow> FeatureExtractor::advance(EventTime now) {
    now_ = std::max(now_, now);
    const auto end = second_of(now_ - config_.allowed_lateness);
    if (end - next_ > kMaxCatchUp) leap_to(end - kMaxCatchUp);
    std::vector<model::FeatureWindow> out;
    while (next_ < end) {
        close(next_, out);
        ++next_;
    }
    return out;
}

void FeatureExtractor::leap_to(Second second) {
    counters_.skipped_seconds += static_cast<std::uint64_t>(second - next_);
    next_ = second;
    for (auto& [name, service] : services_) {
        for (auto& [instance_name, instance] : service.instances) instance.windows.close_all(pool_);
        for (auto& [callee, edge] : service.edges) edge.windows.close_all(pool_);
        service.rolling = {};
    }
}

void FeatureExtractor::close(Second second, std::vector<model::FeatureWindow>& out) {
    for (auto& [name, service] : services_) service.reported = service.reported_in(second);
    for (auto& [name, service] : services_) close_service(service, second, out);
    forget_silent(second);
}

void FeatureExtractor::close_service(Service& service, Second second,
                                     std::vector<model::FeatureWindow>& out) {
    const auto totals = close_instances(service, second);
    publish_service(service, totals, second, out);
    publish_instances(service, second, out);
    publish_edges(service, second, out);
}

Totals FeatureExtractor::close_instances(Service& service, Second second) {
    service_latencies_.clear();
    instance_seconds_.clear();
    const bool discovered = !service.current_version;
    Totals sum;
    for (auto& [name, instance] : service.instances) {
        const auto* window = instance.windows.find(second);
        auto& closed = instance_seconds_.emplace_back();
        if (window == nullptr) continue;
        closed = {.totals = settle(instance, *window), .reported = true};
        sum.append(closed.totals);
        if (!name.empty()) ++sum.replicas;
        service_latencies_.merge(window->latencies);
        instance.last_reported = second;
        if (window->version && instance.version != window->version) {
            instance.version = window->version;
            if (discovered)
                service.current_version = window->version;
            else
                note_change(service, *window->version, name.empty(), second);
        }
    }
    for (const auto& [name, instance] : service.instances) {
        const auto* window = instance.windows.find(second);
        if (window != nullptr && window->version) service.versions[*window->version].last_reported = second;
    }
    sum.seconds = 1;  // of all instances the same one
    if (sum.cpu_readings > 0) {
        sum.cpu_pct_sum /= static_cast<double>(sum.cpu_readings);
        sum.cpu_readings = 1;
    }
    return sum;
}

void FeatureExtractor::note_change(Service& service, std::uint16_t version, bool anonymous, Second second) {
    if (service.current_version == version) return;
    const auto& known = service.versions[version];
    // Several instances without a name take turns while a version is rolled out.
    const bool taking_turns =
        anonymous && known.last_reported && second - *known.last_reported < stale_after_;
    if (taking_turns) return;
    service.current_version = version;
    changes_.push_back({.at = start_of(second),
                        .service = model::ServiceId{service.name},
                        .kind = model::ChangeKind::version_changed,
                        .detail = known.name});
}

std::optional<model::DeploymentVersion> FeatureExtractor::newest_version(const Service& service,
                                                                         Second second) const {
    std::optional<model::DeploymentVersion> newest;
    for (std::size_t i = 0; i < service.versions.size(); ++i) {
        const auto& version = service.versions[i];
        if (version.last_reported != second) continue;
        if (!newest || service.current_version == i) newest = model::DeploymentVersion{version.name};
    }
    return newest;
}

void FeatureExtractor::publish_service(Service& service, const Totals& totals, Second second,
                                       std::vector<model::FeatureWindow>& out) {
    const model::Subject subject{.service = model::ServiceId{service.name}};
    if (!service.reported) {
        service.rolling.push_gap();
        if (second - service.last_reported >= stale_after_) out.push_back(stale_window_of(subject, second));
        return;
    }
    service.last_reported = second;
    service.rolling.push(totals, service_latencies_);
    const auto version = newest_version(service, second);

    auto& pulse = out.emplace_back(window_of(subject, second));
    pulse.values = call_features(totals, service_latencies_);
    add_resource_features(totals, pulse.values);
    if (totals.replicas > 0) pulse.values.set(model::Feature::replicas, static_cast<double>(totals.replicas));
    pulse.version = version;
    for (std::size_t which = 0; which < RollingWindows::kLengths.size(); ++which) {
        auto& rolling = out.emplace_back(
            window_of(subject, second, std::chrono::seconds{RollingWindows::kLengths[which]}));
        rolling.values = service.rolling.features(which);
        rolling.version = version;
    }
}

void FeatureExtractor::publish_instances(Service& service, Second second,
                                         std::vector<model::FeatureWindow>& out) {
    auto closed = instance_seconds_.begin();
    for (auto& [name, instance] : service.instances) {
        const auto& [totals, reported] = *closed++;
        if (name.empty()) {
            instance.windows.close(second, pool_);
            continue;
        }
        const model::Subject subject{.service = model::ServiceId{service.name},
                                     .instance = model::InstanceId{name}};
        if (const auto* window = instance.windows.find(second); window != nullptr && reported) {
            auto& published = out.emplace_back(window_of(subject, second));
            published.values = call_features(totals, window->latencies);
            add_resource_features(totals, published.values);
            if (window->version) {
                published.version = model::DeploymentVersion{service.versions[*window->version].name};
            }
        } else if (second - instance.last_reported >= stale_after_) {
            out.push_back(stale_window_of(subject, second));
        }
        instance.windows.close(second, pool_);
    }
}

void FeatureExtractor::publish_edges(Service& service, Second second,
                                     std::vector<model::FeatureWindow>& out) {
    for (auto& [callee, edge] : service.edges) {
        const auto* window = edge.windows.find(second);
        const auto counter = services_.find(callee);
        const bool callee_reported = counter != services_.end() && counter->second.reported;
        const bool seen =
            (!edge.counted_by_caller || service.reported) && (!edge.counted_by_callee || callee_reported);
        const model::Subject subject{.service = model::ServiceId{service.name},
                                     .callee = model::ServiceId{callee}};
        if (window != nullptr || seen) {
            static const WindowAccumulator kNoCalls;
            const auto& calls = window != nullptr ? *window : kNoCalls;
            out.emplace_back(window_of(subject, second)).values =
                call_features(calls_of(calls), calls.latencies);
            edge.last_fresh = second;
            if (window != nullptr) edge.last_reported = second;
        } else if (second - edge.last_fresh >= stale_after_) {
            out.push_back(stale_window_of(subject, second));
        }
        edge.windows.close(second, pool_);
    }
}

void FeatureExtractor::forget_silent(Second second) {
    const auto silent = [&](const auto& series) {
        return second - series.last_reported > forget_after_ && series.windows.empty();
    };
    const auto erase_silent = [&](auto& by_name) {
        for (auto entry = by_name.begin(); entry != by_name.end();) {
            if (!silent(entry->second)) {
                ++entry;
                continue;
            }
            entry = by_name.erase(entry);
            --counters_.subjects;
            last_source_ = {};
        }
    };
    for (auto entry = services_.begin(); entry != services_.end();) {
        auto& service = entry->second;
        erase_silent(service.instances);
        erase_silent(service.edges);
        if (!service.instances.empty()) {
            ++entry;
            continue;
        }
        for (auto& [callee, edge] : service.edges) edge.windows.close_all(pool_);
        counters_.subjects -= service.edges.size() + 1;
        joiner_.forget(&service);
        last_source_ = {};
        entry = services_.erase(entry);
    }
}

}  // namespace homeostat::features
