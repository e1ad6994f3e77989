// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/ledger.h"

#include <gtest/gtest.h>

namespace homeostat::policy {
namespace {

using namespace std::chrono_literals;

const model::ServiceId kPayment{"payment"};
const model::IncidentId kIncident{"inc-1"};

model::Plan plan_on(std::vector<Target> targets) {
    model::Plan plan;
    for (auto& target : targets) {
        plan.steps.push_back(
            {.name = "step", .action = {.service = target.service, .instance = target.instance}});
    }
    return plan;
}

TEST(Target, OverlapsItsServiceAndItselfButNotItsNeighbour) {
    const Target service{kPayment, std::nullopt};
    const Target one{kPayment, model::InstanceId{"1"}};
    const Target two{kPayment, model::InstanceId{"2"}};
    EXPECT_TRUE(overlap(service, one));
    EXPECT_TRUE(overlap(one, service));
    EXPECT_TRUE(overlap(one, one));
    EXPECT_FALSE(overlap(one, two));
    EXPECT_FALSE(overlap(service, {model::ServiceId{"db"}, std::nullopt}));
}

TEST(Ledger, TakesOneActAtATimeOfAnIncident) {
    Ledger ledger;
    const auto plan = plan_on({{kPayment, std::nullopt}});
    ASSERT_TRUE(ledger.begin(kIncident, plan, LoopTime{1s}));
    EXPECT_EQ(ledger.begin(kIncident, plan, LoopTime{2s}).error().code, ErrorCode::conflict);
    ASSERT_TRUE(ledger.finish(kIncident, ActOutcome::failed, LoopTime{3s}));
    EXPECT_EQ(ledger.finish(kIncident, ActOutcome::failed, LoopTime{4s}).error().code, ErrorCode::not_found);
    EXPECT_TRUE(ledger.begin(kIncident, plan, LoopTime{5s}));
    EXPECT_EQ(ledger.acts().size(), 2);
}

TEST(Ledger, ForgetsAnActThatWasWithdrawn) {
    Ledger ledger;
    ASSERT_TRUE(ledger.begin(kIncident, plan_on({{kPayment, std::nullopt}}), LoopTime{1s}));
    ASSERT_TRUE(ledger.finish(kIncident, ActOutcome::withdrawn, LoopTime{2s}));
    EXPECT_TRUE(ledger.acts().empty());
}

TEST(Ledger, ForgetsOldActsButNeverOneInProgress) {
    Ledger ledger;
    const auto plan = plan_on({{kPayment, std::nullopt}});
    ASSERT_TRUE(ledger.begin(kIncident, plan, LoopTime{1s}));
    ASSERT_TRUE(ledger.finish(kIncident, ActOutcome::succeeded, LoopTime{10s}));
    ASSERT_TRUE(ledger.begin(model::IncidentId{"inc-2"}, plan, LoopTime{1s}));
    ledger.forget_before(LoopTime{10s});
    EXPECT_EQ(ledger.acts().size(), 2);
    ledger.forget_before(LoopTime{10s} + 1ns);
    ASSERT_EQ(ledger.acts().size(), 1);
    EXPECT_EQ(ledger.acts()[0].incident, model::IncidentId{"inc-2"});
}

TEST(Ledger, RefusesMoreActsThanItsBound) {
    Ledger ledger;
    const auto plan = plan_on({{kPayment, std::nullopt}});
    for (std::size_t i = 0; i < Ledger::kMaxActs; ++i) {
        ASSERT_TRUE(ledger.begin(model::IncidentId{std::to_string(i)}, plan, LoopTime{1s}));
    }
    EXPECT_EQ(ledger.begin(kIncident, plan, LoopTime{1s}).error().code, ErrorCode::resource_exhausted);
}

TEST(Ledger, ReadsBackWhatItWrites) {
    Ledger ledger;
    ASSERT_TRUE(ledger.begin(kIncident, plan_on({{kPayment, model::InstanceId{"1"}}}), LoopTime{1s}));
    ASSERT_TRUE(ledger.finish(kIncident, ActOutcome::failed, LoopTime{2s}));
    EXPECT_EQ(from_json<Ledger>(to_json(ledger)), ledger);
}

}  // namespace
}  // namespace homeostat::policy
