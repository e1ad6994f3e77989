// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "homeostat/base/contains.h"
#include "homeostat/policy/guards.h"

namespace homeostat::policy {
namespace {

using Instances = std::set<model::InstanceId>;

/// True when the action takes what it touches out of service, for a while or for good.
bool disrupts(const model::ActionRequest& action) {
    switch (action.kind) {
        case model::ActionKind::restart:
        case model::ActionKind::rollback: return true;
        case model::ActionKind::reroute: {
            const auto enabled = action.parameters.find("enabled");
            const auto* value = enabled == action.parameters.end() ? nullptr : enabled->second.as_bool();
            return value == nullptr || *value;
        }
        case model::ActionKind::scale:
        case model::ActionKind::throttle:
        case model::ActionKind::script:
        case model::ActionKind::kubectl: break;
    }
    return false;
}

/// The instances of a service that are out of service now, those under other acts included. An instance
/// that is not on the list of all counts too: better one too many than one too few.
Instances unavailable_now(const Question& question, const TargetService& target) {
    Instances out(target.state->unavailable.begin(), target.state->unavailable.end());
    for (const auto& act : question.ledger.acts()) {
        if (act.finished_at) continue;
        for (const auto& other : act.targets) {
            if (other.service == target.service && other.instance) out.insert(*other.instance);
        }
    }
    return out;
}

/// How many are out of service at the worst moment of the plan. A step on the service as a whole takes its
/// instances one after the other.
std::size_t unavailable_after(const Question& question, const TargetService& target, Instances now) {
    bool rolls = false;
    for (const auto& step : question.plan.steps) {
        if (step.action.service != target.service || !disrupts(step.action)) continue;
        if (step.action.instance) now.insert(*step.action.instance);
        rolls = rolls || !step.action.instance;
    }
    const bool some_left = now.size() < target.state->instances.size();
    return now.size() + (rolls && some_left ? 1U : 0U);
}

void check_scale(const model::PlannedStep& step, const TargetService& target, std::int64_t before,
                 Objections& objections) {
    const auto wanted = wanted_replicas(step.action);
    if (!wanted) {
        objections.push_back({.text = fmt::format("step '{}' does not say to how many replicas", step.name)});
        return;
    }
    const auto& settings = target.settings;
    if (*wanted < settings.min_replicas || *wanted > settings.max_replicas) {
        objections.push_back(
            {.text = fmt::format("{} would have {} replicas; allowed are {} to {}", target.service.value(),
                                 *wanted, settings.min_replicas, settings.max_replicas)});
    }
    const auto change = *wanted > before ? *wanted - before : before - *wanted;
    if (change > settings.max_scale_step) {
        objections.push_back(
            {.text = fmt::format("{} would go from {} to {} replicas; one act may change {}",
                                 target.service.value(), before, *wanted, settings.max_scale_step)});
    }
}

}  // namespace

std::optional<std::int64_t> wanted_replicas(const model::ActionRequest& action) {
    const auto found = action.parameters.find("replicas");
    if (found == action.parameters.end()) return std::nullopt;
    const auto* wanted = found->second.as_integer();
    // The bound keeps differences of two numbers of replicas from overflowing.
    if (wanted == nullptr || *wanted < 0 || !std::in_range<std::int32_t>(*wanted)) return std::nullopt;
    return *wanted;
}

void guard_plan(const Question& question, Objections& objections) {
    if (question.plan.steps.empty()) objections.push_back({.text = "the plan has no steps"});
    for (const auto& target : question.services) {
        if (target.state != nullptr) continue;
        objections.push_back(
            {.text = fmt::format("nothing is known about the state of {}", target.service.value())});
    }
}

void guard_allowed_actions(const Question& question, Objections& objections) {
    for (const auto& step : question.plan.steps) {
        const auto target =
            std::ranges::find(question.services, step.action.service, &TargetService::service);
        if (contains(target->settings.allowed_actions, step.action.kind)) continue;
        objections.push_back({.text = fmt::format("'{}' is not among the actions allowed on {}",
                                                  to_string(step.action.kind), step.action.service.value())});
    }
}

void guard_replicas(const Question& question, Objections& objections) {
    for (const auto& target : question.services) {
        if (target.state == nullptr) continue;
        auto replicas = static_cast<std::int64_t>(target.state->instances.size());
        for (const auto& step : question.plan.steps) {
            const bool scales =
                step.action.kind == model::ActionKind::scale && step.action.service == target.service;
            if (!scales) continue;
            check_scale(step, target, replicas, objections);
            replicas = wanted_replicas(step.action).value_or(replicas);
        }
    }
}

void guard_unavailable(const Question& question, Objections& objections) {
    for (const auto& target : question.services) {
        if (target.state == nullptr) continue;
        const auto now = unavailable_now(question, target);
        const auto after = unavailable_after(question, target, now);
        const auto limit = percent_limit(target.state->instances.size(), target.settings.max_unavailable_pct);
        if (after <= now.size() || after <= limit) continue;
        objections.push_back(
            {.text = fmt::format("{} of {} instances of {} would be out of service; the limit is {} ({} %)",
                                 after, target.state->instances.size(), target.service.value(), limit,
                                 target.settings.max_unavailable_pct),
             .retry_at = question.situation.now.loop + kAskAgain});
    }
}

void guard_targets(const Question& question, Objections& objections) {
    std::set<model::ServiceId> services;
    for (const auto& act : question.ledger.acts()) {
        if (act.finished_at) continue;
        for (const auto& target : act.targets) services.insert(target.service);
    }
    const auto before = services.size();
    for (const auto& target : question.services) services.insert(target.service);
    const auto after = services.size();
    if (after == before) return;

    const auto share = percent_limit(question.situation.service_count, question.config.max_targets_pct);
    const auto limit = std::min<std::uint64_t>(question.config.max_targets, share);
    if (after <= limit) return;
    // A plan that alone exceeds the limit never fits; one beside others fits when they have ended.
    const bool waits = question.services.size() <= limit;
    objections.push_back(
        {.text = fmt::format(
             "{} services would be acted upon at once; the limit is {} ({} at most, and {} % of {})", after,
             limit, question.config.max_targets, question.config.max_targets_pct,
             question.situation.service_count),
         .retry_at = waits ? std::optional(question.situation.now.loop + kAskAgain) : std::nullopt});
}

}  // namespace homeostat::policy
