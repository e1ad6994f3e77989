// SPDX-License-Identifier: Apache-2.0
#include "homeostat/twin/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "homeostat/twin/flow.h"
#include "homeostat/twin/random.h"

namespace homeostat::twin {
namespace {

constexpr std::uint32_t kMinServices = 5;
constexpr std::uint32_t kMaxServices = 500;

/// False when the traffic goes round every instance that the fault has hold of.
bool serves_requests(const Service& service, const ActiveFault& fault) {
    return std::any_of(service.instances.begin(), service.instances.end(), [&](const Instance& instance) {
        const auto& afflicted = fault.afflicted;
        return instance.in_rotation &&
               std::find(afflicted.begin(), afflicted.end(), instance.id) != afflicted.end();
    });
}

}  // namespace

Result<World> World::create(const WorldConfig& config) {
    if (config.services < kMinServices || config.services > kMaxServices) {
        return fail(ErrorCode::invalid_argument, fmt::format("a world has {} to {} services, not {}",
                                                             kMinServices, kMaxServices, config.services));
    }
    return World(config);
}

World::World(const WorldConfig& config) : state_(config.seed), seed_(config.seed) {
    state_.climate = config.climate;
    state_.epoch = config.epoch;
    Topology topology = draw_topology(state_.prng, config.services);
    for (auto& edge : topology.edges) state_.edges.push_back({.profile = edge});
    std::uint32_t edge = 0;
    for (std::uint32_t i = 0; i < topology.services.size(); ++i) {
        Service& service = state_.services.emplace_back();
        service.profile = std::move(topology.services[i]);
        service.edges_begin = edge;
        while (edge < state_.edges.size() && state_.edges[edge].profile.caller == i) ++edge;
        service.edges_end = edge;
        service.release = 2 + static_cast<std::uint32_t>(state_.prng.below(90));
        service.version = model::DeploymentVersion{fmt::format("v{}", service.release)};
        service.previous_version = model::DeploymentVersion{fmt::format("v{}", service.release - 1)};
        for (std::uint32_t n = 0; n < service.profile.replicas; ++n) add_instance(service);
        index_[service.profile.id] = i;
    }
}

Instance& World::add_instance(Service& service) {
    Instance& instance = service.instances.emplace_back();
    instance.id =
        model::InstanceId{fmt::format("{}-{}", service.profile.id.value(), service.instances.size())};
    instance.garbage_mb = uniform(state_.prng, 0.0, 0.15) * service.profile.memory_mb;
    instance.reported_tick = state_.tick;
    return instance;
}

Service* World::find(const model::ServiceId& id) {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &state_.services[found->second];
}

const Service* World::find(const model::ServiceId& id) const {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &state_.services[found->second];
}

void World::note(LoopTime at, const Service& service, const Instance* instance, model::ChangeKind kind,
                 std::string detail, std::optional<model::OrderId> order) {
    model::ChangeEvent change;
    change.at = state_.epoch + at.time_since_epoch();
    change.service = service.profile.id;
    if (instance != nullptr) change.instance = instance->id;
    change.kind = kind;
    change.detail = std::move(detail);
    change.order = std::move(order);
    pending_changes_.push_back(std::move(change));
}

void World::advance() {
    const LoopTime begin = state_.now();
    ++state_.tick;
    for (auto& service : state_.services) {
        service.extra_rps = 0;
        service.silent = false;
        service.lost_edge.reset();
        service.new_templates = 0;
        for (auto& instance : service.instances) {
            instance.effects = {};
            instance.restarts = 0;
        }
    }
    for (auto& edge : state_.edges) edge.lost = 0;
    begin_rollbacks(begin);
    begin_instances(begin);
    apply_faults(begin);
    run_flow(state_);
    use_resources();
    end_faults();
    windows_ = telemetry_.observe(state_);
    state_.changes.swap(pending_changes_);
    pending_changes_.clear();
}

void World::begin_instances(LoopTime begin) {
    for (auto& service : state_.services) {
        for (auto& instance : service.instances) {
            if (instance.restart_at && *instance.restart_at <= begin) begin_restart(service, instance, begin);
            if (instance.starting() && *instance.down_until <= begin) finish_start(service, instance);
            if (!instance.alive()) instance.effects.refusing = 1;
        }
    }
}

void World::begin_restart(const Service& service, Instance& instance, LoopTime begin) {
    if (!instance.crashed) {
        note(begin, service, &instance, model::ChangeKind::instance_exited, "exit 0", instance.restarted_by);
    }
    instance.down_until = std::max(begin, *instance.restart_at) + instance.restart_takes;
    instance.restart_at.reset();
    instance.crashed = false;
    instance.leaked_mb = 0;
    instance.garbage_mb = 0;
    instance.queue = 0;
}

void World::finish_start(const Service& service, Instance& instance) {
    const LoopTime at = *instance.down_until;
    instance.down_until.reset();
    instance.restarts = 1;
    note(at, service, &instance, model::ChangeKind::instance_started, "", instance.restarted_by);
    cure_instance(service, instance.id, instance.restarted_by, at);
    instance.restarted_by.reset();
}

void World::begin_rollbacks(LoopTime begin) {
    for (auto& service : state_.services) {
        if (!service.rollback_at || *service.rollback_at > begin) continue;
        finish_rollback(service);
    }
}

void World::finish_rollback(Service& service) {
    const LoopTime at = *service.rollback_at;
    service.rollback_at.reset();
    service.previous_version = service.version;
    service.version = service.rollback_to;
    note(at, service, nullptr, model::ChangeKind::version_changed, service.version.value(),
         service.rollback_by);
    for (auto& fault : state_.faults) {
        auto& record = state_.records[fault.record];
        if (record.kind != FaultKind::bad_version || record.service != service.profile.id) continue;
        if (service.version == fault.version) {
            record.end = FaultEnd::active;  // back to the bad one
        } else if (is_active(fault)) {
            end_fault(fault, FaultEnd::cured, service.rollback_by, at);
        }
    }
}

void World::use_resources() {
    for (auto& service : state_.services) {
        const auto& profile = service.profile;
        service.recent_rps += 0.1 * (service.served.rps - service.recent_rps);
        const double cpu_ms = profile.service_ms * profile.cpu_share;
        const double cpu_limit = 100.0 * std::max(1.0, std::ceil(profile.workers * profile.cpu_share));
        for (auto& instance : service.instances) {
            const double requests_pct = instance.flow.rps * cpu_ms / 10.0;
            const double noise = 1.0 + 0.04 * normal(state_.prng);
            instance.cpu_pct = std::min(cpu_limit, (2.0 + requests_pct) * noise + instance.effects.burn_pct);
            const double allocated = profile.memory_mb * 0.00004 * instance.flow.rps;
            instance.garbage_mb +=
                std::clamp(allocated, 0.0002 * profile.memory_mb, 0.02 * profile.memory_mb);
            if (instance.garbage_mb > 0.18 * profile.memory_mb) instance.garbage_mb = 0;
            instance.mem_mb = profile.memory_mb + instance.garbage_mb + instance.leaked_mb;
            if (instance.mem_mb > profile.memory_limit_mb && instance.alive()) {
                instance.crashed = true;
                note(state_.now(), service, &instance, model::ChangeKind::instance_exited, "signal 9");
            }
        }
    }
}

bool World::serves_well(const model::ServiceId& id) const {
    const Service* service = find(id);
    if (service == nullptr || service->lost_edge) return false;
    const auto& profile = service->profile;
    // Its callers may be ill, and send little: the little that comes is to be served.
    const double usual_rps = profile.nominal_rps * (1.0 - state_.climate.season_share);
    const double served_rps = std::max(service->served.rps, service->recent_rps);
    return served_rps > 0 && served_rps >= 0.3 * std::min(usual_rps, service->arriving) &&
           service->own_failures <= profile.error_floor + 0.02 &&
           service->own_ms <= 2.5 * profile.service_ms + 3.0;
}

bool World::is_healthy(const model::ServiceId& id) const {
    if (!serves_well(id)) return false;
    return std::none_of(state_.faults.begin(), state_.faults.end(), [&](const ActiveFault& fault) {
        const auto& record = state_.records[fault.record];
        return record.service == id && is_active(fault) && record.needs_action() &&
               serves_requests(*find(id), fault);
    });
}

bool World::is_changing(const model::ServiceId& id) const {
    const Service* service = find(id);
    if (service == nullptr) return false;
    return service->rollback_at ||
           std::any_of(service->instances.begin(), service->instances.end(),
                       [](const Instance& i) { return i.starting() || i.restart_at; });
}

}  // namespace homeostat::twin
