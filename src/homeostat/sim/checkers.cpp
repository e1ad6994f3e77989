// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/checkers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "homeostat/model/verification.h"

namespace homeostat::sim {
namespace {

using namespace std::chrono_literals;
using model::OrderOutcome;
using model::RecordKind;

constexpr std::size_t kMaxViolations = 100;  // of one run: the first ones tell it all
constexpr Duration kClockSlack = 2s;         // of skewed clocks, and of a second's granularity

/// A silence cannot be told from a window on its way before it has lasted for a while.
constexpr Duration kSilenceKnown = 5s;

/// An order id is incident/attempt.step.retry and a letter: the act is what comes before the step.
model::OrderId act_of(const model::OrderId& id) {
    return model::OrderId{id.value().substr(0, id.value().find('.'))};
}

bool begins_act(const model::Order& order) {
    return !order.undo && order.id.value().ends_with(".0.0");
}

/// The decision inside of a record, as a `T`.
template <class T>
std::optional<T> decision_of(const model::AuditRecord& record) {
    const auto* decision = record.body.find("decision");
    if (decision == nullptr) return std::nullopt;
    auto value = from_json<T>(*decision);
    return value ? std::optional<T>(*std::move(value)) : std::nullopt;
}

bool overlap(const std::optional<model::InstanceId>& a, const std::optional<model::InstanceId>& b) {
    return !a || !b || *a == *b;
}

}  // namespace

void Checkers::violate(std::string rule, std::string text, Instant now) {
    if (violations_.size() < kMaxViolations)
        violations_.push_back({std::move(rule), std::move(text), now.loop});
}

void Checkers::on_record(const model::AuditRecord& record, Instant now) {
    if (const auto linked = chain_.check(record); !linked)
        violate("audit_chain", linked.error().message, now);
    if (!record.incident) return;
    auto& incident = incidents_[*record.incident];
    constexpr std::array kEnds{RecordKind::verified, RecordKind::incident_resolved,
                               RecordKind::incident_dismissed, RecordKind::escalated,
                               RecordKind::undo_intended};
    if (std::find(kEnds.begin(), kEnds.end(), record.kind) != kEnds.end()) acting_.erase(*record.incident);
    if (record.kind == RecordKind::order_intended || record.kind == RecordKind::undo_intended) {
        on_intent(record, now);
    } else if (record.kind == RecordKind::order_finished) {
        on_outcome(record, now);
    } else if (record.kind == RecordKind::planned) {
        incident.plan = decision_of<model::Plan>(record);
    } else if (record.kind == RecordKind::approval_requested) {
        incident.awaiting = true;
    } else if (record.kind == RecordKind::verified) {
        on_verified(record, now);
    } else if (record.kind == RecordKind::incident_resolved) {
        on_resolved(record, now);
    } else if (record.kind == RecordKind::escalated && incident.owed > 0 && !stopped_) {
        violate("undo",
                fmt::format("{} was given up with {} act(s) not taken back", record.incident->value(),
                            incident.owed),
                now);
    }
}

void Checkers::on_intent(const model::AuditRecord& record, Instant now) {
    const auto order = decision_of<model::Order>(record);
    if (!order || !record.incident) {
        violate("intent", "an intent without its order", now);
        return;
    }
    auto& facts = orders_[order->id];
    if (facts.intended) violate("order_id", fmt::format("{} was intended twice", order->id.value()), now);
    facts.intended = true;
    facts.order = *order;
    auto& incident = incidents_[*record.incident];
    if (order->undo) {
        incident.owed = incident.owed > 0 ? incident.owed - 1 : 0;
    } else if (begins_act(*order)) {
        if (incident.owed > 0) {
            violate("undo",
                    fmt::format("{} goes on with {} act(s) not taken back", record.incident->value(),
                                incident.owed),
                    now);
        }
        incident.undoable = 0;
        incident.owed = 0;
    }
}

void Checkers::on_outcome(const model::AuditRecord& record, Instant now) {
    const auto result = decision_of<model::OrderResult>(record);
    if (!result) {
        violate("outcome", "an outcome without its result", now);
        return;
    }
    auto& facts = orders_[result->id];
    const auto id = result->id.value();
    if (!facts.intended) violate("outcome", fmt::format("{} has an outcome and no intent", id), now);
    if (facts.recorded) violate("outcome", fmt::format("{} has two outcomes", id), now);
    facts.recorded = result->outcome;
    const bool done = facts.executed == OrderOutcome::done;
    if (result->outcome == OrderOutcome::done && !done) {
        violate("assumed", fmt::format("{} is recorded as done, and was not", id), now);
    }
    if (done && (result->outcome == OrderOutcome::failed || result->outcome == OrderOutcome::refused)) {
        violate("assumed", fmt::format("{} is recorded as {}, and was done", id, to_string(result->outcome)),
                now);
    }
    if (record.incident && result->outcome != OrderOutcome::done) acting_.erase(*record.incident);
    if (record.incident && !facts.order.undo && result->outcome == OrderOutcome::done && result->undo) {
        ++incidents_[*record.incident].undoable;
    }
}

void Checkers::on_verified(const model::AuditRecord& record, Instant now) {
    if (!record.incident) return;
    auto& incident = incidents_[*record.incident];
    const auto verification = decision_of<model::Verification>(record);
    if (!verification || !incident.plan) return;
    incident.proven.reset();
    if (verification->outcome == model::VerificationOutcome::recovered && record.service)
        incident.proven = was_well(*record.service, now);
    const bool failed =
        verification->outcome == model::VerificationOutcome::not_recovered && !verification->improved;
    const auto& steps = incident.plan->steps;
    const bool may_undo = std::all_of(steps.begin(), steps.end(), [](const model::PlannedStep& step) {
        return step.undo == model::UndoPolicy::automatic;
    });
    if (failed && may_undo && incident.plan->on_failure == model::OnFailure::undo)
        incident.owed = incident.undoable;
    incident.undoable = 0;
}

/// A new fault may have struck since the last second of the soak: that much is forgiven.
bool Checkers::was_well(const model::ServiceId& service, Instant now) const {
    const auto well = well_.find(service);
    return well != well_.end() && now.loop - well->second <= 5s;
}

/// Success is a service that carries traffic and is well, not one that fell silent or never was ill. What
/// counts is when that was seen: a controller that dies in between says so later.
void Checkers::on_resolved(const model::AuditRecord& record, Instant now) {
    if (!record.service || !record.incident) return;
    const auto& proven = incidents_[*record.incident].proven;
    if (!proven.value_or(was_well(*record.service, now))) {
        violate("false_success",
                fmt::format("{} claims success, and {} is not well", record.incident->value(),
                            record.service->value()),
                now);
    }
}

void Checkers::on_sent(const model::Order& order, Instant now) {
    auto& facts = orders_[order.id];
    if (!facts.intended) {
        violate("intent", fmt::format("{} left before its intent was durable", order.id.value()), now);
    } else if (facts.order != order) {
        violate("order_id", fmt::format("{} is not the order that was intended", order.id.value()), now);
    }
    facts.order = order;
    facts.sent = true;
    if (stopped_)
        violate("stopped", fmt::format("{} left while the stop switch is on", order.id.value()), now);
    check_limit(order, now);
    if (order.undo) return;
    check_policy(order, now);
    check_cooldown(order, now);
    if (!begins_act(order)) return;
    check_evidence(order, now);
    check_need(order, now);
}

model::Autonomy Checkers::mode_of(const model::ServiceId& service) const {
    auto mode = policy_.mode;
    for (const auto& rule : policy_.rules) {
        const bool names =
            std::find(rule.services.begin(), rule.services.end(), service) != rule.services.end();
        if ((names || rule.services.empty()) && rule.mode) mode = *rule.mode;
    }
    return mode;
}

void Checkers::check_policy(const model::Order& order, Instant now) {
    const auto& action = order.action;
    const auto& allowed = policy_.allowed_actions;
    const auto id = order.id.value();
    if (std::find(allowed.begin(), allowed.end(), action.kind) == allowed.end()) {
        violate("policy", fmt::format("{}: {} is not allowed", id, to_string(action.kind)), now);
    }
    const auto mode = mode_of(action.service);
    if (mode < model::Autonomy::approve) {
        violate("policy", fmt::format("{}: {} may only be watched", id, action.service.value()), now);
    }
    const auto incident = incidents_.find(order.incident);
    const bool approved = incident != incidents_.end() && !incident->second.awaiting;
    if (!approved || (mode == model::Autonomy::approve && !said_yes_.contains(order.incident))) {
        violate("approval", fmt::format("{} left without a person's yes", id), now);
    }
    const auto parameter = action.parameters.find("replicas");
    if (action.kind != model::ActionKind::scale || parameter == action.parameters.end()) return;
    const auto* wanted = parameter->second.as_integer();
    if (wanted == nullptr || *wanted < policy_.min_replicas || *wanted > policy_.max_replicas) {
        violate("policy", fmt::format("{} asks for replicas out of the limits", id), now);
    }
}

void Checkers::check_cooldown(const model::Order& order, Instant now) {
    const auto act = act_of(order.id);
    for (const auto& busy : busy_[order.action.service]) {
        if (busy.act == act || !overlap(busy.instance, order.action.instance)) continue;
        if (now.loop - busy.until < policy_.cooldown) {
            violate("cooldown",
                    fmt::format("{} follows {} on {} within the cool-down", order.id.value(),
                                busy.act.value(), order.action.service.value()),
                    now);
        }
    }
}

/// Services that an order is on its way to, that are still changing because of one, or whose act is not yet
/// seen to be over.
void Checkers::check_limit(const model::Order& order, Instant now) {
    std::set<model::ServiceId> targets{order.action.service};
    for (const auto& [id, facts] : orders_) {
        const bool open = facts.sent && !facts.recorded;
        const bool changing = facts.executed == OrderOutcome::done && world_.completed_at(id) > now.loop;
        if (open || changing) targets.insert(facts.order.action.service);
    }
    for (const auto& [incident, service] : acting_) targets.insert(service);
    if (begins_act(order)) acting_[order.incident] = order.action.service;
    const auto services = world_.state().services.size();
    const auto share = std::max<std::size_t>(1, services * policy_.max_targets_pct / 100);
    const auto limit = std::min<std::size_t>(policy_.max_targets, share);
    if (targets.size() > limit) {
        violate("targets",
                fmt::format("{} makes {} targets at once where {} are allowed", order.id.value(),
                            targets.size(), limit),
                now);
    }
}

/// The evidence is as old as it was when the order was decided: should a crash delay it, the lease ends it.
void Checkers::check_evidence(const model::Order& order, Instant now) {
    const auto seen = seen_.find(order.action.service);
    const auto decided = now.event - (now.loop - order.issued_at);
    const bool fresh =
        seen != seen_.end() && decided - seen->second <= policy_.max_evidence_age + kClockSlack;
    if (!fresh) {
        violate("evidence",
                fmt::format("{} acts on {}, of which nothing was seen for too long", order.id.value(),
                            order.action.service.value()),
                now);
    }
}

void Checkers::check_need(const model::Order& order, Instant now) {
    bool silent = false;
    bool faulty = false;
    for (const auto& fault : world_.faults()) {
        if (fault.service != order.action.service || fault.end != twin::FaultEnd::active) continue;
        const bool known = order.issued_at - fault.injected_at > kSilenceKnown;
        silent = silent || (known && fault.kind == twin::FaultKind::telemetry_silence);
        faulty = faulty || fault.needs_action();
    }
    if (silent && !faulty) {
        violate("silence",
                fmt::format("{} acts on {}, whose telemetry alone is gone", order.id.value(),
                            order.action.service.value()),
                now);
    }
    if (!trouble_ || now.loop - *trouble_ > 30s) ++needless_;
}

void Checkers::on_arrived(const model::Order& order, const model::OrderResult& result, Instant now) {
    auto& facts = orders_[order.id];
    if (facts.sent && facts.order.action != order.action) {
        violate("order_id", fmt::format("{} stands for two acts", order.id.value()), now);
    }
    if (facts.executed) return;
    facts.executed = result.outcome;
    if (result.outcome != OrderOutcome::done) return;
    for (const auto& [id, other] : orders_) {  // the same decision under another id
        const bool same = id != order.id && other.executed == OrderOutcome::done &&
                          other.order.incident == order.incident && other.order.action == order.action &&
                          other.order.undo == order.undo && act_of(id) == act_of(order.id) &&
                          other.order.step == order.step;
        if (same)
            violate("repeated", fmt::format("{} was carried out as {} before", order.id.value(), id.value()),
                    now);
    }
    busy_[order.action.service].push_back({.act = act_of(order.id),
                                           .instance = order.action.instance,
                                           .until = std::max(now.loop, world_.completed_at(order.id))});
}

void Checkers::on_inputs(std::span<const loop::Input> inputs) {
    for (const auto& input : inputs) {
        if (const auto* arrived = std::get_if<loop::WindowsArrived>(&input)) {
            for (const auto& window : arrived->windows) {
                if (window.freshness != model::Freshness::fresh) continue;
                const auto& about = window.subject.callee ? *window.subject.callee : window.subject.service;
                auto& seen = seen_[about];
                seen = std::max(seen, window.end);
            }
        } else if (const auto* answer = std::get_if<loop::ApprovalAnswered>(&input)) {
            if (answer->approved) {
                incidents_[answer->incident].awaiting = false;
                said_yes_.insert(answer->incident);
            }
        } else if (const auto* command = std::get_if<loop::StopSwitched>(&input)) {
            stopped_ = command->stopped;
        }
    }
}

void Checkers::on_replayed(const model::AuditRecord& durable, const model::AuditRecord& regenerated,
                           Instant now) {
    if (durable == regenerated) return;
    violate("replay",
            fmt::format("record {} is '{}' after the restart, and was '{}'", durable.sequence,
                        regenerated.reason, durable.reason),
            now);
}

void Checkers::on_tick(Instant now) {
    for (const auto& fault : world_.faults()) {
        if (fault.end == twin::FaultEnd::active) trouble_ = now.loop;
    }
    for (const auto& service : world_.state().services) {
        if (world_.serves_well(service.profile.id)) well_[service.profile.id] = now.loop;
    }
}

void Checkers::at_end(Instant now, bool settled) {
    if (!settled)
        violate("liveness", "not all is well, or something is still in flight, long after the last fault",
                now);
    for (const auto& [id, facts] : orders_) {
        if (facts.intended && !facts.recorded)
            violate("outcome", fmt::format("{} has no outcome", id.value()), now);
    }
}

}  // namespace homeostat::sim
