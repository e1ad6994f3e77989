// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/loop/loop.h"
#include "homeostat/runtime/audit_log.h"
#include "homeostat/runtime/journal.h"

namespace homeostat::runtime {

struct EngineConfig {
    loop::LoopConfig loop;
    json::Value effective_config;  // all that decides, for the journal's header
    graph::Records graph;          // as stored, for a new journal to begin with
    std::filesystem::path data_dir;
};

/// Where effects go, and who is told of records. Called during Engine::step, on its thread.
struct EffectHandlers {
    std::function<void(const model::Order&)> send;
    std::function<void(const loop::RequestApproval&)> request_approval;
    std::function<void(const loop::ActionReport&)> publish;
    std::function<void(const model::AuditRecord&)> recorded;
};

/// The loop with its memory: each input is in the journal before it is decided upon, each record in the
/// audit log before an order leaves. Opening it again after a crash at any moment goes on where it was.
///
/// Threads: one.
class Engine {
public:
    struct Recovered {
        std::uint64_t entries = 0;  // decided again
        bool new_configuration = false;
        std::vector<model::Order> open_orders;  // whose outcome must be found out
    };

    /// Errors: those of the logs and of Loop::create; `data_loss` when the journal gives other decisions than
    /// the audit log holds.
    [[nodiscard]] static Result<Engine> open(EngineConfig config, EffectHandlers handlers);

    [[nodiscard]] const Recovered& recovered() const { return recovered_; }
    /// The moment of the last entry: loop time goes on from there.
    [[nodiscard]] Instant last() const { return last_; }

    /// Journals the inputs and decides. Errors: those of SegmentLog, when the journal cannot be written: then
    /// nothing was decided, and the caller keeps the inputs.
    [[nodiscard]] Result<> step(Instant now, std::vector<loop::Input> inputs);

    /// Why records cannot be made durable; while that lasts every order is refused. Empty when all is well.
    [[nodiscard]] const std::string& audit_trouble() const { return audit_trouble_; }

    [[nodiscard]] const loop::Loop& loop() const { return loop_; }
    /// What of the graph has changed since the last call, for its store.
    [[nodiscard]] graph::Records take_graph_changes() { return loop_.take_graph_changes(); }

private:
    Engine(EngineConfig config, EffectHandlers handlers, loop::Loop loop, Journal journal, AuditLog audit);

    [[nodiscard]] Result<> replay();
    void apply(std::vector<loop::Effect> effects);
    bool flush_audit();
    void save_carryover();

    EngineConfig config_;
    EffectHandlers handlers_;
    loop::Loop loop_;
    Journal journal_;
    AuditLog audit_;
    Instant last_;
    Recovered recovered_;
    std::string audit_trouble_;
    std::vector<loop::Input> refusals_;  // orders that did not leave, for the next step
};

/// What the newest step of the loop in `data_dir` leaves to the next one; nothing where none has run yet.
/// Errors: `invalid_argument` when it cannot be read.
[[nodiscard]] Result<loop::Carryover> read_carryover(const std::filesystem::path& data_dir);

/// Of everything that a decision depends on beside the inputs.
[[nodiscard]] std::string fingerprint(const json::Value& effective_config);

}  // namespace homeostat::runtime
