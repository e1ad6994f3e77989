// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "homeostat/base/check.h"
#include "homeostat/base/contains.h"
#include "homeostat/loop/healer.h"
#include "homeostat/verify/after_verification.h"

namespace homeostat::loop {
namespace {

using model::IncidentState;
using model::RecordKind;

constexpr std::uint32_t kUndoRetries = 2;

policy::ActOutcome act_outcome(model::VerificationOutcome outcome) {
    switch (outcome) {
        case model::VerificationOutcome::recovered: return policy::ActOutcome::succeeded;
        case model::VerificationOutcome::not_recovered: return policy::ActOutcome::failed;
        case model::VerificationOutcome::inconclusive: break;
    }
    return policy::ActOutcome::unknown;
}

/// The culprit, then all that its fault has made abnormal: what must be well again, and how it was.
std::vector<verify::Watched> watched_by(const Run& run, const Knowledge& knowledge) {
    const model::Subject culprit{.service = run.incident.plan->cause.service};
    std::vector<model::Subject> subjects{culprit};
    std::copy_if(run.subjects.begin(), run.subjects.end(), std::back_inserter(subjects),
                 [&](const auto& subject) { return subject != culprit; });
    std::vector<verify::Watched> watched;
    for (const auto& subject : subjects) {
        auto& entry = watched.emplace_back(
            verify::Watched{.subject = subject, .baseline = knowledge.baseline(subject).median});
        if (const auto* latest = knowledge.latest(subject)) entry.before = latest->values;
        const auto found = knowledge.anomalies().find(subject);
        if (found != knowledge.anomalies().end()) entry.findings = found->second.findings;
    }
    return watched;
}

/// Who must serve again before the service is well: those that have exited, and where one instance was acted
/// upon, all but that one. What was restarted may come back under another name.
std::vector<model::InstanceId> missing_from(const model::Cause& cause, const Fleet& fleet) {
    auto missing = fleet.exited(cause.service);
    if (!cause.instance) return missing;
    for (const auto& instance : fleet.unavailable(cause.service)) {
        if (instance != *cause.instance && !contains(missing, instance)) missing.push_back(instance);
    }
    return missing;
}

}  // namespace

void Healer::begin_act(Run& run, const Knowledge& knowledge, Recorder& recorder) {
    const auto now = recorder.now();
    if (const auto begun = ledger_.begin(run.incident.id, *run.incident.plan, now.loop); !begun) {
        enter(run, IncidentState::waiting, now.loop);
        say(run, RecordKind::verdict, "deny: " + begun.error().message, {}, recorder);
        return;
    }
    ++run.incident.attempts;
    if (!run.incident.acted_at) run.incident.acted_at = now.event;
    run.retry_at.reset();
    run.watched = watched_by(run, knowledge);
    run.step = 0;
    run.retry = 0;
    enter(run, IncidentState::acting, now.loop);
    send_step(run, knowledge, recorder);
}

void Healer::send(Run& run, const model::ActionRequest& action, Duration timeout, Recorder& recorder) {
    HOMEOSTAT_CHECK(!run.outstanding);
    const bool undo = run.incident.state == IncidentState::undoing;
    const bool verify = run.incident.state == IncidentState::verifying;
    const act::OrderKey key{.incident = run.incident.id,
                            .attempt = run.incident.attempts,
                            .step = undo ? static_cast<std::uint32_t>(run.undo_stack.size()) : run.step,
                            .retry = run.retry,
                            .purpose = undo     ? act::OrderPurpose::undo
                                       : verify ? act::OrderPurpose::verify
                                                : act::OrderPurpose::step};
    model::Order order{.incident = run.incident.id,
                       .playbook = run.incident.plan->playbook,
                       .action = action,
                       .timeout = timeout};
    order.step =
        run.step < run.incident.plan->steps.size() ? run.incident.plan->steps[run.step].name : "verify";
    const auto& intended = orders_.intend(key, std::move(order), recorder.now().loop);
    run.outstanding = intended.id;
    recorder.record(undo ? RecordKind::undo_intended : RecordKind::order_intended, run, to_string(action),
                    to_json(intended));
    recorder.emit(SendOrder{intended});
}

void Healer::send_step(Run& run, const Knowledge& knowledge, Recorder& recorder) {
    if (stopped_) return;  // advance_acting comes back to it
    const auto& plan = *run.incident.plan;
    const auto guarded =
        plan::check_guards(plan, plan.steps[run.step], target_state(plan.cause.service, knowledge));
    if (!guarded) {
        run.retry = plan.steps[run.step].retries;  // another attempt meets the same guard
        fail_step(run, guarded.error().message, knowledge, recorder);
        return;
    }
    const auto& step = plan.steps[run.step];
    send(run, step.action, step.timeout, recorder);
}

void Healer::finish_order(Run& run, const model::OrderResult& result, Knowledge& knowledge,
                          Recorder& recorder) {
    const auto order = orders_.finish(result.id);
    if (!order) return;
    run.outstanding.reset();
    recorder.record(RecordKind::order_finished, run,
                    fmt::format("{}: {}{}", to_string(order->action), to_string(result.outcome),
                                result.detail.empty() ? "" : ", " + result.detail),
                    to_json(result));
    if (run.incident.state == IncidentState::undoing) {
        // An order that never arrived may be given again: what is owed must not hang on one message.
        if (result.outcome == model::OrderOutcome::failed && run.retry < kUndoRetries) {
            ++run.retry;
            send_undo(run, knowledge, recorder);
            return;
        }
        if (result.outcome != model::OrderOutcome::done) run.escalate_after_undo = true;
        run.undo_stack.pop_back();
        run.retry = 0;
        send_undo(run, knowledge, recorder);
        return;
    }
    if (run.incident.state == IncidentState::verifying) {
        if (run.verifier) run.verifier->on_script(result.exit_code);
        return;
    }
    switch (result.outcome) {
        case model::OrderOutcome::done:
            run.refused = false;
            if (result.undo && run.incident.plan->steps[run.step].undo == model::UndoPolicy::automatic)
                run.undo_stack.push_back(*result.undo);
            after_step(run, knowledge, recorder);
            return;
        case model::OrderOutcome::refused:
            // Nothing was done: the picture may have changed, look again. Refused once more, it never will
            // be.
            if (run.step == 0 && run.undo_stack.empty() && !std::exchange(run.refused, true)) {
                end_act(run, policy::ActOutcome::withdrawn, recorder.now().loop);
                enter(run, IncidentState::diagnosing, recorder.now().loop);
                return;
            }
            run.refused = false;
            run.retry = run.incident.plan->steps[run.step].retries;
            fail_step(run, result.detail, knowledge, recorder);
            return;
        case model::OrderOutcome::failed: fail_step(run, result.detail, knowledge, recorder); return;
        case model::OrderOutcome::unknown: break;
    }
    // It may have happened: only the telemetry can tell. A second order could do it twice.
    run.step = static_cast<std::uint32_t>(run.incident.plan->steps.size()) - 1;
    begin_verification(run, run.incident.plan->verify, recorder);
}

void Healer::after_step(Run& run, const Knowledge& knowledge, Recorder& recorder) {
    const auto& steps = run.incident.plan->steps;
    if (steps[run.step].verify) {
        run.verifies_step = true;
        begin_verification(run, *steps[run.step].verify, recorder);
    } else {
        next_step(run, knowledge, recorder);
    }
}

void Healer::next_step(Run& run, const Knowledge& knowledge, Recorder& recorder) {
    run.verifies_step = false;
    if (run.step + 1 == run.incident.plan->steps.size()) {
        begin_verification(run, run.incident.plan->verify, recorder);
        return;
    }
    ++run.step;
    run.retry = 0;
    enter(run, IncidentState::acting, recorder.now().loop);
    send_step(run, knowledge, recorder);
}

void Healer::fail_step(Run& run, const std::string& why, const Knowledge& knowledge, Recorder& recorder) {
    if (run.retry < run.incident.plan->steps[run.step].retries) {
        ++run.retry;
        send_step(run, knowledge, recorder);
        return;
    }
    run.incident.reason = fmt::format("step '{}' failed: {}", run.incident.plan->steps[run.step].name, why);
    go_on_after(run, {.outcome = model::VerificationOutcome::not_recovered}, knowledge, recorder);
}

void Healer::begin_verification(Run& run, const model::VerifySpec& spec, Recorder& recorder) {
    const auto& cause = run.incident.plan->cause;
    verify::VerifyRequest request{.spec = spec,
                                  .service = cause.service,
                                  .cause = cause.kind,
                                  .instance = cause.instance,
                                  .watched = run.watched,
                                  .acted_at = recorder.now()};
    auto verifier = verify::Verifier::create(config_.verify, std::move(request));
    HOMEOSTAT_CHECK(verifier.has_value());  // the playbook's reader has checked the spec
    run.verifier = *std::move(verifier);
    enter(run, IncidentState::verifying, recorder.now().loop);
}

void Healer::advance_acting(Run& run, std::span<const model::FeatureWindow> windows, Knowledge& knowledge,
                            Recorder& recorder) {
    if (run.outstanding) return;
    if (run.incident.state == IncidentState::acting) {
        send_step(run, knowledge, recorder);  // it was held back by the stop switch
    } else if (run.incident.state == IncidentState::undoing) {
        send_undo(run, knowledge, recorder);
    } else if (run.verifier) {
        const auto missing = missing_from(run.incident.plan->cause, knowledge.fleet());
        if (const auto verification = run.verifier->observe(recorder.now(), windows, missing)) {
            take_verification(run, *verification, knowledge, recorder);
        } else if (run.verifier->wants_script() && !stopped_) {
            const auto& spec = run.verifier->request().spec;
            send(run, *spec.script, spec.deadline, recorder);
        }
    }
}

void Healer::take_verification(Run& run, const model::Verification& verification, const Knowledge& knowledge,
                               Recorder& recorder) {
    run.incident.verification = verification;
    run.remaining = run.verifier->remaining();
    run.verifier.reset();
    recorder.record(RecordKind::verified, run,
                    fmt::format("{}: {}", to_string(verification.outcome), verification.reason),
                    to_json(verification));
    run.incident.reason = verification.reason;
    if (run.verifies_step && verification.outcome == model::VerificationOutcome::recovered) {
        next_step(run, knowledge, recorder);
        return;
    }
    go_on_after(run, {.outcome = verification.outcome, .improved = verification.improved}, knowledge,
                recorder);
}

void Healer::go_on_after(Run& run, verify::AfterVerification after, const Knowledge& knowledge,
                         Recorder& recorder) {
    const auto& plan = *run.incident.plan;
    const auto now = recorder.now().loop;
    // The cause may be another one by now: it is diagnosed again before the ladder is said to be exhausted.
    const bool more = run.attempts() < config_.patience.max_attempts;
    after.on_failure = plan.on_failure;
    after.undo_pending = !run.undo_stack.empty();
    after.more_rungs = more;
    const auto next = verify::decide_after(after);
    const auto outcome = act_outcome(after.outcome);
    switch (next.move) {
        case verify::NextMove::resolve:
            end_act(run, outcome, now);
            close(run, IncidentState::resolved, RecordKind::incident_resolved, run.incident.reason, recorder);
            return;
        case verify::NextMove::undo:
            run.retry = 0;
            enter(run, IncidentState::undoing, now);
            send_undo(run, knowledge, recorder);
            return;
        case verify::NextMove::again:
            end_act(run, policy::ActOutcome::unknown, now);
            enter(run, IncidentState::diagnosing, now);
            return;
        case verify::NextMove::next_rung:
            end_act(run, outcome, now);
            run.rungs[{plan.cause.service, plan.cause.kind}] = plan.rung + 1;
            enter(run, IncidentState::diagnosing, now);
            return;
        case verify::NextMove::escalate:
            end_act(run, outcome, now);
            escalate(run, next.reason + ": " + run.incident.reason, recorder);
            return;
    }
}

void Healer::send_undo(Run& run, const Knowledge& knowledge, Recorder& recorder) {
    if (!run.undo_stack.empty()) {
        if (!stopped_) send(run, run.undo_stack.back(), run.incident.plan->steps.front().timeout, recorder);
        return;
    }
    if (std::exchange(run.escalate_after_undo, false)) {
        end_act(run, policy::ActOutcome::failed, recorder.now().loop);
        escalate(run, "what was done could not be taken back: " + run.incident.reason, recorder);
        return;
    }
    go_on_after(run, {.outcome = model::VerificationOutcome::not_recovered}, knowledge, recorder);
}

}  // namespace homeostat::loop
