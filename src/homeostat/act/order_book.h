// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/time.h"
#include "homeostat/model/action.h"

namespace homeostat::act {

enum class OrderPurpose : std::uint8_t { step, verify, undo };

/// What an order is derived from. Equal values give the equal id, before and after a crash.
struct OrderKey {
    model::IncidentId incident;
    std::uint32_t attempt = 0;  // counts the plans tried in this incident
    std::uint32_t step = 0;     // of the plan
    std::uint32_t retry = 0;    // of the step
    OrderPurpose purpose = OrderPurpose::step;
};

/// The orders that have left, or are about to, and have no outcome yet. Every order gets one outcome.
class OrderBook {
public:
    /// An actuator must not begin after the lease; what it has begun it may finish within `timeout`.
    static constexpr Duration kLease = std::chrono::seconds{5};
    /// How long an answer may be on its way after the last moment at which the act can have ended.
    static constexpr Duration kGrace = std::chrono::seconds{3};

    /// Enters an order that is about to be sent.
    const model::Order& intend(const OrderKey& key, model::Order order, LoopTime now);

    /// Closes an order with its outcome and returns it; nothing for one that is not open (a second answer).
    std::optional<model::Order> finish(const model::OrderId& id);

    /// Orders whose answer can no longer come: their outcome is unknown.
    [[nodiscard]] std::vector<model::OrderId> overdue(LoopTime now) const;

    [[nodiscard]] const std::map<model::OrderId, model::Order>& open() const { return open_; }

private:
    std::map<model::OrderId, model::Order> open_;
};

[[nodiscard]] model::OrderId derive_id(const OrderKey& key);

}  // namespace homeostat::act
