// SPDX-License-Identifier: Apache-2.0
#include "homeostat/act/order_book.h"

#include <fmt/format.h>

#include "homeostat/base/check.h"

namespace homeostat::act {

model::OrderId derive_id(const OrderKey& key) {
    const auto* suffix = key.purpose == OrderPurpose::undo     ? "u"
                         : key.purpose == OrderPurpose::verify ? "v"
                                                               : "";
    return model::OrderId{
        fmt::format("{}/{}.{}.{}{}", key.incident.value(), key.attempt, key.step, key.retry, suffix)};
}

const model::Order& OrderBook::intend(const OrderKey& key, model::Order order, LoopTime now) {
    order.id = derive_id(key);
    order.undo = key.purpose == OrderPurpose::undo;
    order.issued_at = now;
    order.lease_until = now + kLease;
    const auto [entry, is_new] = open_.emplace(order.id, order);
    HOMEOSTAT_CHECK(is_new);
    return entry->second;
}

std::optional<model::Order> OrderBook::finish(const model::OrderId& id) {
    auto node = open_.extract(id);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
}

std::vector<model::OrderId> OrderBook::overdue(LoopTime now) const {
    std::vector<model::OrderId> ids;
    for (const auto& [id, order] : open_) {
        if (now > order.lease_until + order.timeout + kGrace) ids.push_back(id);
    }
    return ids;
}

}  // namespace homeostat::act
