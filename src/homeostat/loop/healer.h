// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "homeostat/act/order_book.h"
#include "homeostat/base/result.h"
#include "homeostat/loop/config.h"
#include "homeostat/loop/input.h"
#include "homeostat/loop/knowledge.h"
#include "homeostat/loop/recorder.h"
#include "homeostat/loop/run.h"
#include "homeostat/plan/planner.h"
#include "homeostat/policy/guardrails.h"
#include "homeostat/policy/ledger.h"
#include "homeostat/verify/after_verification.h"

namespace homeostat::loop {

/// The state of a service that plans and their guards depend on.
[[nodiscard]] plan::TargetState target_state(const model::ServiceId& service, const Knowledge& knowledge);

/// Carries each incident from its diagnosis to its end: plan, verdict, approval, orders, verification, undo.
///
///     diagnosing ─► (waiting | awaiting_approval) ─► acting ─► verifying ─► resolved
///         ▲  └─► dismissed                                        │
///         └──────────────── undoing ◄─────────────────────────────┘        escalated: a person is called
class Healer {
public:
    [[nodiscard]] static Result<Healer> create(const LoopConfig& config, policy::Ledger ledger,
                                               std::optional<StopSwitched> stopped);

    /// Moves one incident on. `windows` are those of this step.
    void advance(Run& run, std::span<const model::FeatureWindow> windows, std::size_t open_incidents,
                 Knowledge& knowledge, Recorder& recorder);

    /// Takes the outcome of an order; nothing happens for one that is not open (a second answer).
    void finish_order(Run& run, const model::OrderResult& result, Knowledge& knowledge, Recorder& recorder);

    /// Takes a person's answer. A yes hands an escalated incident back: it is tried anew, without its
    /// strikes. Errors: `failed_precondition` when the incident does not wait for an answer.
    Result<> answer(Run& run, const ApprovalAnswered& answer, Recorder& recorder);

    /// Who lets acts go on has looked: failures until then no longer count as strikes.
    void switch_stop(const StopSwitched& command, Recorder& recorder);

    [[nodiscard]] const act::OrderBook& orders() const { return orders_; }
    [[nodiscard]] const std::optional<StopSwitched>& stopped() const { return stopped_; }
    [[nodiscard]] const policy::Ledger& ledger() const { return ledger_; }
    [[nodiscard]] const policy::Guardrails& guardrails() const { return guardrails_; }

private:
    Healer(const LoopConfig& config, policy::Guardrails guardrails, plan::Planner planner);

    // Deciding (healer_decide.cpp)
    void advance_deciding(Run& run, std::size_t open_incidents, Knowledge& knowledge, Recorder& recorder);
    void decide(Run& run, std::size_t open_incidents, Knowledge& knowledge, Recorder& recorder);
    void follow(Run& run, const model::Verdict& verdict, Knowledge& knowledge, Recorder& recorder);
    [[nodiscard]] policy::Situation situation(const Run& run, std::size_t open_incidents,
                                              const Knowledge& knowledge, Instant now) const;
    [[nodiscard]] bool has_cleared(Run& run, const Knowledge& knowledge, LoopTime now) const;
    void ask_approval(Run& run, const model::Verdict& verdict, Recorder& recorder);
    void take_back(Run& run, const ApprovalAnswered& answer, Recorder& recorder);

    // Acting (healer_act.cpp)
    void begin_act(Run& run, const Knowledge& knowledge, Recorder& recorder);
    void send(Run& run, const model::ActionRequest& action, Duration timeout, Recorder& recorder);
    void send_step(Run& run, const Knowledge& knowledge, Recorder& recorder);
    void after_step(Run& run, const Knowledge& knowledge, Recorder& recorder);
    void next_step(Run& run, const Knowledge& knowledge, Recorder& recorder);
    void fail_step(Run& run, const std::string& why, const Knowledge& knowledge, Recorder& recorder);
    void begin_verification(Run& run, const model::VerifySpec& spec, Recorder& recorder);
    void advance_acting(Run& run, std::span<const model::FeatureWindow> windows, Knowledge& knowledge,
                        Recorder& recorder);
    void take_verification(Run& run, const model::Verification& verification, const Knowledge& knowledge,
                           Recorder& recorder);
    void go_on_after(Run& run, verify::AfterVerification after, const Knowledge& knowledge,
                     Recorder& recorder);
    void send_undo(Run& run, const Knowledge& knowledge, Recorder& recorder);

    // Ends
    void enter(Run& run, model::IncidentState state, LoopTime now) const;
    void end_act(Run& run, policy::ActOutcome outcome, LoopTime now);
    void escalate(Run& run, const std::string& why, Recorder& recorder);
    void close(Run& run, model::IncidentState state, model::RecordKind kind, const std::string& why,
               Recorder& recorder);
    void report(const Run& run, const std::string& outcome, Recorder& recorder) const;
    void say(Run& run, model::RecordKind kind, const std::string& what, json::Value body,
             Recorder& recorder) const;

    LoopConfig config_;
    policy::Guardrails guardrails_;
    plan::Planner planner_;
    policy::Ledger ledger_;
    act::OrderBook orders_;
    std::optional<StopSwitched> stopped_;
};

}  // namespace homeostat::loop
