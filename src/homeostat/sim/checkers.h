// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "homeostat/audit/chain.h"
#include "homeostat/base/time.h"
#include "homeostat/loop/input.h"
#include "homeostat/model/action.h"
#include "homeostat/model/audit_record.h"
#include "homeostat/model/plan.h"
#include "homeostat/policy/policy_config.h"
#include "homeostat/twin/world.h"

namespace homeostat::sim {

/// Something happened that must never happen.
struct Violation {
    std::string rule;  // stable id
    std::string text;
    LoopTime at{};

    friend bool operator==(const Violation&, const Violation&) = default;
};

/// Watches a run from outside and knows what is really the case: the world, what became durable, what
/// people said, and the policy as it was meant. It shares no code with what it checks, and trusts nothing
/// that the loop says.
class Checkers {
public:
    Checkers(const policy::PolicyConfig& policy, const twin::World& world) : policy_(policy), world_(world) {}

    /// A record became durable.
    void on_record(const model::AuditRecord& record, Instant now);
    /// An order left the loop.
    void on_sent(const model::Order& order, Instant now);
    /// An order reached the actuator, for the first time or again.
    void on_arrived(const model::Order& order, const model::OrderResult& result, Instant now);
    /// Inputs reached the loop, as they truly were.
    void on_inputs(std::span<const loop::Input> inputs);
    /// After a restart: was `regenerated` equal to what is durable?
    void on_replayed(const model::AuditRecord& durable, const model::AuditRecord& regenerated, Instant now);
    /// A second has passed.
    void on_tick(Instant now);
    /// The end, `settled` after the faults were off.
    void at_end(Instant now, bool settled);

    [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
    /// Orders to services while nothing in the world had been wrong for a while: no violation, a waste.
    [[nodiscard]] std::uint64_t needless() const { return needless_; }

private:
    struct OrderFacts {
        model::Order order;
        bool intended = false;
        bool sent = false;
        std::optional<model::OrderOutcome> executed;  // what the actuator really did
        std::optional<model::OrderOutcome> recorded;  // what the audit says
    };
    struct IncidentFacts {
        std::optional<model::Plan> plan;
        bool awaiting = false;       // approval was asked for, and no yes came since
        std::uint32_t undoable = 0;  // acts done that can be taken back
        std::uint32_t owed = 0;      // of those, to be taken back since the check failed
        std::optional<bool> proven;  // whether the service was well when its recovery was verified
    };
    struct Busy {
        model::OrderId act;  // the order ids up to the step
        std::optional<model::InstanceId> instance;
        LoopTime until{};
    };

    void violate(std::string rule, std::string text, Instant now);
    void on_intent(const model::AuditRecord& record, Instant now);
    void on_outcome(const model::AuditRecord& record, Instant now);
    void on_verified(const model::AuditRecord& record, Instant now);
    [[nodiscard]] bool was_well(const model::ServiceId& service, Instant now) const;
    void on_resolved(const model::AuditRecord& record, Instant now);
    void check_policy(const model::Order& order, Instant now);
    void check_cooldown(const model::Order& order, Instant now);
    void check_limit(const model::Order& order, Instant now);
    void check_evidence(const model::Order& order, Instant now);
    void check_need(const model::Order& order, Instant now);
    [[nodiscard]] model::Autonomy mode_of(const model::ServiceId& service) const;

    policy::PolicyConfig policy_;
    const twin::World& world_;
    std::vector<Violation> violations_;
    audit::ChainVerifier chain_;
    std::map<model::OrderId, OrderFacts> orders_;
    std::map<model::IncidentId, IncidentFacts> incidents_;
    std::set<model::IncidentId> said_yes_;
    std::map<model::IncidentId, model::ServiceId> acting_;  // begun, and not seen to be over
    std::map<model::ServiceId, std::vector<Busy>> busy_;
    std::map<model::ServiceId, EventTime> seen_;  // the newest fresh window about the service
    std::map<model::ServiceId, LoopTime> well_;   // when the service was last well, by truth
    std::optional<LoopTime> trouble_;             // when something was last wrong in the world
    bool stopped_ = false;
    std::uint64_t needless_ = 0;
};

}  // namespace homeostat::sim
