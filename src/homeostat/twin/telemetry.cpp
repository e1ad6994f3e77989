// SPDX-License-Identifier: Apache-2.0
#include "homeostat/twin/telemetry.h"

#include <algorithm>
#include <cmath>

#include "homeostat/twin/random.h"

namespace homeostat::twin {
namespace {

using model::Feature;

/// A tail far out is made of time-outs, which are alike; a near one is a slow instance like the others.
double tail_sigma(const Flow& flow, double sigma) {
    constexpr double kTimeoutSigma = 0.08;
    return flow.tail_ms > 3.0 * flow.body_ms ? kTimeoutSigma : sigma;
}

/// The quantile at `level` of a body and a tail that lie apart.
double mixture_quantile(const Flow& flow, double tail_share, double sigma, double level) {
    const bool in_tail = 1.0 - level < tail_share;
    const double inside = in_tail ? 1.0 - (1.0 - level) / tail_share : level / (1.0 - tail_share);
    const double z = normal_quantile(std::clamp(inside, 0.001, 0.999));
    const double spread = in_tail ? tail_sigma(flow, sigma) : sigma;
    return (in_tail ? flow.tail_ms : flow.body_ms) * std::exp(z * spread - 0.5 * spread * spread);
}

void set_latency(Prng& prng, model::FeatureValues& values, const Flow& flow, double sigma, double count) {
    constexpr double kVisibleTail = 1e-4;
    double tail_share = 0;
    if (flow.tail_share > kVisibleTail)
        tail_share = std::min(1.0, poisson(prng, count * flow.tail_share) / count);
    const double root = 1.0 / std::sqrt(count);
    const double shared = normal(prng);
    const double mean = (1.0 - tail_share) * flow.body_ms * std::max(0.2, 1.0 + sigma * root * shared) +
                        tail_share * flow.tail_ms;
    values.set(Feature::latency_ms, mean);
    // Relative errors of sample quantiles of a lognormal: sigma sqrt(q (1-q)) / (density at z sqrt(n)).
    const double e50 = sigma * root * (0.8 * shared + 0.9 * normal(prng));
    const double e95 = sigma * root * 2.11 * normal(prng);
    const double e99 = sigma * std::min(root * 3.73, 1.0) * normal(prng);
    const double p50 = mixture_quantile(flow, tail_share, sigma, 0.50) * std::max(0.2, 1.0 + e50);
    double p95 = mixture_quantile(flow, tail_share, sigma, 0.95) * std::max(0.2, 1.0 + e95);
    double p99 = mixture_quantile(flow, tail_share, sigma, std::min(0.99, 1.0 - 0.5 / count)) *
                 std::max(0.2, 1.0 + e99);
    p95 = std::max(p95, p50);
    p99 = std::max(p99, p95);
    values.set(Feature::latency_p50_ms, p50);
    values.set(Feature::latency_p95_ms, p95);
    values.set(Feature::latency_p99_ms, p99);
}

/// Rate, errors, latency and in-flight of a flow. Returns the number of failed requests.
double set_flow(Prng& prng, model::FeatureValues& values, const Flow& flow, double sigma) {
    const double count = std::floor(flow.rps + uniform(prng));
    const double failed = flow.error > 1e-5 ? std::min(count, poisson(prng, count * flow.error)) : 0.0;
    values.set(Feature::rate_rps, count);
    values.set(Feature::in_flight, 0.0);
    if (count < 1.0) return 0.0;
    const bool all_fail = flow.error > 0.999;
    values.set(Feature::error_rate, all_fail ? 1.0 : failed / count);
    set_latency(prng, values, flow, sigma, count);
    values.set(Feature::in_flight, count * values.get_or(Feature::latency_ms, 0.0) / 1000.0);
    return all_fail ? count : failed;
}

template <class T>
void assign(std::optional<T>& to, const T* from) {
    if (from == nullptr) {
        to.reset();
    } else if (!to || *to != *from) {
        to = *from;
    }
}

/// Stale windows begin after a silence and end when the subject is forgotten.
bool is_stale(const State& state, std::int64_t reported_tick) {
    const auto silent = state.tick - reported_tick;
    return silent >= Telemetry::kStaleAfterTicks && silent < Telemetry::kForgetAfterTicks;
}

bool reports(const Service& service, const Instance& instance) {
    return !service.silent && instance.effects.hanging < 0.999 && instance.effects.refusing < 0.999;
}

}  // namespace

model::FeatureWindow& Telemetry::next(State& state, const model::ServiceId& service,
                                      const model::ServiceId* callee, const model::InstanceId* instance) {
    if (used_ == windows_.size()) windows_.emplace_back();
    auto& window = windows_[used_++];
    if (window.subject.service != service) window.subject.service = service;
    assign(window.subject.callee, callee);
    assign(window.subject.instance, instance);
    window.end = state.event_now();
    window.length = kTick;
    window.freshness = model::Freshness::stale;
    window.values = {};
    window.version.reset();
    return window;
}

void Telemetry::observe_service(State& state, Service& service) {
    double replicas = 0;
    double cpu = 0;
    double mem = 0;
    double restarts = 0;
    for (const auto& instance : service.instances) {
        restarts += instance.restarts;
        if (!reports(service, instance)) continue;
        replicas += 1;
        cpu += instance.cpu_pct;
        mem = std::max(mem, instance.mem_mb);
    }
    if (replicas == 0) {
        if (is_stale(state, service.reported_tick)) next(state, service.profile.id, nullptr, nullptr);
        return;
    }
    service.reported_tick = state.tick;
    auto& window = next(state, service.profile.id, nullptr, nullptr);
    window.freshness = model::Freshness::fresh;
    window.version = service.version;
    auto& values = window.values;
    const double failed = set_flow(state.prng, values, service.served, service.profile.sigma);
    values.set(Feature::cpu_pct, cpu / replicas);
    values.set(Feature::mem_mb, mem);
    values.set(Feature::restarts, restarts);
    values.set(Feature::replicas, replicas);
    values.set(Feature::log_error_rate, failed + poisson(state.prng, 0.01));
    values.set(Feature::new_log_templates, service.new_templates);
}

void Telemetry::observe_edge(State& state, Edge& edge) {
    const Service& caller = state.services[edge.profile.caller];
    const auto& callee = state.services[edge.profile.callee].profile;
    if (caller.reported_tick != state.tick) {
        if (is_stale(state, edge.reported_tick)) next(state, caller.profile.id, &callee.id, nullptr);
        return;
    }
    edge.reported_tick = state.tick;
    auto& window = next(state, caller.profile.id, &callee.id, nullptr);
    window.freshness = model::Freshness::fresh;
    set_flow(state.prng, window.values, edge.seen, callee.sigma);
}

void Telemetry::observe_instance(State& state, const Service& service, Instance& instance) {
    if (!reports(service, instance)) {
        if (is_stale(state, instance.reported_tick)) next(state, service.profile.id, nullptr, &instance.id);
        return;
    }
    instance.reported_tick = state.tick;
    auto& window = next(state, service.profile.id, nullptr, &instance.id);
    window.freshness = model::Freshness::fresh;
    window.version = service.version;
    auto& values = window.values;
    const double failed = set_flow(state.prng, values, instance.flow, service.profile.sigma);
    values.set(Feature::cpu_pct, instance.cpu_pct);
    values.set(Feature::mem_mb, instance.mem_mb);
    values.set(Feature::restarts, instance.restarts);
    values.set(Feature::log_error_rate, failed);
}

std::span<const model::FeatureWindow> Telemetry::observe(State& state) {
    used_ = 0;
    for (auto& service : state.services) observe_service(state, service);
    for (auto& edge : state.edges) observe_edge(state, edge);
    for (auto& service : state.services) {
        for (auto& instance : service.instances) observe_instance(state, service, instance);
    }
    return std::span(windows_).first(used_);
}

}  // namespace homeostat::twin
