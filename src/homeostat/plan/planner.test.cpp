// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/planner.h"

#include <gtest/gtest.h>

#include "homeostat/base/check.h"

namespace homeostat::plan {
namespace {

using model::ActionKind;
using model::CauseKind;

const model::ServiceId kPayment{"payment"};

Playbook playbook(std::string name, std::int32_t order, StepTemplate step) {
    Playbook out;
    out.name = std::move(name);
    out.order = order;
    out.match.causes = {CauseKind::crash};
    out.steps = {std::move(step)};
    return out;
}

StepTemplate restart_instance() {
    return {.name = "restart", .action = ActionKind::restart, .instance = "$instance"};
}

StepTemplate scale(json::Value replicas) {
    return {.name = "scale",
            .action = ActionKind::scale,
            .args = json::Object{{"replicas", std::move(replicas)}}};
}

Planner planner_of(std::vector<Playbook> playbooks) {
    auto library = PlaybookLibrary::create(std::move(playbooks));
    HOMEOSTAT_CHECK(library);
    return Planner{*std::move(library)};
}

model::Cause crash_of(std::optional<std::string> instance) {
    model::Cause cause{.service = kPayment, .kind = CauseKind::crash, .posterior = 0.9};
    if (instance) cause.instance = model::InstanceId{*instance};
    return cause;
}

TargetState three_replicas() {
    const std::vector<model::InstanceId> all{model::InstanceId{"p-1"}, model::InstanceId{"p-2"},
                                             model::InstanceId{"p-3"}};
    return {.instances = all, .healthy = {all[1], all[2]}};
}

TEST(Planner, FillsTheTargetInAndSaysWhichRungItIs) {
    const auto planner =
        planner_of({playbook("scale", 20, scale("+2")), playbook("restart", 10, restart_instance())});
    const auto first = planner.plan({}, crash_of("p-1"), 0, three_replicas());
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->playbook, model::PlaybookId{"restart@1"});
    EXPECT_EQ(to_string(first->steps.at(0).action), "restart payment/p-1");
    EXPECT_EQ(first->blast_radius.targets, std::vector{kPayment});

    const auto second = planner.plan({}, crash_of("p-1"), first->rung + 1, three_replicas());
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(to_string(second->steps.at(0).action), "scale payment replicas=5");
}

TEST(Planner, PassesOverARungThatDoesNotApplyAndSaysWhy) {
    auto guarded = playbook("a", 1, scale(std::int64_t{4}));
    guarded.guards.healthy_others = 3;
    const auto planner = planner_of({guarded, playbook("b", 2, restart_instance())});
    const auto plan = planner.plan({}, crash_of("p-1"), 0, three_replicas());
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->rung, 1);

    const auto none = planner.plan({}, crash_of(std::nullopt), 0, three_replicas());
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::not_found);
    EXPECT_EQ(
        none.error().message,
        "the ladder for crash of payment has 2 rungs and is exhausted; a@1: guard healthy_others 3 does not "
        "hold: payment has other instances in the traffic: 2; b@1: step 'restart': $instance has no value "
        "for this cause");
}

TEST(Planner, DoesNotLetGuardsKeepAnInstanceOutOfTheTraffic) {
    const auto reroute = [](bool enabled) {
        return model::PlannedStep{.action = {.kind = ActionKind::reroute,
                                             .service = kPayment,
                                             .parameters = {{"enabled", enabled}}}};
    };
    auto guarded = playbook("a", 1, restart_instance());
    guarded.guards.healthy_others = 2;
    const auto plan = planner_of({guarded}).plan({}, crash_of("p-1"), 0, three_replicas());
    ASSERT_TRUE(plan) << plan.error().message;
    auto fewer = three_replicas();
    fewer.healthy.pop_back();
    EXPECT_FALSE(check_guards(*plan, plan->steps.front(), fewer));
    EXPECT_FALSE(check_guards(*plan, reroute(true), fewer));
    EXPECT_TRUE(check_guards(*plan, reroute(false), fewer));
}

}  // namespace
}  // namespace homeostat::plan
