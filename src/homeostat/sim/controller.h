// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "homeostat/base/prng.h"
#include "homeostat/loop/loop.h"
#include "homeostat/sim/mutant.h"

namespace homeostat::sim {

/// What the controller stands on: everything outside of it, with its faults.
class Outside {
public:
    virtual ~Outside() = default;
    /// Makes durable. False: it could not, and the controller must not go on.
    virtual bool append_journal(const loop::JournalEntry& entry) = 0;
    virtual bool append_audit(const model::AuditRecord& record) = 0;
    virtual void send(const model::Order& order) = 0;
    virtual void ask_approval(const model::IncidentId& incident) = 0;
    virtual void publish(const loop::ActionReport& report) = 0;
    /// The actuator's word on an order; `unknown` while it is still at it.
    virtual model::OrderResult reconcile(const model::OrderId& order) = 0;
    /// True when the process dies before this effect.
    virtual bool dies_here() = 0;
    /// A record that is durable already was made again by a replay.
    virtual void on_replayed(const model::AuditRecord& durable, const model::AuditRecord& regenerated) = 0;

protected:
    Outside() = default;
    Outside(const Outside&) = default;
    Outside& operator=(const Outside&) = default;
};

struct ControllerCounters {
    std::uint64_t steps = 0;
    std::uint64_t deaths = 0;
    std::uint64_t reconciled = 0;
    std::uint64_t inputs_lost = 0;  // telemetry that came while nothing could be made durable
};

/// Drives the loop as the runtime does: inputs durable before the step, effects in their order, and after a
/// death everything rebuilt from the journal. Also the place where the mutants' mistakes are planted.
class Controller {
public:
    /// Answers kept while the journal cannot be written, at most.
    static constexpr std::size_t kMaxBacklog = 1000;

    /// `keep_journal`: false saves memory in runs that never restart.
    Controller(loop::LoopConfig config, Mutant mutant, Outside& outside, bool keep_journal);

    /// True between a death and the restart.
    [[nodiscard]] bool is_dead() const { return loop_ == nullptr; }

    /// Applies inputs and carries out what follows. Inputs of a dead controller are lost, as a socket's are.
    void step(Instant now, std::vector<loop::Input> inputs);

    /// Rebuilds the state from the journal, carries out what the dead process did not get to, and asks the
    /// actuator about the orders in flight.
    void restart(Instant now);

    /// Asks again about orders whose answer should have come.
    void poll(Instant now);

    [[nodiscard]] const loop::Loop& loop() const { return *loop_; }
    [[nodiscard]] const ControllerCounters& counters() const { return counters_; }

private:
    void create();
    void carry_out(const std::vector<loop::Effect>& effects, Instant now);
    bool carry_out(const loop::Effect& effect);
    void die();
    void replay(std::vector<loop::Effect>& rest);
    void mistake_inputs(std::vector<loop::Input>& inputs);
    void mistake_effects(std::vector<loop::Effect>& effects);
    void mistake_result(model::OrderResult& result);
    [[nodiscard]] std::vector<model::FeatureWindow> remembered_at(EventTime end);

    loop::LoopConfig config_;
    Mutant mutant_;
    Outside& outside_;
    bool keep_journal_;
    std::unique_ptr<loop::Loop> loop_;
    std::vector<loop::JournalEntry> journal_;       // what is durable
    std::vector<model::AuditRecord> audit_;         // likewise
    std::vector<loop::Input> backlog_;              // answers that wait for the journal
    std::map<model::OrderId, LoopTime> in_flight_;  // without an answer yet, and when it was sent
    ControllerCounters counters_;

    std::map<model::Subject, model::FeatureWindow> remembered_;  // trust_stale
    std::map<model::OrderId, model::OrderId> aliases_;           // reuse_ids: the id sent, and the loop's own
    std::vector<model::OrderResult> invented_;                   // skip_undo
};

}  // namespace homeostat::sim
