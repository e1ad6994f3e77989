// SPDX-License-Identifier: Apache-2.0
#include "homeostat/act/order_book.h"

#include <gtest/gtest.h>

namespace homeostat::act {
namespace {

using namespace std::chrono_literals;

const OrderKey kKey{.incident = model::IncidentId{"inc-7"}, .attempt = 1, .step = 2};

TEST(OrderBook, DerivesTheSameIdFromTheSameDecision) {
    EXPECT_EQ(derive_id(kKey), derive_id(kKey));
    auto retried = kKey;
    retried.retry = 1;
    auto undone = kKey;
    undone.purpose = OrderPurpose::undo;
    EXPECT_NE(derive_id(kKey), derive_id(retried));
    EXPECT_NE(derive_id(kKey), derive_id(undone));
}

TEST(OrderBook, GivesEachOrderOneOutcome) {
    OrderBook book;
    const auto id = book.intend(kKey, {}, LoopTime{}).id;
    EXPECT_TRUE(book.finish(id).has_value());
    EXPECT_FALSE(book.finish(id).has_value());
}

TEST(OrderBook, CallsAnOutcomeUnknownOnlyWhenNoAnswerCanComeAnyMore) {
    OrderBook book;
    model::Order order;
    order.timeout = 10s;
    book.intend(kKey, order, LoopTime{});
    const auto last_moment = LoopTime{OrderBook::kLease + 10s + OrderBook::kGrace};
    EXPECT_TRUE(book.overdue(last_moment).empty());
    EXPECT_EQ(book.overdue(last_moment + 1ns).size(), 1U);
}

}  // namespace
}  // namespace homeostat::act
