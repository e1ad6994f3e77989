// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/mutant.h"

namespace homeostat::sim {

void plant(Mutant mutant, loop::LoopConfig& config) {
    auto& policy = config.policy;
    switch (mutant) {
        case Mutant::no_cooldown: policy.cooldown = Duration::zero(); break;
        case Mutant::no_limit:
            policy.max_targets = 1000;
            policy.max_targets_pct = 100;
            break;
        case Mutant::ignore_verdict:
            policy.mode = model::Autonomy::automatic;
            policy.rules.clear();
            break;
        case Mutant::trust_stale: policy.max_evidence_age = std::chrono::hours{1}; break;
        case Mutant::accept_false_success:
            config.verify.min_traffic_share = 0;
            config.verify.interval_slack = 1e9;
            config.verify.error_rate_slack = 1;
            config.verify.latency_slack_ms = 1e9;
            break;
        case Mutant::none:
        case Mutant::act_before_audit:
        case Mutant::forget_after_crash:
        case Mutant::lose_journal_entry:
        case Mutant::drop_record:
        case Mutant::repeat_after_crash:
        case Mutant::ignore_stop:
        case Mutant::ignore_denial:
        case Mutant::assume_done:
        case Mutant::skip_undo:
        case Mutant::reuse_ids: break;
    }
}

}  // namespace homeostat::sim
