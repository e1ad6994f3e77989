// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "homeostat/base/prng.h"
#include "homeostat/base/time.h"
#include "homeostat/model/change_event.h"
#include "homeostat/model/ids.h"
#include "homeostat/twin/fault.h"
#include "homeostat/twin/topology.h"

/// The world's state as plain data: the passes in flow.h, telemetry.h and world.h read and change it.
namespace homeostat::twin {

inline constexpr Duration kTick = std::chrono::seconds{1};
inline constexpr std::uint32_t kMaxReplicas = 16;  // of one service; scaling beyond it is refused

/// A stream of requests as somebody sees it. Latency is a body and, for a share of the requests, a tail.
struct Flow {
    double rps = 0;
    double error = 0;  // share that fails
    double body_ms = 0;
    double tail_share = 0;
    double tail_ms = 0;
};

/// What the active faults do to an instance in this tick; reset each tick.
struct InstanceEffects {
    double refusing = 0;  // share of the tick in which connections are refused
    double hanging = 0;   // share of the tick in which requests are taken and never answered
    double slow = 1;      // factor on the own work
    double cpu_slow = 1;  // factor on the own work that is lost to others' use of the CPU
    double burn_pct = 0;  // CPU used by something other than requests
    double error = 0;     // share of requests that fail in the instance itself
    double lost = 0;      // share of the tick in which it cannot reach `Service::lost_edge`
};

struct Instance {
    model::InstanceId id;
    bool crashed = false;
    bool in_rotation = true;
    std::optional<LoopTime> restart_at;  // ordered, and not begun
    std::optional<LoopTime> down_until;  // being started
    Duration restart_takes{};
    std::optional<model::OrderId> restarted_by;
    InstanceEffects effects;
    double leaked_mb = 0;
    double garbage_mb = 0;
    double queue = 0;  // requests waiting at the end of the tick
    Flow flow;         // as the instance itself sees it
    double local_ms = 0;
    double cpu_pct = 0;
    double mem_mb = 0;
    std::uint32_t restarts = 0;  // in this tick
    std::int64_t reported_tick = 0;

    [[nodiscard]] bool starting() const { return down_until.has_value(); }
    [[nodiscard]] bool alive() const { return !crashed && !starting(); }
};

struct Edge {
    EdgeProfile profile;
    double lost = 0;     // share of calls that cannot reach the callee: an effect, reset each tick
    double failing = 0;  // share of attempts that failed in the last tick: drives the retries
    double refused = 0;  // share of the attempts that reach the callee and fail there or on the way back
    Flow seen;           // by the caller
    std::int64_t reported_tick = 0;
};

struct Service {
    ServiceProfile profile;
    std::vector<Instance> instances;
    std::uint32_t edges_begin = 0;
    std::uint32_t edges_end = 0;
    std::uint32_t next_instance = 0;
    std::uint32_t release = 1;
    model::DeploymentVersion version;
    model::DeploymentVersion previous_version;
    std::optional<double> throttle_rps;
    std::optional<model::OrderId> relieved_by;  // the last order that made room: more replicas or a throttle

    std::optional<LoopTime> rollback_at;  // ordered, and not done
    model::DeploymentVersion rollback_to;
    std::optional<model::OrderId> rollback_by;

    double extra_rps = 0;  // effects, reset each tick
    bool silent = false;
    std::optional<std::uint32_t> lost_edge;
    std::uint32_t new_templates = 0;

    double load_noise = 0;
    double work_noise = 0;
    double burst = 1;
    std::int64_t burst_until_tick = 0;

    double arriving = 0;      // requests a second that callers send
    double utilisation = 0;   // of the instances in rotation
    double recent_rps = 0;    // served, averaged over some ten seconds
    double own_failures = 0;  // share of requests refused, not answered, or failed by the service itself
    double own_ms = 0;        // mean latency without the callees' part
    Flow served;              // as the service itself sees it
    Flow called;              // as its callers see it
    std::int64_t reported_tick = 0;
};

/// A fault at work.
struct ActiveFault {
    std::size_t record = 0;  // index of its FaultRecord
    std::uint32_t service = 0;
    std::optional<std::uint32_t> edge;
    std::vector<model::InstanceId> afflicted;  // a restart takes an instance off the list
    double size = 1;                           // in the kind's own unit
    bool by_latency = false;                   // of a bad version: slow instead of failing
    model::DeploymentVersion version;          // the bad one: at work as long as the service runs it
    LoopTime since{};
    std::optional<LoopTime> until;  // heals itself then
};

/// Noise of a world without faults.
struct Climate {
    Duration season = std::chrono::minutes{20};
    double season_share = 0.25;  // amplitude of the daily rhythm, of the mean load
    double load_sigma = 0.04;    // slow noise of the load and of the work, in the logarithm
    double work_sigma = 0.03;
    double bursts_per_hour = 4;  // per entry service: +10 % to +40 % for some seconds
    double pauses_per_hour = 6;  // per service: a second in which a few requests wait for the collector
};

struct State {
    explicit State(std::uint64_t seed) : prng(seed) {}

    Prng prng;
    Climate climate;
    std::int64_t tick = 0;  // ticks that are over
    std::vector<Service> services;
    std::vector<Edge> edges;
    std::vector<ActiveFault> faults;
    std::vector<FaultRecord> records;
    std::vector<model::ChangeEvent> changes;  // of this tick
    EventTime epoch{};

    [[nodiscard]] LoopTime now() const { return LoopTime{} + tick * kTick; }
    [[nodiscard]] EventTime event_now() const { return epoch + tick * kTick; }
};

}  // namespace homeostat::twin
