// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/process_actuator.h"

namespace homeostat::actuate {
namespace {

constexpr auto kReconcileTimeout = std::chrono::seconds(2);

using model::OrderOutcome;
using model::OrderResult;

OrderResult result_of(const model::OrderId& order, Result<Reply> reply) {
    if (!reply) return {.id = order, .outcome = OrderOutcome::unknown, .detail = reply.error().message};
    auto& result = reply->result;
    if (result && result->id == order) return *std::move(result);
    return {.id = order, .outcome = OrderOutcome::unknown, .detail = "the reply is about another order"};
}

}  // namespace

bool ProcessActuator::supports(model::ActionKind kind) const noexcept {
    using enum model::ActionKind;
    return kind == restart || kind == scale || kind == rollback || kind == reroute || kind == throttle;
}

OrderResult ProcessActuator::execute(const model::Order& order, LoopTime now) {
    if (now >= order.lease_until) {
        return {.id = order.id, .outcome = OrderOutcome::refused, .detail = "its lease is over"};
    }
    const auto lease_until = std::chrono::steady_clock::now().time_since_epoch() + (order.lease_until - now);
    auto reply = client_.call(ExecuteRequest{.order = order, .lease_until = lease_until}, order.timeout);
    if (!reply && reply.error().code == ErrorCode::unavailable) {
        return {.id = order.id, .outcome = OrderOutcome::failed, .detail = reply.error().message};
    }
    return result_of(order.id, std::move(reply));
}

OrderResult ProcessActuator::reconcile(const model::OrderId& order) {
    return result_of(order, client_.call(ReconcileRequest{.order = order}, kReconcileTimeout));
}

}  // namespace homeostat::actuate
