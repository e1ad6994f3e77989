// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/model/plan.h"
#include "homeostat/model/verdict.h"
#include "homeostat/policy/ledger.h"
#include "homeostat/policy/policy_config.h"
#include "homeostat/policy/situation.h"

namespace homeostat::policy {

/// Judges plans. Each limit is counted as it will be after the act, and every guard that objects is
/// listed. Decisions rank deny > suggest > needs_approval > allow; the most severe one wins.
///
/// A pure function of its arguments: no clock, no state. What was done before is in the ledger, which the
/// loop keeps.
class Guardrails {
public:
    /// Errors: `invalid_argument`, naming the setting.
    [[nodiscard]] static Result<Guardrails> create(PolicyConfig config);

    /// May this plan be carried out now? Call again right before the first order, with the state read again.
    [[nodiscard]] model::Verdict judge(const model::Plan& plan, const Situation& situation,
                                       const Ledger& ledger) const;

    /// May this act be taken back now? An undo restores what was, so only the stop switch forbids it.
    [[nodiscard]] model::Verdict judge_undo(const Situation& situation) const;

    /// The plan with its scale steps brought into the limits, where something of the wish remains: +3
    /// becomes +1 when one more is allowed. A plan that cannot be fitted is returned as it is.
    [[nodiscard]] model::Plan fit(model::Plan plan, const Situation& situation) const;

    /// What lies before this moment no guard asks about: Ledger::forget_before.
    [[nodiscard]] LoopTime horizon(LoopTime now) const;

    [[nodiscard]] const PolicyConfig& config() const { return config_; }
    [[nodiscard]] const model::PolicyVersion& version() const { return version_; }

private:
    explicit Guardrails(PolicyConfig config);

    PolicyConfig config_;
    model::PolicyVersion version_;
};

/// When asking again makes sense: the last of the moments at which the denials lift. Empty when the
/// verdict is no denial, or when time alone will not lift it: then this plan never passes, and the next
/// rung of the ladder is due.
[[nodiscard]] std::optional<LoopTime> retry_at(const model::Verdict& verdict);

/// True when no other rung may be tried either and a person must take over: the service has struck out.
[[nodiscard]] bool must_escalate(const model::Verdict& verdict);

}  // namespace homeostat::policy
