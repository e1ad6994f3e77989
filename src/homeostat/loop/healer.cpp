// SPDX-License-Identifier: Apache-2.0
#include "homeostat/loop/healer.h"

#include <fmt/format.h>

#include <utility>

#include "homeostat/base/check.h"

namespace homeostat::loop {

using model::IncidentState;
using model::RecordKind;

Result<Healer> Healer::create(const LoopConfig& config, policy::Ledger ledger,
                              std::optional<StopSwitched> stopped) {
    HOMEOSTAT_TRY(auto guardrails, policy::Guardrails::create(config.policy));
    HOMEOSTAT_TRY(auto library, plan::PlaybookLibrary::create(config.playbooks));
    Healer healer(config, std::move(guardrails), plan::Planner(std::move(library)));
    healer.ledger_ = std::move(ledger);
    healer.stopped_ = std::move(stopped);
    return healer;
}

Healer::Healer(const LoopConfig& config, policy::Guardrails guardrails, plan::Planner planner)
    : config_(config), guardrails_(std::move(guardrails)), planner_(std::move(planner)) {}

void Healer::advance(Run& run, std::span<const model::FeatureWindow> windows, std::size_t open_incidents,
                     Knowledge& knowledge, Recorder& recorder) {
    ledger_.forget_before(guardrails_.horizon(recorder.now().loop));
    if (run.is_deciding()) {
        advance_deciding(run, open_incidents, knowledge, recorder);
    } else if (run.is_acting()) {
        advance_acting(run, windows, knowledge, recorder);
    } else if (run.incident.state == IncidentState::escalated &&
               has_cleared(run, knowledge, recorder.now().loop)) {
        run.closed = recorder.now().loop;
        run.incident.closed_at = recorder.now().event;
        say(run, RecordKind::incident_dismissed, "it ended after a person was called", {}, recorder);
    }
}

void Healer::switch_stop(const StopSwitched& command, Recorder& recorder) {
    if (command.stopped) {
        stopped_ = command;
    } else {
        stopped_.reset();
        ledger_.clear_strikes();
    }
    recorder.record(command.stopped ? RecordKind::stopped : RecordKind::resumed, std::nullopt,
                    fmt::format("by {}: {}", command.by, command.reason), to_json(command));
}

void Healer::enter(Run& run, IncidentState state, LoopTime now) const {
    if (run.incident.state != state) run.state_since = now;
    run.incident.state = state;
}

void Healer::say(Run& run, RecordKind kind, const std::string& what, json::Value body,
                 Recorder& recorder) const {
    auto& last = run.last_said[kind];
    if (last == what) return;
    last = what;
    run.incident.reason = what;
    recorder.record(kind, run, what, std::move(body));
}

void Healer::end_act(Run& run, policy::ActOutcome outcome, LoopTime now) {
    const auto ended = ledger_.finish(run.incident.id, outcome, now);
    HOMEOSTAT_CHECK(ended.has_value());
    run.undo_stack.clear();
    run.verifier.reset();
    run.approved_by.reset();
}

void Healer::escalate(Run& run, const std::string& why, Recorder& recorder) {
    enter(run, IncidentState::escalated, recorder.now().loop);
    run.incident.reason = why;
    recorder.record(RecordKind::escalated, run, why, {});
    report(run, "escalated", recorder);
}

void Healer::close(Run& run, IncidentState state, RecordKind kind, const std::string& why,
                   Recorder& recorder) {
    enter(run, state, recorder.now().loop);
    run.closed = recorder.now().loop;
    run.incident.closed_at = recorder.now().event;
    run.incident.reason = why;
    recorder.record(kind, run, why, {});
    report(run, std::string(to_string(state)), recorder);
}

void Healer::report(const Run& run, const std::string& outcome, Recorder& recorder) const {
    const auto& incident = run.incident;
    ActionReport report{.timestamp = recorder.now().event,
                        .incident = incident.id,
                        .outcome = outcome,
                        .reason = incident.reason};
    if (const auto* cause = run.cause()) {
        report.culprit = cause->service;
        report.cause = cause->kind;
    }
    const auto& path = incident.diagnosis.propagation_path;
    report.service = path.empty() ? report.culprit : path.back();
    report.action = "none";
    if (incident.acted_at && incident.plan) {
        report.action.clear();
        for (const auto& step : incident.plan->steps)
            report.action += (report.action.empty() ? "" : ", ") + to_string(step.action);
        report.playbook = incident.plan->playbook;
        report.latency_ms =
            std::chrono::duration<double, std::milli>(*incident.acted_at - incident.onset).count();
    }
    recorder.emit(Publish{std::move(report)});
}

}  // namespace homeostat::loop
