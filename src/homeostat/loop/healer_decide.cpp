// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "homeostat/loop/healer.h"

namespace homeostat::loop {
namespace {

using model::IncidentState;
using model::RecordKind;

std::string join(const std::vector<model::Reason>& reasons) {
    std::string text;
    for (const auto& reason : reasons) text += (text.empty() ? "" : "; ") + reason.rule + ": " + reason.text;
    return text;
}

}  // namespace

plan::TargetState target_state(const model::ServiceId& id, const Knowledge& knowledge) {
    const auto& service = knowledge.fleet().service(id);
    plan::TargetState state{.instances = knowledge.fleet().instances(id),
                            .version = knowledge.fleet().version(id),
                            .previous_version = knowledge.fleet().previous_version(id),
                            .criticality = knowledge.graph().facts(id).criticality,
                            .upstream = knowledge.graph().upstream(id),
                            .critical_upstream = knowledge.graph().critical_upstream(id)};
    for (const auto& [instance, known] : service.instances) {
        if (!known.down) state.healthy.push_back(instance);
    }
    state.baseline_rate_rps = knowledge.baseline({.service = id}).median.get(model::Feature::rate_rps);
    state.baseline_replicas = knowledge.baseline({.service = id}).median.get(model::Feature::replicas);
    if (const auto* latest = knowledge.latest({.service = id}))
        state.rate_rps = latest->values.get(model::Feature::rate_rps);
    return state;
}

bool Healer::has_cleared(Run& run, const Knowledge& knowledge, LoopTime now) const {
    const auto* cause = run.cause();
    const bool gone =
        cause != nullptr &&
        (knowledge.stale().contains(cause->service) ||
         (cause->kind == model::CauseKind::crash && !knowledge.fleet().unavailable(cause->service).empty()));
    // What stays unusual and harms nobody, such as the share of work of new replicas, is no incident.
    if (!gone && run.harmless_since && knowledge.newest() - *run.harmless_since >= config_.patience.aftermath)
        return true;
    const bool clear =
        !gone && std::none_of(run.subjects.begin(), run.subjects.end(), [&](const auto& subject) {
            return knowledge.anomalies().contains(subject) || knowledge.stale().contains(subject.service);
        });
    if (!clear)
        run.clear_since.reset();
    else if (!run.clear_since)
        run.clear_since = now;
    return clear && now - *run.clear_since >= config_.patience.clear;
}

void Healer::advance_deciding(Run& run, std::size_t open_incidents, Knowledge& knowledge,
                              Recorder& recorder) {
    const auto now = recorder.now().loop;
    if (has_cleared(run, knowledge, now)) {
        const bool by_us =
            run.attempts() > 0 && run.incident.verification && run.incident.verification->improved;
        if (by_us)
            close(run, IncidentState::resolved, RecordKind::incident_resolved, "what was done has helped",
                  recorder);
        else
            close(run, IncidentState::dismissed, RecordKind::incident_dismissed, "it recovered by itself",
                  recorder);
        return;
    }
    if (run.incident.state == IncidentState::awaiting_approval) {
        if (now - run.state_since > config_.patience.approval)
            escalate(run, "nobody approved in time", recorder);
        return;
    }
    if (run.retry_at && now < *run.retry_at) return;
    const bool undecided = run.incident.diagnosis.inconclusive || !run.fresh_diagnosis;
    if (undecided) {
        const bool overdue = now - run.state_since > config_.patience.diagnosis;
        if (overdue && run.incident.diagnosis.inconclusive) {
            escalate(run, "no cause could be made out: " + *run.incident.diagnosis.inconclusive, recorder);
        } else if (overdue && run.attempts() > 0 && run.incident.state == IncidentState::diagnosing) {
            escalate(run, "it did not help, and no cause can be made out any more", recorder);
        }
        return;
    }
    decide(run, open_incidents, knowledge, recorder);
}

void Healer::decide(Run& run, std::size_t open_incidents, Knowledge& knowledge, Recorder& recorder) {
    const model::Cause cause = *run.cause();
    if (cause.kind == model::CauseKind::telemetry_silence) {
        enter(run, IncidentState::waiting, recorder.now().loop);
        say(run, RecordKind::no_plan, "the telemetry is silent, not the service: nothing may be done", {},
            recorder);
        return;
    }
    if (run.attempts() >= config_.patience.max_attempts) {
        escalate(run, fmt::format("{} plans did not help", run.attempts()), recorder);
        return;
    }
    const auto rung = run.rungs[{cause.service, cause.kind}];
    auto planned = planner_.plan(run.incident.diagnosis, cause, rung, target_state(cause.service, knowledge));
    if (!planned) {
        say(run, RecordKind::no_plan, planned.error().message, {}, recorder);
        escalate(run, planned.error().message, recorder);
        return;
    }
    const auto context = situation(run, open_incidents, knowledge, recorder.now());
    run.incident.plan = guardrails_.fit(*std::move(planned), context);
    say(run, RecordKind::planned,
        run.incident.plan->playbook.value() + ": " + run.incident.plan->expected_effect,
        to_json(*run.incident.plan), recorder);
    const auto verdict = guardrails_.judge(*run.incident.plan, context, ledger_);
    run.incident.verdict = verdict;
    say(run, RecordKind::verdict,
        std::string(to_string(verdict.decision)) +
            (verdict.reasons.empty() ? "" : ": " + join(verdict.reasons)),
        to_json(verdict), recorder);
    follow(run, verdict, knowledge, recorder);
}

void Healer::follow(Run& run, const model::Verdict& verdict, Knowledge& knowledge, Recorder& recorder) {
    const auto now = recorder.now().loop;
    switch (verdict.decision) {
        case model::Decision::allow: begin_act(run, knowledge, recorder); return;
        case model::Decision::needs_approval: ask_approval(run, verdict, recorder); return;
        case model::Decision::suggest:
            enter(run, IncidentState::waiting, now);
            run.incident.reason = "suggested only: " + join(verdict.reasons);
            return;
        case model::Decision::deny: break;
    }
    if (policy::must_escalate(verdict)) {
        escalate(run, join(verdict.reasons), recorder);
        return;
    }
    run.retry_at = policy::retry_at(verdict);
    if (!run.retry_at && !stopped_) {  // time will not lift it: the next rung may pass
        ++run.rungs[{run.cause()->service, run.cause()->kind}];
        return;
    }
    enter(run, IncidentState::waiting, now);
    run.incident.reason = join(verdict.reasons);
}

void Healer::ask_approval(Run& run, const model::Verdict& verdict, Recorder& recorder) {
    enter(run, IncidentState::awaiting_approval, recorder.now().loop);
    run.incident.reason = join(verdict.reasons);
    const auto deadline = recorder.now().event + config_.patience.approval;
    recorder.record(RecordKind::approval_requested, run, run.incident.reason,
                    json::Object{{"deadline", to_json(deadline)}});
    recorder.emit(RequestApproval{run.incident.id, *run.incident.plan, verdict, deadline});
}

Result<> Healer::answer(Run& run, const ApprovalAnswered& answer, Recorder& recorder) {
    if (run.incident.state == IncidentState::escalated && answer.approved) {
        take_back(run, answer, recorder);
        return {};
    }
    if (run.incident.state != IncidentState::awaiting_approval) {
        return fail(ErrorCode::failed_precondition,
                    fmt::format("incident {} waits for no approval: it is {}", run.incident.id.value(),
                                to_string(run.incident.state)));
    }
    recorder.record(answer.approved ? RecordKind::approval_given : RecordKind::approval_denied, run,
                    fmt::format("by {}: {}", answer.by, answer.reason), to_json(answer));
    if (!answer.approved) {
        escalate(run, fmt::format("{} said no: {}", answer.by, answer.reason), recorder);
        return {};
    }
    // The plan is made and judged again on what is true now: a yes to yesterday's picture is no yes.
    run.approved_by = answer.by;
    enter(run, IncidentState::diagnosing, recorder.now().loop);
    return {};
}

void Healer::take_back(Run& run, const ApprovalAnswered& answer, Recorder& recorder) {
    recorder.record(RecordKind::approval_given, run,
                    fmt::format("by {}: {}; it is tried anew", answer.by, answer.reason), to_json(answer));
    if (const auto* cause = run.cause()) ledger_.clear_strikes(cause->service);
    run.attempts_before = run.incident.attempts;
    run.rungs.clear();
    run.retry_at.reset();
    run.last_said.clear();
    enter(run, IncidentState::diagnosing, recorder.now().loop);
}

policy::Situation Healer::situation(const Run& run, std::size_t open_incidents, const Knowledge& knowledge,
                                    Instant now) const {
    policy::Situation situation{.now = now, .approved_by = run.approved_by};
    if (stopped_) situation.stopped = fmt::format("{}: {}", stopped_->by, stopped_->reason);
    const auto& cause = *run.cause();
    situation.evidence = {.at = run.incident.diagnosis.at,
                          .stale = knowledge.stale().contains(cause.service) &&
                                   cause.kind == model::CauseKind::telemetry_silence,
                          .inconclusive = run.incident.diagnosis.inconclusive};
    situation.open_incidents = static_cast<std::uint32_t>(open_incidents);
    situation.service_count = static_cast<std::uint32_t>(knowledge.graph().service_count());
    situation.services[cause.service] = {.criticality = knowledge.graph().facts(cause.service).criticality,
                                         .instances = knowledge.fleet().instances(cause.service),
                                         .unavailable = knowledge.fleet().unavailable(cause.service)};
    return situation;
}

}  // namespace homeostat::loop
