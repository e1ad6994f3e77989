// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "homeostat/base/time.h"
#include "homeostat/model/action.h"

namespace homeostat::act {

/// Carries out orders in the world outside.
///
/// Threads: the dispatcher calls one actuator from one worker thread at a time.
/// Bounds:  execute() returns within `order.timeout` and a little; what is not known to be finished by
///          then is `unknown`.
class Actuator {
public:
    virtual ~Actuator() = default;
    Actuator(const Actuator&) = delete;
    Actuator& operator=(const Actuator&) = delete;

    [[nodiscard]] virtual bool supports(model::ActionKind kind) const noexcept = 0;

    /// Carries the order out and waits for the outcome. At most once for each order id: a repeated id
    /// gets the stored result. `refused` when `now` is not before the end of the order's lease. The
    /// result's `undo` is made from the state read before the act.
    [[nodiscard]] virtual model::OrderResult execute(const model::Order& order, LoopTime now) = 0;

    /// What really became of an order whose outcome is unknown. An order that has not arrived by now is
    /// `failed` and will be refused if it arrives later, so the answer stays true. `unknown` while the
    /// order is still being carried out, and when nobody can be asked.
    [[nodiscard]] virtual model::OrderResult reconcile(const model::OrderId& order) = 0;

protected:
    Actuator() = default;
};

}  // namespace homeostat::act
