// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/variables.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace homeostat::plan {
namespace {

TEST(Variables, StandForWholeArgumentsOnly) {
    EXPECT_EQ(variable_in("$service"), "service");
    EXPECT_EQ(variable_in("$parameters.more"), "parameters.more");
    for (const auto* text :
         {"", "$", "service", "deployment/$service", "$service-1", "$ service", "$(service)"}) {
        EXPECT_EQ(variable_in(text), std::nullopt) << text;
    }
}

TEST(Variables, AreFilledInAtEveryDepthAndStayWhole) {
    const Variables variables{{"service", "a b; rm -rf /"}, {"replicas", std::int64_t{3}}};
    const json::Value value =
        json::Object{{"list", json::Array{"$service", "--n=$replicas"}}, {"n", "$replicas"}};
    const auto filled = fill_in(value, variables);
    ASSERT_TRUE(filled);
    EXPECT_EQ(json::to_text(*filled), R"({"list":["a b; rm -rf /","--n=$replicas"],"n":3})");
}

TEST(Variables, WithoutAValueAreAnErrorThatNamesThem) {
    const auto filled = fill_in(json::Array{"$instance"}, {});
    ASSERT_FALSE(filled);
    EXPECT_EQ(filled.error().code, ErrorCode::failed_precondition);
    EXPECT_EQ(filled.error().message, "$instance has no value for this cause");
}

TEST(Variables, SizeAServiceForItsLoad) {
    const Playbook playbook;
    const model::Cause cause{.service = model::ServiceId{"payment"}, .kind = model::CauseKind::load_surge};
    TargetState state{.instances = {model::InstanceId{"a"}, model::InstanceId{"b"}}};
    const auto replicas = [&] {
        return *variables_for(playbook, cause, state)["replicas_for_load"].as_integer();
    };
    EXPECT_EQ(replicas(), 4) << "nothing is known of the load";
    state.baseline_rate_rps = 100;
    state.rate_rps = 250;
    EXPECT_EQ(replicas(), 6);
    state.rate_rps = 90;
    EXPECT_EQ(replicas(), 4) << "a service that is full serves no more than it can";
    state.baseline_replicas = 1;
    EXPECT_EQ(replicas(), 4) << "two were enough, it seemed, and are not";
    state.rate_rps = 250;
    EXPECT_EQ(replicas(), 3);
    state.rate_rps = 1e300;
    EXPECT_EQ(replicas(), 1'000'000);
}

TEST(Amount, IsANumberOrRelativeToTheState) {
    EXPECT_EQ(resolve_amount(std::int64_t{4}, 3), 4);
    EXPECT_EQ(resolve_amount(2.5, std::nullopt), 2.5);
    EXPECT_EQ(resolve_amount("+2", 3), 5);
    EXPECT_EQ(resolve_amount("-1", 3), 2);
    EXPECT_EQ(resolve_amount("x1.5", 3), 4.5);
    EXPECT_EQ(resolve_amount("+2", std::nullopt).error().code, ErrorCode::failed_precondition);
    for (const auto* text : {"", "+", "two", "*2", "x", "x-2", "+-2", "+2+2", "x1e999", "+nan", "5"}) {
        const auto amount = resolve_amount(text, 3);
        ASSERT_FALSE(amount) << text;
        EXPECT_EQ(amount.error().code, ErrorCode::invalid_argument) << text;
    }
    EXPECT_FALSE(resolve_amount(json::Value(true), 3));
    EXPECT_FALSE(resolve_amount(json::Value{}, 3));
}

RC_GTEST_PROP(VariablesProperty, ValuesFromOutsideNeverBecomeMoreThanOneArgument,
              (const std::string& hostile)) {
    const auto filled = fill_in(json::Array{"get", "$instance"}, {{"instance", json::Value(hostile)}});
    RC_ASSERT(filled.has_value());
    RC_ASSERT(filled->as_array()->size() == 2);
    RC_ASSERT(*filled->as_array()->back().as_string() == hostile);
}

}  // namespace
}  // namespace homeostat::plan
