// SPDX-License-Identifier: Apache-2.0
#include "homeostat/verify/after_verification.h"

#include <gtest/gtest.h>

namespace homeostat::verify {
namespace {

using model::OnFailure;
using model::VerificationOutcome;

struct Case {
    AfterVerification after;
    NextMove move;
};

TEST(AfterVerification, FollowsTheTable) {
    const Case cases[] = {
        {{.outcome = VerificationOutcome::recovered, .undo_pending = true, .more_rungs = true},
         NextMove::resolve},
        {{.outcome = VerificationOutcome::not_recovered, .undo_pending = true, .more_rungs = true},
         NextMove::undo},
        {{.outcome = VerificationOutcome::not_recovered,
          .improved = true,
          .undo_pending = true,
          .more_rungs = true},
         NextMove::again},
        {{.outcome = VerificationOutcome::not_recovered, .improved = true, .undo_pending = true},
         NextMove::escalate},
        {{.outcome = VerificationOutcome::not_recovered, .more_rungs = true}, NextMove::next_rung},
        {{.outcome = VerificationOutcome::not_recovered}, NextMove::escalate},
        {{.outcome = VerificationOutcome::not_recovered,
          .on_failure = OnFailure::next,
          .undo_pending = true,
          .more_rungs = true},
         NextMove::next_rung},
        {{.outcome = VerificationOutcome::not_recovered, .on_failure = OnFailure::next, .undo_pending = true},
         NextMove::escalate},
        {{.outcome = VerificationOutcome::not_recovered,
          .on_failure = OnFailure::escalate,
          .undo_pending = true,
          .more_rungs = true},
         NextMove::escalate},
        {{.outcome = VerificationOutcome::inconclusive, .undo_pending = true, .more_rungs = true},
         NextMove::escalate},
    };
    for (const auto& [after, move] : cases) {
        const auto next = decide_after(after);
        EXPECT_EQ(next.move, move) << next.reason;
        EXPECT_FALSE(next.reason.empty());
    }
}

}  // namespace
}  // namespace homeostat::verify
