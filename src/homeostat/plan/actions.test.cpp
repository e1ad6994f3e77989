// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/actions.h"

#include <gtest/gtest.h>

namespace homeostat::plan {
namespace {

using model::ActionKind;

std::string fields(const std::vector<ArgumentFlaw>& flaws) {
    std::string out;
    for (const auto& flaw : flaws) out += (out.empty() ? "" : " ") + flaw.field;
    return out;
}

TEST(Arguments, MustBeThoseOfTheAction) {
    const auto check = [](ActionKind kind, json::Value args, bool instance = false) {
        return fields(check_arguments(kind, args, instance));
    };
    using json::Array;
    using json::Object;
    EXPECT_EQ(check(ActionKind::restart, {}), "");
    EXPECT_EQ(check(ActionKind::restart, {}, true), "");
    EXPECT_EQ(check(ActionKind::restart, Object{{"force", true}}), "args.force");
    EXPECT_EQ(check(ActionKind::scale, Object{{"replicas", "+2"}}), "");
    EXPECT_EQ(check(ActionKind::scale, Object{{"replicas", "$replicas"}}), "");
    EXPECT_EQ(check(ActionKind::scale, Object{{"replicas", "many"}}), "args.replicas");
    EXPECT_EQ(check(ActionKind::scale, Object{{"replicas", std::int64_t{-1}}}), "args.replicas");
    EXPECT_EQ(check(ActionKind::scale, {}), "args");
    EXPECT_EQ(check(ActionKind::scale, Array{}), "args");
    EXPECT_EQ(check(ActionKind::scale, Object{{"replicas", std::int64_t{2}}}, true), "instance");
    EXPECT_EQ(check(ActionKind::rollback, {}), "");
    EXPECT_EQ(check(ActionKind::rollback, Object{{"version", std::int64_t{2}}}), "args.version");
    EXPECT_EQ(check(ActionKind::reroute, {}), "instance");
    EXPECT_EQ(check(ActionKind::reroute, Object{{"enabled", "yes"}}, true), "args.enabled");
    EXPECT_EQ(check(ActionKind::throttle, Object{{"rate_rps", 10.5}}), "");
    EXPECT_EQ(check(ActionKind::throttle, Object{{"rate", 10.5}}), "args args.rate");
    EXPECT_EQ(check(ActionKind::script, Array{"/opt/fix", "$service"}), "");
    EXPECT_EQ(check(ActionKind::script, Array{"$service"}), "args[0]");
    EXPECT_EQ(check(ActionKind::script, Array{"/opt/fix", Array{}}), "args[1]");
    EXPECT_EQ(check(ActionKind::script, {}), "args");
}

TEST(Arguments, AreResolvedAgainstTheState) {
    const TargetState state{
        .instances = {model::InstanceId{"a"}, model::InstanceId{"b"}, model::InstanceId{"c"}},
        .baseline_rate_rps = 80};
    const auto resolve = [&](ActionKind kind, const json::Value& args) {
        return to_json(*resolve_arguments(kind, args, {}, state));
    };
    EXPECT_EQ(json::to_text(resolve(ActionKind::scale, json::Object{{"replicas", "x1.5"}})),
              R"({"replicas":5})");
    EXPECT_EQ(json::to_text(resolve(ActionKind::throttle, json::Object{{"rate_rps", "x0.5"}})),
              R"({"rate_rps":40.0})");
    EXPECT_EQ(json::to_text(resolve(ActionKind::script, json::Array{"fix", "now", std::int64_t{3}})),
              R"({"args":["now","3"],"program":"fix"})");
    EXPECT_FALSE(resolve_arguments(ActionKind::scale, json::Object{{"replicas", "-4"}}, {}, state));
    EXPECT_FALSE(resolve_arguments(ActionKind::scale, json::Object{{"replicas", "x1e30"}}, {}, state));
}

TEST(Kubectl, AllowsOrdinaryRemedies) {
    for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
             {"rollout", "restart", "deployment/payment", "-n", "shop"},
             {"rollout", "undo", "deployment/payment", "--to-revision=3"},
             {"scale", "deployment/payment", "--replicas=4", "--namespace=shop"},
             {"delete", "pod", "payment-1", "--grace-period=0"},
             {"delete", "pod/payment-1"},
             {"cordon", "node-7"}}) {
        const auto flaw = check_kubectl(args);
        EXPECT_FALSE(flaw) << flaw->message;
    }
}

TEST(Kubectl, RefusesOtherCredentialsOtherClustersAndUnknownWords) {
    for (const std::vector<std::string>& args :
         std::vector<std::vector<std::string>>{{"get", "pods", "--token=abc"},
                                               {"get", "pods", "--token", "abc"},
                                               {"get", "pods", "--as=admin"},
                                               {"get", "pods", "--kubeconfig", "/tmp/other"},
                                               {"get", "pods", "--context=prod"},
                                               {"get", "pods", "--server=https://elsewhere"},
                                               {"get", "pods", "-s", "elsewhere"},
                                               {"scale", "deployment/payment", "--invented"},
                                               {"delete", "namespace", "shop"},
                                               {"delete"},
                                               {"rollout"},
                                               {"rollout", "history"},
                                               {"exec", "payment-1", "--", "sh"},
                                               {"--token=abc", "get", "pods"},
                                               {"Get", "pods"}}) {
        EXPECT_TRUE(check_kubectl(args)) << args.front();
    }
}

}  // namespace
}  // namespace homeostat::plan
