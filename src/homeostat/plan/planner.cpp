// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "homeostat/plan/actions.h"
#include "homeostat/plan/variables.h"

namespace homeostat::plan {
namespace {

std::vector<model::Guard> guards_of(const Guards& guards) {
    using enum model::GuardKind;
    std::vector<model::Guard> out;
    if (guards.min_replicas) out.push_back({min_replicas, *guards.min_replicas});
    if (guards.max_replicas) out.push_back({max_replicas, *guards.max_replicas});
    if (guards.healthy_others) out.push_back({healthy_others, *guards.healthy_others});
    if (guards.version_known) out.push_back({version_known, 1});
    return out;
}

std::int64_t healthy_besides(const std::optional<model::InstanceId>& instance, const TargetState& state) {
    return std::ranges::count_if(state.healthy, [&](const auto& healthy) { return healthy != instance; });
}

Result<> check_guard(const model::Guard& guard, const model::Cause& cause, const TargetState& state) {
    const auto replicas = static_cast<std::int64_t>(state.instances.size());
    const auto refuse = [&](std::string_view what, std::int64_t value) {
        return fail(ErrorCode::failed_precondition,
                    fmt::format("guard {} {} does not hold: {} {} {}", homeostat::to_string(guard.kind),
                                guard.value, cause.service.value(), what, value));
    };
    switch (guard.kind) {
        case model::GuardKind::min_replicas:
            if (replicas < guard.value) return refuse("has replicas:", replicas);
            break;
        case model::GuardKind::max_replicas:
            if (replicas > guard.value) return refuse("has replicas:", replicas);
            break;
        case model::GuardKind::healthy_others: {
            const auto others = healthy_besides(cause.instance, state);
            if (others < guard.value) return refuse("has other instances in the traffic:", others);
            break;
        }
        case model::GuardKind::version_known:
            if (!state.previous_version) return refuse("has known versions before this one:", 0);
            break;
    }
    return {};
}

Result<std::string> fill_in_text(const std::string& text, const Variables& variables) {
    HOMEOSTAT_TRY(const auto filled, fill_in(json::Value(text), variables));
    return text_form::text_of(filled);
}

Result<> check_guards(const model::Plan& plan, const TargetState& state) {
    for (const auto& guard : plan.guards) {
        if (auto held = check_guard(guard, plan.cause, state); !held) return held;
    }
    return {};
}

bool puts_back(const model::ActionRequest& action) {
    const auto enabled = action.parameters.find("enabled");
    return action.kind == model::ActionKind::reroute && enabled != action.parameters.end() &&
           enabled->second == json::Value(false);
}

Result<model::VerifySpec> make_verify(const VerifyTemplate& verify, const model::ServiceId& service,
                                      const Variables& variables, const TargetState& state) {
    model::VerifySpec spec{
        .initial_delay = verify.initial_delay, .soak = verify.soak, .deadline = verify.deadline};
    for (const auto& criterion : verify.criteria) {
        spec.criteria.push_back({.feature = criterion.feature,
                                 .at_most = criterion.at_most,
                                 .at_most_of_baseline = criterion.at_most_of_baseline});
    }
    if (verify.script.empty()) return spec;
    json::Array words(verify.script.begin(), verify.script.end());
    HOMEOSTAT_TRY(auto parameters,
                  resolve_arguments(model::ActionKind::script, std::move(words), variables, state));
    spec.script = model::ActionRequest{
        .kind = model::ActionKind::script, .service = service, .parameters = std::move(parameters)};
    return spec;
}

Result<model::PlannedStep> make_step(const StepTemplate& step, const model::Cause& cause,
                                     const Variables& variables, const TargetState& state) {
    model::PlannedStep planned{.name = step.name,
                               .action = {.kind = step.action},
                               .timeout = step.timeout,
                               .retries = step.retries,
                               .undo = step.undo,
                               .risk = step.risk};
    HOMEOSTAT_TRY(auto service, fill_in_text(step.service, variables));
    planned.action.service = model::ServiceId{std::move(service)};
    if (step.instance) {
        HOMEOSTAT_TRY(auto instance, fill_in_text(*step.instance, variables));
        planned.action.instance = model::InstanceId{std::move(instance)};
    }
    HOMEOSTAT_TRY(planned.action.parameters, resolve_arguments(step.action, step.args, variables, state));
    if (step.verify) {
        HOMEOSTAT_TRY(auto verify, make_verify(*step.verify, cause.service, variables, state));
        planned.verify = std::move(verify);
    }
    return planned;
}

model::BlastRadius blast_radius_of(const std::vector<model::PlannedStep>& steps, const TargetState& state) {
    model::BlastRadius radius{.upstream = state.upstream, .critical = state.critical_upstream};
    for (const auto& step : steps) radius.targets.push_back(step.action.service);
    std::ranges::sort(radius.targets);
    const auto repeated = std::ranges::unique(radius.targets);
    radius.targets.erase(repeated.begin(), repeated.end());
    return radius;
}

Result<model::Plan> make_plan(const Playbook& playbook, const model::Cause& cause, std::uint32_t rung,
                              const TargetState& state) {
    model::Plan plan{.playbook = playbook.id(),
                     .rung = rung,
                     .cause = cause,
                     .guards = guards_of(playbook.guards),
                     .on_failure = playbook.on_failure,
                     .autonomy = playbook.autonomy,
                     .expected_effect = playbook.expected_effect};
    if (auto held = check_guards(plan, state); !held) return std::unexpected(std::move(held).error());

    const auto variables = variables_for(playbook, cause, state);
    for (const auto& step : playbook.steps) {
        auto planned = make_step(step, cause, variables, state);
        if (!planned) {
            return fail(planned.error().code,
                        fmt::format("step '{}': {}", step.name, planned.error().message));
        }
        plan.steps.push_back(*std::move(planned));
    }
    HOMEOSTAT_TRY(plan.verify, make_verify(playbook.verify, cause.service, variables, state));
    plan.blast_radius = blast_radius_of(plan.steps, state);
    return plan;
}

}  // namespace

Result<model::Plan> Planner::plan(const model::Diagnosis& diagnosis, const model::Cause& cause,
                                  std::uint32_t rung, const TargetState& state) const {
    const auto kind = homeostat::to_string(cause.kind);
    if (diagnosis.inconclusive) {
        return fail(ErrorCode::failed_precondition,
                    "no plan is made on an inconclusive diagnosis: " + *diagnosis.inconclusive);
    }
    if (cause.kind == model::CauseKind::telemetry_silence) {
        return fail(ErrorCode::failed_precondition,
                    fmt::format("the telemetry of {} is silent: nothing may be done", cause.service.value()));
    }
    const auto ladder = library_.ladder(cause.kind, cause.service, state.criticality);
    if (ladder.empty()) {
        return fail(ErrorCode::not_found,
                    fmt::format("no playbook is a remedy for {} of {}", kind, cause.service.value()));
    }
    std::string passed_over;
    for (auto i = rung; i < ladder.size(); ++i) {
        auto plan = make_plan(*ladder[i], cause, i, state);
        if (plan) return plan;
        passed_over += fmt::format("; {}: {}", ladder[i]->id().value(), plan.error().message);
    }
    return fail(ErrorCode::not_found, fmt::format("the ladder for {} of {} has {} rungs and is exhausted{}",
                                                  kind, cause.service.value(), ladder.size(), passed_over));
}

Result<> check_guards(const model::Plan& plan, const model::PlannedStep& step, const TargetState& state) {
    return puts_back(step.action) ? Result<>{} : check_guards(plan, state);
}

}  // namespace homeostat::plan
