// SPDX-License-Identifier: Apache-2.0
#include "homeostat/twin/flow.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "homeostat/twin/random.h"

namespace homeostat::twin {
namespace {

constexpr double kQueueSeconds = 1.0;  // backlog that an instance holds before it rejects
constexpr double kNetworkMs = 0.4;     // added by a call
constexpr double kRefusedMs = 1.0;     // until a connection is refused
constexpr double kRetryBudget =
    0.25;  // retries at most, as a share of the calls: what keeps a storm from feeding itself
constexpr double kTailFactor = 1.6;  // an instance this much slower than the fastest is the tail

double seasonal_load(const State& state) {
    const double phase =
        static_cast<double>(state.tick) / std::chrono::duration<double>(state.climate.season).count();
    return 1.0 + state.climate.season_share * std::sin(2.0 * std::numbers::pi * phase);
}

/// Slow noise, and now and then a burst of visitors.
double draw_entry_load(State& state, Service& service) {
    Prng& prng = state.prng;
    service.load_noise = drift(prng, service.load_noise, 0.98, state.climate.load_sigma);
    if (state.tick >= service.burst_until_tick) {
        service.burst = 1;
        if (uniform(prng) < state.climate.bursts_per_hour / 3600.0) {
            service.burst = uniform(prng, 1.1, 1.4);
            service.burst_until_tick = state.tick + 3 + static_cast<std::int64_t>(prng.below(20));
        }
    }
    const double mean =
        service.profile.entry_rps * seasonal_load(state) * service.burst * std::exp(service.load_noise);
    return poisson(prng, mean);
}

/// Latency of an instance that gets `rps`; updates its backlog and rejects what does not fit.
void serve(const Service& service, Instance& instance, double rps, double work_factor) {
    const auto& effects = instance.effects;
    const double slow = effects.slow * effects.cpu_slow * work_factor;
    const double capacity = service.profile.capacity_rps / slow;
    const double answering = std::max(0.0, 1.0 - effects.refusing - effects.hanging);
    const double got = rps * answering;
    const double backlog = std::max(0.0, instance.queue + got - capacity * std::max(answering, 0.01));
    const double limit = capacity * kQueueSeconds;
    const double rejected = got > 0 ? std::min(1.0, std::max(0.0, backlog - limit) / got) : 0.0;
    instance.queue = answering > 0 ? std::min(backlog, limit) : 0.0;

    const double work_ms = service.profile.service_ms * slow;
    const double load = std::min(got / capacity, 0.96);
    const double workers = service.profile.workers;
    double wait_ms = 1000.0 * instance.queue / capacity;
    if (load > 0.02) {
        wait_ms +=
            work_ms * std::pow(load, std::sqrt(2.0 * (workers + 1.0)) - 1.0) / (workers * (1.0 - load));
    }
    instance.local_ms = work_ms + wait_ms;
    instance.flow.rps = got;
    instance.flow.error =
        1.0 - (1.0 - rejected) * (1.0 - service.profile.error_floor) * (1.0 - effects.error);
}

bool takes_traffic(const Instance& instance, bool any_alternative) {
    return instance.in_rotation && !(instance.starting() && any_alternative);
}

/// Spreads the arrivals over the instances and merges what they say: the fastest make the body, others the
/// tail.
void serve_all(State& state, Service& service) {
    Prng& prng = state.prng;
    service.work_noise = drift(prng, service.work_noise, 0.95, state.climate.work_sigma);
    const double work_factor = std::exp(service.work_noise);
    const bool any =
        std::any_of(service.instances.begin(), service.instances.end(),
                    [](const Instance& instance) { return instance.in_rotation && !instance.starting(); });
    double taking = 0;
    for (const auto& instance : service.instances) taking += takes_traffic(instance, any) ? 1.0 : 0.0;
    const double admitted =
        service.throttle_rps ? std::min(service.arriving, *service.throttle_rps) : service.arriving;
    const double each = taking > 0 ? admitted / taking : 0.0;

    double fastest = 1e12;
    double refused = taking > 0 ? 0.0 : admitted;
    double hanging = 0;
    for (auto& instance : service.instances) {
        const double rps = takes_traffic(instance, any) ? each : 0.0;
        serve(service, instance, rps, work_factor);
        refused += rps * instance.effects.refusing;
        hanging += rps * instance.effects.hanging;
        if (instance.flow.rps > 0) fastest = std::min(fastest, instance.local_ms);
    }
    Flow body;
    Flow tail;
    double failed = 0;
    for (const auto& instance : service.instances) {
        Flow& part = instance.local_ms > kTailFactor * fastest ? tail : body;
        part.rps += instance.flow.rps;
        part.body_ms += instance.flow.rps * instance.local_ms;
        failed += instance.flow.rps * instance.flow.error;
    }
    const double served = body.rps + tail.rps;
    service.served = {.rps = served, .error = served > 0 ? failed / served : 0.0};
    service.served.body_ms = body.rps > 0 ? body.body_ms / body.rps : service.profile.service_ms;
    service.served.tail_share = served > 0 ? tail.rps / served : 0.0;
    service.served.tail_ms = tail.rps > 0 ? tail.body_ms / tail.rps : 0.0;
    service.utilisation =
        taking > 0 ? each * service.profile.service_ms / (1000.0 * service.profile.workers) : 0.0;
    double work_ms = 0;
    for (const auto& instance : service.instances) work_ms += instance.flow.rps * instance.local_ms;
    service.own_ms = served > 0 ? work_ms / served : 0.0;
    service.own_failures = admitted > 0 ? (refused + hanging + failed) / admitted : 0.0;
    service.called = {.rps = admitted, .error = refused, .tail_share = hanging};  // completed on the way up
    if (uniform(prng) < state.climate.pauses_per_hour / 3600.0 && service.served.tail_share == 0) {
        service.served.tail_share = uniform(prng, 0.005, 0.03);
        service.served.tail_ms = service.served.body_ms + uniform(prng, 10, 80);
    }
}

/// Share of the calls that are tried once more when `failing` of them fail.
double retried_share(const Edge& edge, double failing) {
    return edge.profile.retries == 0 ? 0.0 : std::min(failing, kRetryBudget);
}

void call_downwards(State& state, Service& service) {
    // Most of a surge's requests are alike and answered from the caches: few of them go further down.
    constexpr double kSurgeGoesDown = 0.2;
    const double surge = service.arriving > 0 ? std::min(1.0, service.extra_rps / service.arriving) : 0.0;
    const double completed =
        service.served.rps * (1.0 - service.served.error) * (1.0 - surge * (1.0 - kSurgeGoesDown));
    for (auto index = service.edges_begin; index < service.edges_end; ++index) {
        Edge& edge = state.edges[index];
        const double retries = retried_share(edge, edge.failing);
        const double mean = completed * edge.profile.calls * (1.0 + retries);
        const double attempts = mean > 16 ? std::max(0.0, mean + 0.5 * std::sqrt(mean) * normal(state.prng))
                                          : poisson(state.prng, mean);
        edge.seen.rps = attempts;
        state.services[edge.profile.callee].arriving += attempts * (1.0 - edge.lost);
    }
}

/// Share of requests beyond the time-out when the typical one takes `ms`.
double timing_out(double ms, double timeout_ms) {
    constexpr double kSpread = 4.0;
    const double ratio = ms / timeout_ms;
    if (ratio < 0.4) return 0.0;
    return 1.0 / (1.0 + std::pow(ratio, -2.0 * kSpread));
}

/// What the caller sees of the callee: its own losses and time-outs on top of what the callee does.
void see_callee(Edge& edge, const Flow& called) {
    const double timeout_ms = edge.profile.timeout_ms;
    const double timed_out = timing_out(called.body_ms, timeout_ms);
    const bool tail_times_out = called.tail_ms > 0.9 * timeout_ms;
    edge.refused =
        1.0 - (1.0 - called.error) * (1.0 - timed_out) * (1.0 - (tail_times_out ? called.tail_share : 0.0));
    edge.seen.error = edge.lost + (1.0 - edge.lost) * edge.refused;
    edge.seen.body_ms = kNetworkMs + std::min(called.body_ms, timeout_ms);
    edge.seen.tail_share = (1.0 - edge.lost) * called.tail_share + edge.lost;
    edge.seen.tail_ms = edge.lost > 0.5 * edge.seen.tail_share
                            ? timeout_ms
                            : std::min(called.tail_ms, timeout_ms) + kNetworkMs;
    edge.failing = edge.seen.error;
}

/// Share of the caller's requests that survive this edge. A retry may reach another instance of the callee;
/// a caller that has lost the callee altogether retries in vain.
double call_succeeds(const Edge& edge, double lost) {
    if (!edge.profile.essential) return 1.0;
    const double after_retry = edge.refused - retried_share(edge, edge.refused) * (1.0 - edge.refused);
    return 1.0 - std::min(1.0, edge.profile.calls * (lost + (1.0 - lost) * after_retry));
}

/// The part of a service's latency and errors that comes from its callees.
struct Downstream {
    double ok = 1;          // share of requests that no callee fails
    double ms = 0;          // added to every request
    double slow_share = 0;  // share of requests that a slow or silent callee holds up
    double slow_ms = 0;     // held up for so long, times the share

    void add(const Edge& edge, double lost, double tail_share, double tail_ms) {
        ok *= call_succeeds(edge, lost);
        const double share = std::min(1.0, edge.profile.calls * tail_share);
        slow_share = std::max(slow_share, share);
        slow_ms += share * tail_ms;
    }
    void add_lost(const Edge& edge, double lost) {
        add(edge, lost, lost > 0 ? lost : edge.seen.tail_share,
            lost > 0 ? edge.profile.timeout_ms : edge.seen.tail_ms);
    }
};

/// Adds what the callees do to a flow that has its own latency, errors and tail.
void add_downstream(Flow& flow, const Downstream& down) {
    flow.error = 1.0 - (1.0 - flow.error) * down.ok;
    const double own_ms = flow.tail_share * (flow.tail_ms + down.ms);
    flow.body_ms += down.ms;
    const double both = flow.tail_share + down.slow_share;
    if (both <= 0) return;
    flow.tail_ms = (own_ms + down.slow_share * flow.body_ms + down.slow_ms) / both;
    flow.tail_share = 1.0 - (1.0 - flow.tail_share) * (1.0 - down.slow_share);
}

/// What callers see: refused and unanswered requests on top of what the service knows of.
void see_from_outside(Service& service) {
    const Flow& served = service.served;
    Flow& called = service.called;
    const double sent = std::max(called.rps, 1e-9);
    const double refused = called.error / sent;
    const double hanging = called.tail_share / sent;
    const double reached = std::max(0.0, 1.0 - refused - hanging);
    constexpr double kForeverMs = 1e9;  // the caller's time-out decides
    called.error = refused + reached * served.error;
    called.body_ms = refused > 0.9 ? kRefusedMs : served.body_ms;
    called.tail_share = hanging + reached * served.tail_share;
    called.tail_ms = hanging > 0.3 * called.tail_share && hanging > 0 ? kForeverMs : served.tail_ms;
}

/// Completes what the service sees of itself, then what its callers see of it.
void answer_upwards(State& state, Service& service) {
    Downstream common;
    for (auto index = service.edges_begin; index < service.edges_end; ++index) {
        Edge& edge = state.edges[index];
        see_callee(edge, state.services[edge.profile.callee].called);
        common.ms += edge.profile.calls * edge.seen.body_ms;
        if (service.lost_edge != index) common.add(edge, 0.0, edge.seen.tail_share, edge.seen.tail_ms);
    }
    const Edge* lost = service.lost_edge ? &state.edges[*service.lost_edge] : nullptr;
    for (auto& instance : service.instances) {
        Downstream down = common;
        if (lost != nullptr) down.add_lost(*lost, instance.effects.lost);
        instance.flow.body_ms = instance.local_ms;
        instance.flow.tail_share = 0;
        add_downstream(instance.flow, down);
    }
    if (lost != nullptr) common.add_lost(*lost, lost->lost);
    add_downstream(service.served, common);
    see_from_outside(service);
}

}  // namespace

void run_flow(State& state) {
    for (auto& service : state.services) service.arriving = service.extra_rps;
    for (auto& service : state.services) {
        if (service.profile.entry_rps > 0) service.arriving += draw_entry_load(state, service);
        serve_all(state, service);
        call_downwards(state, service);
    }
    for (auto service = state.services.rbegin(); service != state.services.rend(); ++service) {
        answer_upwards(state, *service);
    }
}

}  // namespace homeostat::twin
