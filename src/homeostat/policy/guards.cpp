// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/guards.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "homeostat/base/contains.h"

namespace homeostat::policy {
namespace {

bool names_playbook(const std::vector<std::string>& names, const model::PlaybookId& playbook) {
    const auto& id = playbook.value();
    const auto name = id.substr(0, id.find('@'));
    return std::ranges::any_of(names, [&](const auto& wanted) { return wanted == id || wanted == name; });
}

template <class T>
bool selects(const std::vector<T>& selector, const T& value) {
    return selector.empty() || contains(selector, value);
}

Settings settings_for(const PolicyConfig& config, const model::Plan& plan, const model::ServiceId& service,
                      model::Criticality criticality) {
    Settings settings{.mode = config.mode,
                      .allowed_actions = config.allowed_actions,
                      .min_replicas = config.min_replicas,
                      .max_replicas = config.max_replicas,
                      .max_scale_step = config.max_scale_step,
                      .max_unavailable_pct = config.max_unavailable_pct};
    for (const auto& rule : config.rules) {
        const bool matches = selects(rule.services, service) && selects(rule.criticality, criticality) &&
                             selects(rule.causes, plan.cause.kind) &&
                             (rule.playbooks.empty() || names_playbook(rule.playbooks, plan.playbook));
        if (!matches) continue;
        settings.mode = rule.mode.value_or(settings.mode);
        settings.allowed_actions = rule.allowed_actions.value_or(settings.allowed_actions);
        settings.min_replicas = rule.min_replicas.value_or(settings.min_replicas);
        settings.max_replicas = rule.max_replicas.value_or(settings.max_replicas);
        settings.max_scale_step = rule.max_scale_step.value_or(settings.max_scale_step);
        settings.max_unavailable_pct = rule.max_unavailable_pct.value_or(settings.max_unavailable_pct);
    }
    return settings;
}

void guard_stopped(const Question& question, Objections& objections) {
    if (!question.situation.stopped) return;
    objections.push_back({.text = "the stop switch is on: " + *question.situation.stopped});
}

void guard_mode(const Question& question, Objections& objections) {
    auto mode = question.plan.autonomy;
    for (const auto& target : question.services) mode = std::min(mode, target.settings.mode);
    switch (mode) {
        case model::Autonomy::observe:
        case model::Autonomy::suggest:
            objections.push_back(
                {.decision = model::Decision::suggest,
                 .text = fmt::format("the mode is '{}': nothing is done by itself", to_string(mode))});
            break;
        case model::Autonomy::approve:
            objections.push_back({.decision = model::Decision::needs_approval,
                                  .text = "the mode is 'approve': a person must say yes"});
            break;
        case model::Autonomy::automatic: break;
    }
}

void guard_approval(const Question& question, Objections& objections) {
    const auto& approval = question.config.approval;
    const auto ask = [&](std::string text) {
        objections.push_back({.decision = model::Decision::needs_approval, .text = std::move(text)});
    };
    for (const auto& target : question.services) {
        if (target.state == nullptr || target.state->criticality < approval.criticality) continue;
        ask(fmt::format("{} is of criticality '{}'; from '{}' on a person must say yes",
                        target.service.value(), to_string(target.state->criticality),
                        to_string(approval.criticality)));
    }
    for (const auto& step : question.plan.steps) {
        if (step.risk < approval.risk) continue;
        ask(fmt::format("step '{}' is of risk '{}'; from '{}' on a person must say yes", step.name,
                        to_string(step.risk), to_string(approval.risk)));
    }
    const auto& radius = question.plan.blast_radius;
    if (radius.upstream.size() > approval.blast_radius) {
        ask(fmt::format("{} services call the targets; above {} a person must say yes",
                        radius.upstream.size(), approval.blast_radius));
    }
    if (radius.critical.size() > approval.critical_blast_radius) {
        ask(fmt::format("{} critical services call the targets; above {} a person must say yes",
                        radius.critical.size(), approval.critical_blast_radius));
    }
}

void guard_storm(const Question& question, Objections& objections) {
    const auto open = question.situation.open_incidents;
    const auto limit = question.config.max_open_incidents;
    if (open <= limit) return;
    objections.push_back({.decision = model::Decision::needs_approval,
                          .text = fmt::format("{} incidents are open, more than {}: in a storm a person must "
                                              "say yes to each act",
                                              open, limit)});
}

}  // namespace

Question make_question(const PolicyConfig& config, const model::Plan& plan, const Situation& situation,
                       const Ledger& ledger) {
    Question question{config, plan, situation, ledger, targets_of(plan), {}};
    for (const auto& target : question.targets) {
        if (!question.services.empty() && question.services.back().service == target.service) continue;
        const auto known = situation.services.find(target.service);
        const auto* state = known == situation.services.end() ? nullptr : &known->second;
        const auto criticality = state != nullptr ? state->criticality : model::Criticality::critical;
        question.services.push_back(
            {target.service, state, settings_for(config, plan, target.service, criticality)});
    }
    return question;
}

std::uint64_t percent_limit(std::uint64_t count, std::uint32_t percent) {
    return std::max<std::uint64_t>(1, count * percent / 100);
}

std::span<const GuardRule> guard_rules() {
    static constexpr std::array kRules{
        GuardRule{"stopped", guard_stopped},
        GuardRule{"plan", guard_plan},
        GuardRule{"evidence", guard_evidence},
        GuardRule{kStrikesRule, guard_strikes},
        GuardRule{"allowed_actions", guard_allowed_actions},
        GuardRule{"replicas", guard_replicas},
        GuardRule{"unavailable", guard_unavailable},
        GuardRule{"targets", guard_targets},
        GuardRule{"busy", guard_busy},
        GuardRule{"cooldown", guard_cooldown},
        GuardRule{"rate", guard_rate},
        GuardRule{"maintenance", guard_maintenance},
        GuardRule{"mode", guard_mode},
        GuardRule{"storm", guard_storm},
        GuardRule{"approval", guard_approval},
    };
    return kRules;
}

}  // namespace homeostat::policy
