// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/guardrails.h"

#include <algorithm>
#include <string>

#include "homeostat/base/contains.h"
#include "homeostat/policy/guards.h"

namespace homeostat::policy {
namespace {

/// allow < needs_approval < suggest < deny, as the enumerators stand.
model::Decision more_severe(model::Decision a, model::Decision b) {
    return std::max(a, b);
}

void bring_into_limits(model::ActionRequest& action, const TargetService& target, std::int64_t before) {
    const auto wanted = wanted_replicas(action);
    if (!wanted || *wanted == before) return;
    const auto& settings = target.settings;
    const std::int64_t low = std::max<std::int64_t>(settings.min_replicas, before - settings.max_scale_step);
    const std::int64_t high = std::min<std::int64_t>(settings.max_replicas, before + settings.max_scale_step);
    if (low > high) return;
    const auto fitted = std::clamp(*wanted, low, high);
    const bool same_direction = *wanted > before ? fitted > before : fitted < before;
    if (same_direction) action.parameters["replicas"] = fitted;
}

}  // namespace

Guardrails::Guardrails(PolicyConfig config) : config_(std::move(config)), version_(version_of(config_)) {}

Result<Guardrails> Guardrails::create(PolicyConfig config) {
    if (auto ok = check(config); !ok) return std::unexpected(std::move(ok).error());
    return Guardrails{std::move(config)};
}

model::Verdict Guardrails::judge(const model::Plan& plan, const Situation& situation,
                                 const Ledger& ledger) const {
    const auto question = make_question(config_, plan, situation, ledger);
    model::Verdict verdict{.decision = model::Decision::allow, .policy = version_};
    for (const auto& rule : guard_rules()) {
        Objections objections;
        rule.check(question, objections);
        for (auto& objection : objections) {
            const bool answered =
                objection.decision == model::Decision::needs_approval && situation.approved_by.has_value();
            if (answered) {
                objection.text += "; " + *situation.approved_by + " said yes";
            } else {
                verdict.decision = more_severe(verdict.decision, objection.decision);
            }
            verdict.reasons.push_back({.rule = std::string(rule.id),
                                       .text = std::move(objection.text),
                                       .retry_at = objection.retry_at,
                                       .decision = answered ? model::Decision::allow : objection.decision});
        }
    }
    return verdict;
}

model::Verdict Guardrails::judge_undo(const Situation& situation) const {
    model::Verdict verdict{.decision = model::Decision::allow, .policy = version_};
    if (situation.stopped) {
        verdict.decision = model::Decision::deny;
        verdict.reasons.push_back(
            {.rule = "stopped", .text = "the stop switch is on: " + *situation.stopped});
    }
    return verdict;
}

model::Plan Guardrails::fit(model::Plan plan, const Situation& situation) const {
    const Ledger none;
    const auto services = make_question(config_, plan, situation, none).services;
    for (const auto& target : services) {
        if (target.state == nullptr) continue;
        auto replicas = static_cast<std::int64_t>(target.state->instances.size());
        for (auto& step : plan.steps) {
            const bool scales =
                step.action.kind == model::ActionKind::scale && step.action.service == target.service;
            if (!scales) continue;
            bring_into_limits(step.action, target, replicas);
            replicas = wanted_replicas(step.action).value_or(replicas);
        }
    }
    return plan;
}

LoopTime Guardrails::horizon(LoopTime now) const {
    return now - std::max({kRateWindow, config_.strike_window, config_.cooldown});
}

std::optional<LoopTime> retry_at(const model::Verdict& verdict) {
    if (verdict.decision != model::Decision::deny) return std::nullopt;
    std::optional<LoopTime> latest;
    for (const auto& reason : verdict.reasons) {
        if (reason.decision != model::Decision::deny) continue;
        if (!reason.retry_at) return std::nullopt;
        if (!latest || *reason.retry_at > *latest) latest = reason.retry_at;
    }
    return latest;
}

bool must_escalate(const model::Verdict& verdict) {
    return contains(verdict.reasons, kStrikesRule, &model::Reason::rule);
}

}  // namespace homeostat::policy
