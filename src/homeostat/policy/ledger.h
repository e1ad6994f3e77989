// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/plan.h"

namespace homeostat::policy {

/// What an act touches: a service, or one instance of it.
struct Target {
    model::ServiceId service;
    std::optional<model::InstanceId> instance;

    static constexpr auto describe() {
        return std::tuple{field("service", &Target::service), field("instance", &Target::instance)};
    }
    friend bool operator==(const Target&, const Target&) = default;
    friend auto operator<=>(const Target&, const Target&) = default;
};

/// True when both touch something common: a whole service overlaps each of its instances.
[[nodiscard]] bool overlap(const Target& a, const Target& b);

/// The targets of a plan's steps, sorted, each once. A plan that touches a service as a whole and an
/// instance of it has both.
[[nodiscard]] std::vector<Target> targets_of(const model::Plan& plan);

enum class ActOutcome : std::uint8_t {
    succeeded,  // verified: recovered
    failed,     // not recovered, or the orders failed: a strike
    unknown,    // inconclusive, or helpful in part: no strike, but the cool-down holds
    withdrawn,  // no order left: it is forgotten at once
    forgiven,   // it failed, and a person has looked at it since: no strike any more
};

/// A plan being carried out: from the first order to the end of its verification or of its undo.
struct Act {
    model::IncidentId incident;
    std::vector<Target> targets;
    LoopTime started_at{};
    std::optional<LoopTime> finished_at;  // empty: in progress
    ActOutcome outcome = ActOutcome::unknown;

    static constexpr auto describe() {
        return std::tuple{field("incident", &Act::incident), field("targets", &Act::targets),
                          field("started_at_ns", &Act::started_at),
                          field("finished_at_ns", &Act::finished_at), field("outcome", &Act::outcome)};
    }
    friend bool operator==(const Act&, const Act&) = default;
};

/// The memory of the guardrails: which acts are in progress, and which ended when and how. It is a value
/// of the loop's state: rebuilt from the journal, written with a snapshot.
class Ledger {
public:
    /// Acts remembered at most. It is above what the highest rate limit admits within the
    /// longest memory of a guard (policy_config.h).
    static constexpr std::size_t kMaxActs = 4096;

    /// Call before the first order of a plan leaves. Errors: `conflict` when the incident has an act in
    /// progress, `resource_exhausted` when the ledger is full; the ledger is unchanged, and the caller
    /// must not act.
    [[nodiscard]] Result<> begin(const model::IncidentId& incident, const model::Plan& plan, LoopTime now);

    /// Call once the act's verification, or its undo, has ended. Errors: `not_found`.
    [[nodiscard]] Result<> finish(const model::IncidentId& incident, ActOutcome outcome, LoopTime now);

    /// Forgets acts that ended before `horizon`, which no guard asks about (Guardrails::horizon).
    void forget_before(LoopTime horizon);

    /// A person has looked at the service, or at all of them: failures no longer count as strikes.
    void clear_strikes(const model::ServiceId& service);
    void clear_strikes();

    /// All acts, in the order in which they started.
    [[nodiscard]] const std::vector<Act>& acts() const { return acts_; }
    [[nodiscard]] bool is_full() const { return acts_.size() >= kMaxActs; }

    static constexpr auto describe() { return std::tuple{field("acts", &Ledger::acts_)}; }
    friend bool operator==(const Ledger&, const Ledger&) = default;

private:
    std::vector<Act> acts_;
};

}  // namespace homeostat::policy

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::policy::ActOutcome> =
    std::to_array<std::string_view>({"succeeded", "failed", "unknown", "withdrawn", "forgiven"});
