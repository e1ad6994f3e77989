// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/model/action.h"
#include "homeostat/model/change_event.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/twin/fault.h"
#include "homeostat/twin/state.h"
#include "homeostat/twin/telemetry.h"

namespace homeostat::twin {

struct WorldConfig {
    std::uint64_t seed = 1;
    std::uint32_t services = 20;  // 5 to 500
    Climate climate;
    EventTime epoch{std::chrono::hours{24 * 365 * 56}};  // event time at loop time zero
};

/// A simulated system of services in virtual time: what-if, training data, and the patient of the
/// simulation. It knows what is really wrong with it, and obeys orders as an actuator does.
///
/// Deterministic: the same configuration and the same calls give the same windows, bit for bit.
/// Threads: thread-compatible.
class World {
public:
    /// Errors: `invalid_argument` when the number of services is out of bounds.
    [[nodiscard]] static Result<World> create(const WorldConfig& config);

    /// Lets one second pass.
    void advance();

    /// The end of the last second.
    [[nodiscard]] Instant now() const { return {state_.now(), state_.event_now()}; }

    /// The windows of the last second: services, edges, instances. Valid until the next advance().
    [[nodiscard]] std::span<const model::FeatureWindow> windows() const { return windows_; }

    /// What was done to the services, or happened to them, in the last second, our own acts included.
    [[nodiscard]] std::span<const model::ChangeEvent> changes() const { return state_.changes; }

    /// Starts a fault at `at`, which lies in the second that advance() will simulate next, and returns the
    /// number of its record. Errors: `not_found` for an unknown service; `failed_precondition` when the
    /// service has an active fault already, or the fault does not fit it (a store has no dependency to lose).
    Result<std::uint32_t> inject(const FaultRequest& request, LoopTime at);

    /// Carries out an order as a real actuator does: an id at most once (asked again, it gives the first
    /// answer), nothing after the lease, and with the undo read before the act. Restarts and new instances
    /// take one to three seconds.
    model::OrderResult apply(const model::Order& order, LoopTime now);

    /// What became of an order. One that has not arrived by now is `failed`, and is refused if it arrives
    /// later.
    model::OrderResult reconcile(const model::OrderId& order);

    /// When the act of an order that was carried out is complete; the beginning of time for another one.
    [[nodiscard]] LoopTime completed_at(const model::OrderId& order) const;

    /// A person sets the service right: its faults end, its instances run, its traffic goes everywhere.
    void repair(const model::ServiceId& service, LoopTime now);

    [[nodiscard]] std::span<const FaultRecord> faults() const { return state_.records; }

    /// True when the service carries traffic and serves it well, whatever its callees do: what its users
    /// feel.
    [[nodiscard]] bool serves_well(const model::ServiceId& service) const;

    /// True when it serves well, and no fault that needs an action has hold of what serves.
    [[nodiscard]] bool is_healthy(const model::ServiceId& service) const;

    /// True while an order is still taking effect on the service.
    [[nodiscard]] bool is_changing(const model::ServiceId& service) const;

    /// For looking, not for acting.
    [[nodiscard]] const State& state() const { return state_; }

private:
    struct Answer {
        model::OrderResult result;
        LoopTime completed_at{};
    };

    explicit World(const WorldConfig& config);

    [[nodiscard]] Service* find(const model::ServiceId& id);
    [[nodiscard]] const Service* find(const model::ServiceId& id) const;

    void begin_instances(LoopTime begin);
    void begin_restart(const Service& service, Instance& instance, LoopTime begin);
    void finish_start(const Service& service, Instance& instance);
    void begin_rollbacks(LoopTime begin);
    void finish_rollback(Service& service);
    void use_resources();

    void draw_size(ActiveFault& fault, FaultRecord& record, const Service& service);
    void strike(ActiveFault& fault, const FaultRecord& record, Service& service);
    void apply_faults(LoopTime begin);
    void apply_fault(const ActiveFault& fault, double presence, bool begins);
    void apply_to_instance(const ActiveFault& fault, const ServiceProfile& profile, Instance& instance,
                           double presence) const;
    void end_faults();
    void end_fault(const ActiveFault& fault, FaultEnd end, std::optional<model::OrderId> by, LoopTime at);
    void cure_instance(const Service& service, const model::InstanceId& instance,
                       const std::optional<model::OrderId>& by, LoopTime at);
    [[nodiscard]] bool is_active(const ActiveFault& fault) const;

    void note(LoopTime at, const Service& service, const Instance* instance, model::ChangeKind kind,
              std::string detail, std::optional<model::OrderId> order = std::nullopt);
    Instance& add_instance(Service& service);

    Answer carry_out(const model::Order& order, LoopTime now);
    Answer restart(Service& service, const model::Order& order, LoopTime now);
    Answer scale(Service& service, const model::Order& order, LoopTime now);
    Answer rollback(Service& service, const model::Order& order, LoopTime now);
    Answer reroute(Service& service, const model::Order& order, LoopTime now);
    Answer throttle(Service& service, const model::Order& order, LoopTime now);

    State state_;
    Telemetry telemetry_;
    std::span<const model::FeatureWindow> windows_;
    std::vector<model::ChangeEvent> pending_changes_;  // of the second that is being simulated
    std::map<model::ServiceId, std::uint32_t> index_;
    std::map<model::OrderId, Answer> answers_;
    std::uint64_t seed_ = 0;
};

}  // namespace homeostat::twin
