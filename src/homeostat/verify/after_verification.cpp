// SPDX-License-Identifier: Apache-2.0
#include "homeostat/verify/after_verification.h"

namespace homeostat::verify {
namespace {

NextStep next_or_escalate(bool more_rungs) {
    if (more_rungs) return {NextMove::next_rung, "it did not help: the next rung of the ladder is tried"};
    return {NextMove::escalate, "it did not help and the ladder is exhausted: a person must look"};
}

NextStep after_failure(const AfterVerification& after) {
    switch (after.on_failure) {
        case model::OnFailure::undo:
            if (after.improved && after.more_rungs)
                return {NextMove::again, "it helped, and not enough: it stays, and more may follow"};
            if (after.improved) return {NextMove::escalate, "it helped, and not enough: a person must look"};
            if (after.undo_pending) return {NextMove::undo, "it did not help: it is taken back"};
            return next_or_escalate(after.more_rungs);
        case model::OnFailure::next: return next_or_escalate(after.more_rungs);
        case model::OnFailure::escalate: break;
    }
    return {NextMove::escalate, "it did not help: the playbook calls a person"};
}

}  // namespace

NextStep decide_after(const AfterVerification& after) {
    switch (after.outcome) {
        case model::VerificationOutcome::recovered: return {NextMove::resolve, "the service has recovered"};
        case model::VerificationOutcome::not_recovered: return after_failure(after);
        case model::VerificationOutcome::inconclusive: break;
    }
    return {NextMove::escalate, "it cannot be seen whether it helped: a person must look"};
}

}  // namespace homeostat::verify
