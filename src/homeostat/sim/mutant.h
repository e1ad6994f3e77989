// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "homeostat/base/describe.h"
#include "homeostat/loop/config.h"

namespace homeostat::sim {

/// Mistakes that a change of the loop, its policy or its driver could bring: planted to prove that the
/// checkers notice.
enum class Mutant : std::uint8_t {
    none,
    act_before_audit,    // the order leaves before its intent is durable
    forget_after_crash,  // a restart begins from nothing
    lose_journal_entry,  // one step is missing from the journal
    drop_record,         // an outcome is not written down
    repeat_after_crash,  // what was in flight is done again, as a new order
    no_cooldown,
    no_limit,        // of targets at once
    ignore_verdict,  // acts whatever the policy says
    ignore_stop,
    ignore_denial,  // takes a person's no for a yes
    trust_stale,    // the last values seen count for ever
    assume_done,    // what was not heard of, or failed, counts as done
    skip_undo,
    accept_false_success,
    reuse_ids,  // one id for all orders of an incident
};

/// The mistakes that are one of configuration.
void plant(Mutant mutant, loop::LoopConfig& config);

}  // namespace homeostat::sim

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::sim::Mutant> = std::to_array<std::string_view>(
    {"none", "act_before_audit", "forget_after_crash", "lose_journal_entry", "drop_record",
     "repeat_after_crash", "no_cooldown", "no_limit", "ignore_verdict", "ignore_stop", "ignore_denial",
     "trust_stale", "assume_done", "skip_undo", "accept_false_success", "reuse_ids"});
