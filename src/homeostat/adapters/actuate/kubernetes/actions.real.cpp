// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/cluster.real.h"

namespace homeostat::kubernetes {
namespace {

/// What each action does to a real control plane, and how it is taken back.
class Actions : public Cluster {};

TEST_F(Actions, ScalesAndTakesItBack) {
    deploy("web");
    const auto result = act(ActionKind::scale, "web", {{"replicas", std::int64_t{6}}});
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_TRUE(eventually([&] { return ready("web") == 6; }));
    expect_undone(result);
    EXPECT_TRUE(eventually([&] { return ready("web") == 3; }));
    EXPECT_EQ(act(ActionKind::scale, "web", {{"replicas", std::int64_t{51}}}).outcome, OrderOutcome::refused);
    EXPECT_EQ(act(ActionKind::scale, "gone", {{"replicas", std::int64_t{1}}}).outcome, OrderOutcome::refused);
}

TEST_F(Actions, ScaleByTheAutoscalerThatOwnsTheReplicas) {
    deploy("web");
    create(path(kAutoscalers), R"({"metadata":{"name":"web"},"spec":{"minReplicas":1,"maxReplicas":4,
        "scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}}})");
    const auto result = act(ActionKind::scale, "web", {{"replicas", std::int64_t{6}}});
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    const auto bounds = [&] { return *at(*admin_->get_at(path(kAutoscalers, "web")), {"spec"}); };
    EXPECT_TRUE(holds(bounds(), parsed(R"({"minReplicas":6,"maxReplicas":6})")));
    expect_undone(result);
    EXPECT_TRUE(holds(bounds(), parsed(R"({"minReplicas":1,"maxReplicas":4})")));
}

TEST_F(Actions, RestartAllPodsOnceForEachOrder) {
    deploy("web");
    const auto before = pods("app=web");
    const auto restart = order({.kind = ActionKind::restart, .service = model::ServiceId{"web"}});
    const auto result = actuator_->execute(restart, now_);
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_FALSE(result.undo);
    EXPECT_TRUE(eventually([&] {
        const auto after = pods("app=web");
        return ready("web") == 3 && after.size() == 3 && std::ranges::none_of(before, [&](const auto& old) {
                   return std::ranges::any_of(after, [&](const auto& pod) {
                       return text_at(pod, {"metadata", "uid"}) == text_at(old, {"metadata", "uid"});
                   });
               });
    }));
    const auto generation = integer_at(deployment("web"), {"metadata", "generation"});
    EXPECT_EQ(actuator_->execute(restart, now_), result);
    open_actuator();
    EXPECT_EQ(actuator_->execute(restart, now_), result);
    EXPECT_EQ(integer_at(deployment("web"), {"metadata", "generation"}), generation);
}

TEST_F(Actions, RollBackABadRevision) {
    deploy("web");
    EXPECT_EQ(act(ActionKind::rollback, "web").outcome, OrderOutcome::refused);  // there is nothing before it
    patch(path(kDeployments, "web"),
          R"({"spec":{"template":{"metadata":{"labels":{"test.homeostat/fault":"crash"}},
        "spec":{"containers":[{"name":"web","image":"web:v2"}]}}}})");
    ASSERT_TRUE(eventually([&] {
        const auto broken = pods("test.homeostat/fault=crash");
        return !broken.empty() && !list_at(broken.front(), {"status", "containerStatuses"}).empty();
    }));
    const auto result = act(ActionKind::rollback, "web");
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_EQ(image("web"), "web:v1");
    EXPECT_TRUE(eventually([&] { return ready("web") == 3 && pods("test.homeostat/fault=crash").empty(); }));
    expect_undone(result);
    EXPECT_EQ(image("web"), "web:v2");
    EXPECT_EQ(act(ActionKind::rollback, "web", {{"version", "v1"}}).outcome, OrderOutcome::done);
    EXPECT_EQ(image("web"), "web:v1");
    EXPECT_EQ(act(ActionKind::rollback, "web", {{"version", "v9"}}).outcome, OrderOutcome::refused);
}

TEST_F(Actions, ReplaceOnePodOfTheService) {
    deploy("web");
    deploy("other");
    const model::InstanceId pod{a_pod("app=web")};
    const auto result =
        act({.kind = ActionKind::restart, .service = model::ServiceId{"web"}, .instance = pod});
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_TRUE(eventually([&] {
        return ready("web") == 3 && std::ranges::none_of(pods("app=web"), [&](const auto& other) {
                   return text_at(other, {"metadata", "name"}) == pod.value();
               });
    }));
    const model::InstanceId foreign{a_pod("app=other")};
    const auto refused =
        act({.kind = ActionKind::restart, .service = model::ServiceId{"web"}, .instance = foreign});
    EXPECT_EQ(refused.outcome, OrderOutcome::refused);
    EXPECT_EQ(kubectl({"delete", "pod", foreign.value()}).outcome, OrderOutcome::done);
}

TEST_F(Actions, DoNotRemoveAPodThatNothingBringsBack) {
    create(path(kPods), R"({"metadata":{"name":"alone"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
    EXPECT_EQ(kubectl({"delete", "pod", "alone"}).outcome, OrderOutcome::refused);
    EXPECT_TRUE(admin_->get_at(path(kPods, "alone")));
    EXPECT_TRUE(admin_->remove_at(path(kPods, "alone"), {}));
    EXPECT_TRUE(eventually([&] { return !admin_->get_at(path(kPods, "alone")); }));
}

TEST_F(Actions, ChangeNothingInADryRun) {
    deploy("web");
    const auto pod = path(kPods, a_pod("app=web"));
    for (const auto* verb : {"delete", "evict"}) {
        const auto removal = order(kubectl_request({}, {verb, "pod", a_pod("app=web")}));
        const auto action = translate(removal, config_);
        ASSERT_TRUE(action);
        const auto decision = decide(*admin_, removal, *action);
        ASSERT_TRUE(decision) << decision.error().message;
        EXPECT_TRUE(send(*admin_, *decision, Dry::yes));
        const auto object = admin_->get_at(pod);
        ASSERT_TRUE(object);
        EXPECT_EQ(at(*object, {"metadata", "deletionTimestamp"}), nullptr) << verb;
        EXPECT_FALSE(is_done(*admin_, *decision).value());
    }
}

TEST_F(Actions, EvictOnlyWithinTheBudget) {
    deploy("web");
    const std::string budget =
        path_of(ObjectRef{{"policy", "v1", "poddisruptionbudgets", "budget"}, ns_, "", ""});
    create(
        budget,
        R"({"metadata":{"name":"web"},"spec":{"minAvailable":3,"selector":{"matchLabels":{"app":"web"}}}})");
    ASSERT_TRUE(eventually(
        [&] { return integer_at(*admin_->get_at(budget + "/web"), {"status", "currentHealthy"}) == 3; }));
    const auto pod = a_pod("app=web");
    const auto refused = kubectl({"evict", "pod", pod});
    EXPECT_EQ(refused.outcome, OrderOutcome::failed);
    EXPECT_NE(refused.detail.find("disruption budget"), std::string::npos) << refused.detail;
    EXPECT_TRUE(admin_->get_at(path(kPods, pod)));
    patch(budget + "/web", R"({"spec":{"minAvailable":2}})");
    ASSERT_TRUE(eventually(
        [&] { return integer_at(*admin_->get_at(budget + "/web"), {"status", "disruptionsAllowed"}) == 1; }));
    EXPECT_EQ(kubectl({"evict", "pod", pod}).outcome, OrderOutcome::done);
}

TEST_F(Actions, ChangeImageAndResourcesWithinBounds) {
    deploy("web");
    const auto changed = kubectl({"set", "image", "deployment/web", "web=web:v2"});
    EXPECT_EQ(changed.outcome, OrderOutcome::done) << changed.detail;
    EXPECT_EQ(image("web"), "web:v2");
    expect_undone(changed);
    EXPECT_EQ(image("web"), "web:v1");

    const auto limits = [&] {
        const auto object = deployment("web");
        const auto* found =
            at(list_at(object, {"spec", "template", "spec", "containers"}).front(), {"resources", "limits"});
        return found != nullptr ? json::to_text(*found) : "none";
    };
    const auto raised =
        kubectl({"set", "resources", "deployment", "web", "-c", "web", "--limits=memory=1Gi"});
    EXPECT_EQ(raised.outcome, OrderOutcome::done) << raised.detail;
    EXPECT_EQ(limits(), R"({"memory":"1Gi"})");
    expect_undone(raised);
    EXPECT_EQ(limits(), "none");
    EXPECT_EQ(kubectl({"set", "resources", "deployment/web", "-c", "web", "--limits=memory=9Gi"}).outcome,
              OrderOutcome::refused);
    EXPECT_EQ(kubectl({"set", "image", "deployment/web", "nothing=web:v2"}).outcome, OrderOutcome::refused);
}

TEST_F(Actions, PauseAndResumeARollout) {
    deploy("web");
    const auto paused = kubectl({"rollout", "pause", "deployment/web"});
    EXPECT_EQ(paused.outcome, OrderOutcome::done) << paused.detail;
    EXPECT_TRUE(holds(deployment("web"), parsed(R"({"spec":{"paused":true}})")));
    expect_undone(paused);
    EXPECT_FALSE(holds(deployment("web"), parsed(R"({"spec":{"paused":true}})")));
    EXPECT_EQ(kubectl({"rollout", "resume", "deployment/web"}).outcome, OrderOutcome::done);
}

TEST_F(Actions, QuarantineAPodAndPutItBack) {
    deploy("web");
    create(path(kServices),
           R"({"metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[{"port":80}]}})");
    const auto pod = a_pod("app=web");
    const auto uid = text_at(*admin_->get_at(path(kPods, pod)), {"metadata", "uid"});
    const model::ActionRequest reroute{
        .kind = ActionKind::reroute, .service = model::ServiceId{"web"}, .instance = model::InstanceId{pod}};
    const auto result = act(reroute);
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_TRUE(eventually([&] { return ready("web") == 3 && pods("app=web").size() == 3; }));
    const auto kept = *admin_->get_at(path(kPods, pod));
    EXPECT_EQ(text_at(kept, {"metadata", "uid"}), uid);
    EXPECT_EQ(text_at(kept, {"status", "phase"}), "Running");
    EXPECT_EQ(pods("homeostat.dev/quarantine=true").size(), 1U);
    EXPECT_EQ(act(reroute).outcome, OrderOutcome::refused);
    expect_undone(result);
    EXPECT_TRUE(pods("homeostat.dev/quarantine=true").empty());
}

TEST_F(Actions, DoNotQuarantineTheLastPodThatTakesTraffic) {
    deploy("web");
    patch(path(kDeployments, "web"), R"({"spec":{"replicas":1}})");
    ASSERT_TRUE(eventually([&] { return ready("web") == 1 && pods("app=web").size() == 1; }));
    const auto result = act({.kind = ActionKind::reroute,
                             .service = model::ServiceId{"web"},
                             .instance = model::InstanceId{a_pod("app=web")}});
    EXPECT_EQ(result.outcome, OrderOutcome::refused);
    EXPECT_NE(result.detail.find("last pod"), std::string::npos) << result.detail;
}

TEST_F(Actions, CordonAndUncordonANode) {
    const auto unschedulable = [&] {
        return holds(*admin_->get_at("/api/v1/nodes/node-2"), parsed(R"({"spec":{"unschedulable":true}})"));
    };
    const auto result = kubectl({"cordon", "node-2"});
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_TRUE(unschedulable());
    expect_undone(result);
    EXPECT_FALSE(unschedulable());
    config_.nodes = false;
    open_actuator();
    EXPECT_EQ(kubectl({"cordon", "node-2"}).outcome, OrderOutcome::refused);
}

TEST_F(Actions, DrainANodeUnlessABudgetForbidsIt) {
    deploy("web");
    const auto node = text_at(pods("app=web").front(), {"spec", "nodeName"});
    const auto on_node = [&] {
        return std::ranges::count_if(
            pods("app=web"), [&](const auto& pod) { return text_at(pod, {"spec", "nodeName"}) == node; });
    };
    const std::string budget =
        path_of(ObjectRef{{"policy", "v1", "poddisruptionbudgets", "budget"}, ns_, "", ""});
    create(
        budget,
        R"({"metadata":{"name":"web"},"spec":{"minAvailable":3,"selector":{"matchLabels":{"app":"web"}}}})");
    // Namespaces of tests before this one may still be on their way out, and their pods must not be evicted.
    ASSERT_TRUE(eventually([&] {
        const auto all = admin_->list({.resource = kPods});
        return all && std::ranges::none_of(all->items, [&](const auto& pod) {
                   return text_at(pod, {"metadata", "namespace"}) != ns_ &&
                          text_at(pod, {"spec", "nodeName"}) == node;
               });
    }));
    auto drain = order(kubectl_request({}, {"drain", node, "--ignore-daemonsets"}));
    drain.timeout = 2s;
    const auto refused = actuator_->execute(drain, now_);
    EXPECT_EQ(refused.outcome, OrderOutcome::failed);
    EXPECT_NE(refused.detail.find("disruption budget"), std::string::npos) << refused.detail;
    EXPECT_FALSE(
        holds(*admin_->get_at("/api/v1/nodes/" + node), parsed(R"({"spec":{"unschedulable":true}})")));

    ASSERT_TRUE(admin_->remove_at(budget + "/web", {}));
    const auto drained = kubectl({"drain", node});
    EXPECT_EQ(drained.outcome, OrderOutcome::done) << drained.detail;
    EXPECT_TRUE(eventually([&] { return on_node() == 0 && ready("web") == 3; }));
    expect_undone(drained);
    EXPECT_FALSE(
        holds(*admin_->get_at("/api/v1/nodes/" + node), parsed(R"({"spec":{"unschedulable":true}})")));
}

TEST_F(Actions, DoNotFightWhoKeepsTheManifest) {
    deploy("web", R"(,"argocd.argoproj.io/instance":"shop")");
    const auto refused = act(ActionKind::scale, "web", {{"replicas", std::int64_t{6}}});
    EXPECT_EQ(refused.outcome, OrderOutcome::refused);
    EXPECT_NE(refused.detail.find(
                  R"(Argo CD owns it and would put it back: change its manifest by {"spec":{"replicas":6}})"),
              std::string::npos)
        << refused.detail;
    EXPECT_EQ(kubectl({"set", "image", "deployment/web", "web=web:v2"}).outcome, OrderOutcome::refused);
    EXPECT_EQ(act(ActionKind::restart, "web").outcome, OrderOutcome::done);  // that is in no manifest
}

}  // namespace
}  // namespace homeostat::kubernetes
