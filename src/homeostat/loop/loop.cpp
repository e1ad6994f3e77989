// SPDX-License-Identifier: Apache-2.0
#include "homeostat/loop/loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "homeostat/base/check.h"
#include "homeostat/loop/correlator.h"
#include "homeostat/loop/healer.h"
#include "homeostat/loop/knowledge.h"
#include "homeostat/loop/recorder.h"

namespace homeostat::loop {

using model::RecordKind;

struct Loop::State {
    Knowledge knowledge;
    Correlator correlator;
    Healer healer;
    std::string versions;  // of what decides, for the first record
    Recorder recorder;
    LoopCounters counters{};
    LoopTime last{};
    std::vector<model::FeatureWindow> windows{};  // of this step

    void take(const WindowsArrived& arrived) {
        for (const auto& window : arrived.windows) knowledge.observe(window);
        counters.windows += arrived.windows.size();
        windows.insert(windows.end(), arrived.windows.begin(), arrived.windows.end());
    }

    void take(const Changed& changed) { knowledge.observe(changed.change); }

    void take(const OrderFinished& finished) {
        const auto order = healer.orders().open().find(finished.result.id);
        Run* run = order == healer.orders().open().end() ? nullptr : find(order->second.incident);
        if (run == nullptr)
            ++counters.inputs_ignored;
        else
            healer.finish_order(*run, finished.result, knowledge, recorder);
    }

    void take(const ApprovalAnswered& answer) {
        Run* run = find(answer.incident);
        if (run == nullptr || !healer.answer(*run, answer, recorder)) ++counters.inputs_ignored;
    }

    void take(const StopSwitched& command) { healer.switch_stop(command, recorder); }

    Run* find(const model::IncidentId& id) {
        const auto found = correlator.open().find(id);
        return found == correlator.open().end() ? nullptr : &found->second;
    }

    void note_troubles() {
        for (const auto& anomaly : knowledge.take_opened()) {
            ++counters.anomalies;
            recorder.record(RecordKind::anomaly_opened, anomaly.subject.service,
                            fmt::format("{} is not as it normally is", to_string(anomaly.subject)),
                            to_json(anomaly));
        }
        for (const auto& service : knowledge.take_silent()) {
            recorder.record(RecordKind::stale, service,
                            fmt::format("no telemetry from {} any more", service.value()), {});
        }
    }

    void give_up_overdue_orders() {
        for (const auto& id : healer.orders().overdue(recorder.now().loop)) {
            take(OrderFinished{
                {.id = id, .outcome = model::OrderOutcome::unknown, .detail = "no answer came in time"}});
        }
    }

    std::vector<Effect> finish_step() {
        auto effects = recorder.take();
        for (const auto& effect : effects) {
            if (const auto* sent = std::get_if<SendOrder>(&effect)) {
                ++counters.orders;
                counters.undone += sent->order.undo ? 1U : 0U;
            }
            if (const auto* record = std::get_if<Record>(&effect)) count(record->record);
        }
        return effects;
    }

    void count(const model::AuditRecord& record) {
        const bool opened = record.kind == RecordKind::incident_opened;
        if (!opened && record.kind != RecordKind::incident_resolved) return;
        const auto since_onset = std::max(Duration{}, record.at - onset_of(*record.incident));
        ++(opened ? counters.incidents : counters.resolved);
        (opened ? counters.time_to_detect : counters.time_to_remediate) += since_onset;
    }

    /// Of an incident that is open, or was at the beginning of this step.
    EventTime onset_of(const model::IncidentId& id) {
        if (const Run* run = find(id)) return run->incident.onset;
        const auto& closed = correlator.closed();
        const auto run =
            std::find_if(closed.rbegin(), closed.rend(), [&](const Run& r) { return r.incident.id == id; });
        HOMEOSTAT_CHECK(run != closed.rend());
        return run->incident.onset;
    }
};

Result<Loop> Loop::create(const LoopConfig& config, const Carryover& from) {
    HOMEOSTAT_TRY(auto knowledge, Knowledge::create(config, from.graph));
    HOMEOSTAT_TRY(auto healer, Healer::create(config, from.ledger, from.stopped));
    auto versions = fmt::format("policy {}", healer.guardrails().version().value());
    if (const auto& forest = knowledge.forest_version(); !forest.value().empty())
        versions += fmt::format(", model {}", forest.value());
    for (const auto& playbook : config.playbooks) versions += fmt::format(", {}", playbook.id().value());
    return Loop(std::make_unique<State>(
        State{std::move(knowledge), Correlator(config.patience, from.incidents), std::move(healer),
              std::move(versions), Recorder(audit::Chain(from.audit_sequence, from.audit_hash))}));
}

Loop::Loop(std::unique_ptr<State> state) : state_(std::move(state)) {}
Loop::Loop(Loop&&) noexcept = default;
Loop& Loop::operator=(Loop&&) noexcept = default;
Loop::~Loop() = default;

std::vector<Effect> Loop::step(Instant now, std::span<const Input> inputs) {
    auto& state = *state_;
    HOMEOSTAT_CHECK(now.loop >= state.last);
    state.last = now.loop;
    state.windows.clear();
    state.recorder.begin_step(now);
    if (state.counters.steps++ == 0) {
        state.recorder.record(RecordKind::started, std::nullopt, "deciding by " + state.versions, {});
    }
    for (const auto& input : inputs) std::visit([&](const auto& value) { state.take(value); }, input);
    state.give_up_overdue_orders();
    state.note_troubles();
    if (!state.windows.empty()) state.correlator.correlate(state.knowledge, state.recorder);
    for (auto& [id, run] : state.correlator.open()) {
        state.healer.advance(run, state.windows, state.correlator.open().size(), state.knowledge,
                             state.recorder);
    }
    state.correlator.retire(state.knowledge, now);
    state.knowledge.forget(now.event);
    return state.finish_step();
}

Carryover Loop::carryover() const {
    const auto& state = *state_;
    Carryover carryover{.ledger = state.healer.ledger(),
                        .stopped = state.healer.stopped(),
                        .incidents = state.correlator.opened(),
                        .audit_sequence = state.recorder.chain().next_sequence() - 1,
                        .audit_hash = state.recorder.chain().last_hash()};
    for (const auto& act : state.healer.ledger().acts()) {
        if (act.finished_at) continue;
        const auto ended = carryover.ledger.finish(act.incident, policy::ActOutcome::unknown, state.last);
        HOMEOSTAT_CHECK(ended.has_value());
    }
    return carryover;
}

std::vector<model::Order> Loop::open_orders() const {
    std::vector<model::Order> orders;
    for (const auto& [id, order] : state_->healer.orders().open()) orders.push_back(order);
    return orders;
}

std::vector<model::Incident> Loop::incidents() const {
    std::vector<model::Incident> incidents;
    for (const auto& [id, run] : state_->correlator.open()) incidents.push_back(run.incident);
    const auto& closed = state_->correlator.closed();
    for (auto run = closed.rbegin(); run != closed.rend(); ++run) incidents.push_back(run->incident);
    return incidents;
}

std::vector<model::Anomaly> Loop::anomalies() const {
    std::vector<model::Anomaly> anomalies;
    for (const auto& [subject, anomaly] : state_->knowledge.anomalies()) anomalies.push_back(anomaly);
    return anomalies;
}

const graph::ServiceGraph& Loop::graph() const {
    return std::as_const(state_->knowledge).graph();
}
graph::Records Loop::take_graph_changes() {
    return state_->knowledge.graph().take_changes();
}
bool Loop::has_open_incidents() const {
    return !state_->correlator.open().empty();
}
const std::optional<StopSwitched>& Loop::stopped() const {
    return state_->healer.stopped();
}
const LoopCounters& Loop::counters() const {
    return state_->counters;
}

}  // namespace homeostat::loop
