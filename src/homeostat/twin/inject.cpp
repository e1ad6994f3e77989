// SPDX-License-Identifier: Apache-2.0
// What faults do to the world, and how they end.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "homeostat/twin/random.h"
#include "homeostat/twin/world.h"

namespace homeostat::twin {
namespace {

Duration seconds(double count) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(count));
}

/// Share of [begin, begin + 1 s) in which the fault is at work.
double presence_of(const ActiveFault& fault, LoopTime begin) {
    const LoopTime from = std::max(begin, fault.since);
    const LoopTime to = fault.until ? std::min(begin + kTick, *fault.until) : begin + kTick;
    return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

bool afflicts(const ActiveFault& fault, const Instance& instance) {
    return std::find(fault.afflicted.begin(), fault.afflicted.end(), instance.id) != fault.afflicted.end();
}

bool strikes_one_instance(Prng& prng, FaultKind kind) {
    switch (kind) {
        case FaultKind::crash:
        case FaultKind::hang:
        case FaultKind::cpu_burn:
        case FaultKind::memory_leak: return true;
        case FaultKind::lost_dependency: return prng.chance(1, 2);
        case FaultKind::load_surge:
        case FaultKind::bad_version:
        case FaultKind::slow_dependency:
        case FaultKind::telemetry_silence:
        case FaultKind::glitch:
        case FaultKind::benign_load:
        case FaultKind::benign_deployment: return false;
    }
    return false;
}

double capacity_of(const Service& service) {
    return service.profile.capacity_rps * static_cast<double>(service.instances.size());
}

/// More than the replicas can serve, and no more than twice as many, or four more, can.
double surge_utilisation(const Service& service, double severity) {
    const auto replicas = static_cast<double>(service.instances.size());
    const double growth = std::min({2.0 * replicas, replicas + 4.0, 10.0}) / replicas;
    return 1.1 + severity * std::max(0.05, 0.7 * growth - 1.1);
}

}  // namespace

Result<std::uint32_t> World::inject(const FaultRequest& request, LoopTime at) {
    const auto found = index_.find(request.service);
    if (found == index_.end()) {
        return fail(ErrorCode::not_found, fmt::format("there is no service '{}'", request.service.value()));
    }
    Service& service = state_.services[found->second];
    for (const auto& fault : state_.faults) {
        const bool lingers = fault.until && *fault.until > at;
        if (fault.service == found->second && (is_active(fault) || lingers)) {
            return fail(ErrorCode::failed_precondition,
                        fmt::format("'{}' has a fault already", request.service.value()));
        }
    }
    if (request.kind == FaultKind::lost_dependency && service.edges_begin == service.edges_end) {
        return fail(ErrorCode::failed_precondition,
                    fmt::format("'{}' calls nobody", request.service.value()));
    }
    FaultRecord record{.number = static_cast<std::uint32_t>(state_.records.size()),
                       .kind = request.kind,
                       .service = request.service,
                       .injected_at = at};
    record.severity = request.severity ? *request.severity : uniform(state_.prng);
    ActiveFault fault{.record = state_.records.size(), .service = found->second, .since = at};
    if (request.self_heal_after) fault.until = at + *request.self_heal_after;
    draw_size(fault, record, service);
    strike(fault, record, service);
    state_.records.push_back(std::move(record));
    state_.faults.push_back(std::move(fault));
    return state_.records.back().number;
}

namespace {

/// How much slower a service's own work must become for its callers to wait half as long again, at least: a
/// delay that is lost in what its callees take is no fault that anybody could act upon.
double felt_slowdown(const Service& service) {
    constexpr double kLonger = 0.6;
    return 1.0 + kLonger * std::max(1.0, service.served.body_ms / service.profile.service_ms);
}

}  // namespace

/// Picks the victims, and the size of the effect in the unit of its kind.
void World::draw_size(ActiveFault& fault, FaultRecord& record, const Service& service) {
    Prng& prng = state_.prng;
    const double severity = record.severity;
    const auto set_end = [&](double low, double high) {
        if (!fault.until) fault.until = fault.since + seconds(uniform(prng, low, high));
    };
    for (const auto& instance : service.instances) fault.afflicted.push_back(instance.id);
    if (strikes_one_instance(prng, record.kind)) {
        fault.afflicted = {service.instances[prng.below(service.instances.size())].id};
        record.instance = fault.afflicted.front();
    }
    switch (record.kind) {
        case FaultKind::crash:
        case FaultKind::hang: break;
        case FaultKind::load_surge:
            fault.size =
                surge_utilisation(service, severity) * capacity_of(service) - service.profile.nominal_rps;
            set_end(150, 300);
            record.felt_until = fault.until;
            break;
        case FaultKind::cpu_burn: fault.size = 1.6 + 3.0 * severity; break;
        case FaultKind::memory_leak:
            fault.size = service.profile.memory_limit_mb * (0.006 + 0.02 * severity);
            break;
        case FaultKind::bad_version:
            fault.by_latency = prng.chance(1, 3);
            fault.size = fault.by_latency ? std::max(1.8, felt_slowdown(service)) + 3.0 * severity
                                          : 0.08 + 0.6 * severity;
            break;
        case FaultKind::slow_dependency:
            fault.size = std::max(2.5, felt_slowdown(service)) + 6.0 * severity;
            break;
        case FaultKind::lost_dependency: {
            const auto edges = service.edges_end - service.edges_begin;
            fault.edge = service.edges_begin + static_cast<std::uint32_t>(prng.below(edges));
            record.callee = state_.services[state_.edges[*fault.edge].profile.callee].profile.id;
            break;
        }
        case FaultKind::telemetry_silence: set_end(20, 60); break;
        case FaultKind::glitch:
            fault.size = 0.2 + 0.4 * severity;
            set_end(0.8, 2.0);
            break;
        case FaultKind::benign_load:
            fault.size = std::min(0.25 + 0.15 * severity, 0.6) * service.profile.nominal_rps;
            set_end(90, 180);
            break;
        case FaultKind::benign_deployment: set_end(30, 30); break;
    }
}

/// What happens once, at the moment of the fault.
void World::strike(ActiveFault& fault, const FaultRecord& record, Service& service) {
    if (record.kind == FaultKind::bad_version || record.kind == FaultKind::benign_deployment) {
        service.previous_version = service.version;
        service.version = model::DeploymentVersion{fmt::format("v{}", ++service.release)};
        fault.version = service.version;
        note(fault.since, service, nullptr, model::ChangeKind::version_changed, service.version.value());
    }
    if (record.kind == FaultKind::load_surge) service.relieved_by.reset();
    if (record.kind != FaultKind::crash) return;
    for (auto& instance : service.instances) {
        if (!afflicts(fault, instance)) continue;
        instance.crashed = true;
        note(fault.since, service, &instance, model::ChangeKind::instance_exited, "signal 9");
    }
}

bool World::is_active(const ActiveFault& fault) const {
    return state_.records[fault.record].end == FaultEnd::active;
}

void World::apply_faults(LoopTime begin) {
    for (auto& fault : state_.faults) {
        const double presence = presence_of(fault, begin);
        const bool at_work = is_active(fault) || state_.records[fault.record].kind == FaultKind::load_surge;
        if (at_work && presence > 0) apply_fault(fault, presence, fault.since >= begin);
    }
}

void World::apply_fault(const ActiveFault& fault, double presence, bool begins) {
    Service& service = state_.services[fault.service];
    const FaultKind kind = state_.records[fault.record].kind;
    switch (kind) {
        case FaultKind::load_surge: service.extra_rps += fault.size * presence; break;
        case FaultKind::benign_load: {  // comes and goes slowly
            const double age = std::chrono::duration<double>(state_.now() - fault.since).count();
            const double rest = std::chrono::duration<double>(*fault.until - state_.now()).count();
            service.extra_rps += fault.size * std::clamp(std::min(age, rest) / 40.0, 0.0, 1.0);
            break;
        }
        case FaultKind::telemetry_silence: service.silent = true; break;
        case FaultKind::lost_dependency: {
            service.lost_edge = fault.edge;
            const auto instances = static_cast<double>(service.instances.size());
            state_.edges[*fault.edge].lost =
                presence * static_cast<double>(fault.afflicted.size()) / instances;
            break;
        }
        case FaultKind::bad_version:
        case FaultKind::glitch: service.new_templates += begins ? 2 : 0; break;
        case FaultKind::crash:
        case FaultKind::hang:
        case FaultKind::cpu_burn:
        case FaultKind::memory_leak:
        case FaultKind::slow_dependency:
        case FaultKind::benign_deployment: break;
    }
    for (auto& instance : service.instances) {
        const bool whole_service = kind == FaultKind::bad_version || kind == FaultKind::glitch;
        if (instance.starting() || !(whole_service || afflicts(fault, instance))) continue;
        apply_to_instance(fault, service.profile, instance, presence);
    }
}

void World::apply_to_instance(const ActiveFault& fault, const ServiceProfile& profile, Instance& instance,
                              double presence) const {
    auto& effects = instance.effects;
    switch (state_.records[fault.record].kind) {
        case FaultKind::crash: effects.refusing = presence; break;
        case FaultKind::hang: effects.hanging = presence; break;
        case FaultKind::cpu_burn:
            effects.cpu_slow += (fault.size - 1.0) * presence;
            effects.burn_pct +=
                80.0 * std::max(1.0, std::ceil(profile.workers * profile.cpu_share)) * presence;
            break;
        case FaultKind::memory_leak: {
            instance.leaked_mb += instance.crashed ? 0.0 : fault.size * presence;
            const double used =
                instance.mem_mb / profile.memory_limit_mb;  // the collector works in vain when little is left
            effects.cpu_slow += std::max(0.0, used - 0.85) * 10.0;
            break;
        }
        case FaultKind::bad_version:
            if (fault.by_latency)
                effects.cpu_slow += (fault.size - 1.0) * presence;
            else
                effects.error += fault.size * presence;
            break;
        case FaultKind::slow_dependency: effects.slow += (fault.size - 1.0) * presence; break;
        case FaultKind::lost_dependency: effects.lost = presence; break;
        case FaultKind::glitch:
            effects.error += fault.size * presence;
            effects.slow += 2.0 * presence;
            break;
        case FaultKind::load_surge:
        case FaultKind::telemetry_silence:
        case FaultKind::benign_load:
        case FaultKind::benign_deployment: break;
    }
}

void World::end_fault(const ActiveFault& fault, FaultEnd end, std::optional<model::OrderId> by, LoopTime at) {
    auto& record = state_.records[fault.record];
    record.end = end;
    record.ended_at = at;
    record.cured_by = std::move(by);
}

void World::cure_instance(const Service& service, const model::InstanceId& instance,
                          const std::optional<model::OrderId>& by, LoopTime at) {
    for (auto& fault : state_.faults) {
        const auto& record = state_.records[fault.record];
        if (record.service != service.profile.id || !is_active(fault) ||
            !cures(model::ActionKind::restart, record.kind)) {
            continue;
        }
        std::erase(fault.afflicted, instance);
        if (fault.afflicted.empty()) end_fault(fault, FaultEnd::cured, by, at);
    }
}

void World::repair(const model::ServiceId& id, LoopTime now) {
    Service* service = find(id);
    if (service == nullptr) return;
    for (auto& fault : state_.faults) {
        const auto& record = state_.records[fault.record];
        if (record.service != id || !is_active(fault)) continue;
        fault.until = now;
        if (record.felt_until) state_.records[fault.record].felt_until = now;
        if (record.kind == FaultKind::bad_version) {
            service->version = service->previous_version;
            note(now, *service, nullptr, model::ChangeKind::version_changed, service->version.value());
        }
        end_fault(fault, FaultEnd::repaired, std::nullopt, now);
    }
    service->throttle_rps.reset();
    for (auto& instance : service->instances) {
        if (instance.crashed) note(now, *service, &instance, model::ChangeKind::instance_started, "");
        instance.crashed = false;
        instance.in_rotation = true;
        instance.leaked_mb = 0;
        instance.queue = 0;
    }
}

/// Ends what heals itself, and a surge that there is room for. The extra load of a surge goes on until its
/// own end, whoever made room for it; when the room is taken away, the surge is a fault again.
void World::end_faults() {
    constexpr double kRoom = 0.85;
    constexpr double kSaturated = 1.0;
    for (auto& fault : state_.faults) {
        auto& record = state_.records[fault.record];
        const Service& service = state_.services[fault.service];
        const bool surge = record.kind == FaultKind::load_surge;
        if (surge && record.end == FaultEnd::cured && service.utilisation > kSaturated)
            record.end = FaultEnd::active;
        if (!is_active(fault)) continue;
        if (fault.until && *fault.until <= state_.now()) {
            end_fault(fault, FaultEnd::healed_itself, std::nullopt, *fault.until);
        } else if (surge && service.relieved_by && service.utilisation < kRoom) {
            end_fault(fault, FaultEnd::cured, service.relieved_by, state_.now());
        }
    }
    std::erase_if(state_.faults, [&](const ActiveFault& fault) {
        const bool may_return = fault.until ? *fault.until > state_.now()
                                            : state_.records[fault.record].kind == FaultKind::bad_version;
        return !is_active(fault) && !may_return;
    });
}

}  // namespace homeostat::twin
