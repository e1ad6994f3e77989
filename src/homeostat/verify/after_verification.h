// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "homeostat/model/plan.h"
#include "homeostat/model/verification.h"

namespace homeostat::verify {

enum class NextMove : std::uint8_t {
    resolve,    // the incident is over
    undo,       // take the acts back, newest first, then ask again with `undo_pending` = false
    again,      // keep what was done, and plan anew: more of it may be needed
    next_rung,  // plan the next rung of the ladder
    escalate,   // a person must look
};

/// What is known once a verification has ended.
struct AfterVerification {
    model::VerificationOutcome outcome = model::VerificationOutcome::inconclusive;
    model::OnFailure on_failure = model::OnFailure::undo;
    bool improved = false;      // not recovered, but much better
    bool undo_pending = false;  // an act of the plan can be taken back and has not been
    bool more_rungs = false;    // the ladder goes on
};

struct NextStep {
    NextMove move = NextMove::escalate;
    std::string reason;  // plain words
};

/// Decides what follows. A failed act that can be undone is undone before anything else is tried, unless it
/// has taken most of the harm away. After an inconclusive verification nothing more is done by itself, not
/// even an undo: acting blindly is what the verification is there to prevent.
[[nodiscard]] NextStep decide_after(const AfterVerification& after);

}  // namespace homeostat::verify
