// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/ledger.h"

#include <algorithm>
#include <string>

#include "homeostat/base/contains.h"

namespace homeostat::policy {
namespace {

void forgive(Act& act) {
    if (act.outcome == ActOutcome::failed) act.outcome = ActOutcome::forgiven;
}

}  // namespace

bool overlap(const Target& a, const Target& b) {
    if (a.service != b.service) return false;
    return !a.instance || !b.instance || a.instance == b.instance;
}

std::vector<Target> targets_of(const model::Plan& plan) {
    std::vector<Target> targets;
    targets.reserve(plan.steps.size());
    for (const auto& step : plan.steps) targets.push_back({step.action.service, step.action.instance});
    std::ranges::sort(targets);
    const auto repeated = std::ranges::unique(targets);
    targets.erase(repeated.begin(), repeated.end());
    return targets;
}

Result<> Ledger::begin(const model::IncidentId& incident, const model::Plan& plan, LoopTime now) {
    const auto same = [&](const Act& act) { return act.incident == incident && !act.finished_at; };
    if (std::ranges::any_of(acts_, same)) {
        return fail(ErrorCode::conflict, "incident " + incident.value() + " has an act in progress already");
    }
    if (is_full()) {
        return fail(ErrorCode::resource_exhausted,
                    "the ledger holds " + std::to_string(kMaxActs) +
                        " acts and takes no more until old ones are forgotten");
    }
    acts_.push_back({.incident = incident, .targets = targets_of(plan), .started_at = now});
    return {};
}

Result<> Ledger::finish(const model::IncidentId& incident, ActOutcome outcome, LoopTime now) {
    const auto act = std::ranges::find_if(acts_, [&](const Act& candidate) {
        return candidate.incident == incident && !candidate.finished_at;
    });
    if (act == acts_.end()) {
        return fail(ErrorCode::not_found, "incident " + incident.value() + " has no act in progress");
    }
    if (outcome == ActOutcome::withdrawn) {
        acts_.erase(act);
        return {};
    }
    act->finished_at = now;
    act->outcome = outcome;
    return {};
}

void Ledger::forget_before(LoopTime horizon) {
    std::erase_if(acts_, [&](const Act& act) { return act.finished_at && *act.finished_at < horizon; });
}

void Ledger::clear_strikes(const model::ServiceId& service) {
    for (auto& act : acts_) {
        const bool touches = contains(act.targets, service, &Target::service);
        if (touches) forgive(act);
    }
}

void Ledger::clear_strikes() {
    std::ranges::for_each(acts_, forgive);
}

}  // namespace homeostat::policy
