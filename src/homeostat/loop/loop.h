// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/graph/service_graph.h"
#include "homeostat/loop/config.h"
#include "homeostat/loop/effect.h"
#include "homeostat/loop/input.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/incident.h"
#include "homeostat/policy/ledger.h"

namespace homeostat::loop {

/// What was counted since the start, for the metrics.
struct LoopCounters {
    std::uint64_t steps = 0;
    std::uint64_t windows = 0;
    std::uint64_t anomalies = 0;       // opened
    std::uint64_t incidents = 0;       // opened
    std::uint64_t resolved = 0;        // incidents whose recovery was verified
    Duration time_to_detect{};         // of all that were opened: from the first abnormal window on
    Duration time_to_remediate{};      // of all that were resolved, likewise
    std::uint64_t orders = 0;          // sent
    std::uint64_t undone = 0;          // of those, taking another back
    std::uint64_t inputs_ignored = 0;  // answers to nothing that was asked
};

/// What must outlive a change of the configuration, with which a journal cannot be decided again: the
/// limits' memory, the stop switch, and the names and the chain that go on.
struct Carryover {
    policy::Ledger ledger;
    std::optional<StopSwitched> stopped;
    std::uint64_t incidents = 0;  // opened so far
    std::uint64_t audit_sequence = 0;
    std::string audit_hash;
    graph::Records graph;  // left empty by carryover(): the store has it

    static constexpr auto describe() {
        return std::tuple{
            field("ledger", &Carryover::ledger),         field("stopped", &Carryover::stopped),
            field("incidents", &Carryover::incidents),   field("audit_sequence", &Carryover::audit_sequence),
            field("audit_hash", &Carryover::audit_hash), field("graph", &Carryover::graph)};
    }
    friend bool operator==(const Carryover&, const Carryover&) = default;
};

/// The control loop: monitor, analyse, plan, execute over shared knowledge (MAPE-K; Kephart and Chess,
/// 2003), as a deterministic state machine. The same configuration and the same calls of step() give the
/// same effects, bit for bit.
///
/// The driver makes the inputs durable, calls step(), and carries the effects out in their order: a
/// Record must be durable before what follows it is begun. After a crash it calls step() again with all
/// that the journal holds, throws the effects away that it has carried out already (a Record by its
/// sequence number, an order by its id), and reconciles open_orders().
///
/// Threads: thread-compatible.
class Loop {
public:
    /// Errors: `invalid_argument` naming the setting.
    [[nodiscard]] static Result<Loop> create(const LoopConfig& config, const Carryover& from = {});

    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    Loop(Loop&&) noexcept;
    Loop& operator=(Loop&&) noexcept;
    ~Loop();

    /// Takes the inputs in their order and decides. `now.loop` must not go back.
    [[nodiscard]] std::vector<Effect> step(Instant now, std::span<const Input> inputs);

    /// For a loop with another configuration. Acts in progress are carried over as ended with an unknown
    /// outcome.
    [[nodiscard]] Carryover carryover() const;

    /// Orders without an outcome.
    [[nodiscard]] std::vector<model::Order> open_orders() const;

    /// Open incidents by id, then the ended ones that are remembered, newest first.
    [[nodiscard]] std::vector<model::Incident> incidents() const;
    [[nodiscard]] std::vector<model::Anomaly> anomalies() const;
    [[nodiscard]] const graph::ServiceGraph& graph() const;
    /// The nodes and edges that have changed since the last call: all of them at first.
    [[nodiscard]] graph::Records take_graph_changes();
    [[nodiscard]] bool has_open_incidents() const;
    [[nodiscard]] const std::optional<StopSwitched>& stopped() const;
    [[nodiscard]] const LoopCounters& counters() const;

private:
    struct State;
    explicit Loop(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace homeostat::loop
