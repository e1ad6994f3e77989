// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/action.h"

#include <gtest/gtest.h>

#include "homeostat/adapters/actuate/kubernetes/decision.h"
#include "homeostat/adapters/actuate/kubernetes/rbac.h"
#include "homeostat/adapters/actuate/kubernetes/revisions.h"

namespace homeostat::kubernetes {
namespace {

using model::ActionKind;

act::KubernetesConfig config() {
    act::KubernetesConfig made{.namespaces = {"shop", "bank"}};
    made.workloads[model::ServiceId{"db"}] = {
        .kind = act::WorkloadKind::statefulset, .name = "postgres", .namespace_name = "bank"};
    return made;
}

model::Order kubectl(std::vector<std::string> words) {
    return {.id = model::OrderId{"o1"}, .action = kubectl_request({}, std::move(words))};
}

/// The path and the goal of a change, or the error.
std::string change(std::vector<std::string> words) {
    const auto action = translate(kubectl(std::move(words)), config());
    if (!action) return std::string(to_string(action.error().code));
    const auto* made = std::get_if<Change>(&*action);
    return made == nullptr ? "no change" : path_of(made->target) + " " + json::to_text(made->goal);
}

TEST(Translate, FindsTheWorkloadOfAService) {
    EXPECT_EQ(path_of(workload_of(model::ServiceId{"web"}, config())),
              "/apis/apps/v1/namespaces/shop/deployments/web");
    EXPECT_EQ(path_of(workload_of(model::ServiceId{"db"}, config())),
              "/apis/apps/v1/namespaces/bank/statefulsets/postgres");
}

TEST(Translate, RestartsByTheOrdersIdSoThatItHappensOnce) {
    const model::Order restart{.id = model::OrderId{"o1"},
                               .action = {.kind = ActionKind::restart, .service = model::ServiceId{"web"}}};
    const auto action = translate(restart, config());
    ASSERT_TRUE(action);
    EXPECT_EQ(json::to_text(std::get<Change>(*action).goal),
              R"({"spec":{"template":{"metadata":{"annotations":{"homeostat.dev/order":"o1"}}}}})");
}

TEST(Kubectl, IsReadAsTypedChanges) {
    const std::string web = "/apis/apps/v1/namespaces/shop/deployments/web ";
    EXPECT_EQ(change({"rollout", "pause", "deployment/web"}), web + R"({"spec":{"paused":true}})");
    EXPECT_EQ(change({"set", "image", "deploy", "web", "c=r:5000/i:v2"}),
              web + R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":"r:5000/i:v2"}]}}}})");
    EXPECT_EQ(change({"set", "resources", "deployment/web", "-c", "c", "--limits=cpu=500m,memory=0"}),
              web + R"({"spec":{"template":{"spec":{"containers":[{"name":"c","resources":)"
                    R"({"limits":{"cpu":"500m","memory":null}}}]}}}})");
    EXPECT_EQ(change({"label", "pod", "web-1", "a=b", "c-", "--overwrite", "-n", "bank"}),
              R"(/api/v1/namespaces/bank/pods/web-1 {"metadata":{"labels":{"a":"b","c":null}}})");
    EXPECT_EQ(
        change({"patch", "hpa", "web", "-p", R"({"spec":{"maxReplicas":9}})"}),
        R"(/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web {"spec":{"maxReplicas":9}})");
}

TEST(Kubectl, IsRefusedWhenItIsNotUnderstood) {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{},
                                               {"scale"},
                                               {"scale", "deployment/web"},
                                               {"scale", "deployment/web", "--replicas=many"},
                                               {"scale", "pod/web", "--replicas=1"},
                                               {"scale", "deployment/web", "--replicas"},
                                               {"delete", "deployment", "web"},
                                               {"delete", "pod"},
                                               {"delete", "pod", "../nodes/n"},
                                               {"exec", "pod", "web-1"},
                                               {"rollout", "status", "deployment/web"},
                                               {"rollout", "undo", "deployment/web", "--to-revision=0"},
                                               {"set", "image", "deployment/web", "*=i"},
                                               {"set", "resources", "deployment/web", "--limits=cpu=1"},
                                               {"label", "pod", "web-1"},
                                               {"patch", "deployment", "web", "-p", "{"},
                                               {"patch", "deployment", "web", "-p", "3"},
                                               {"scale", "deployment/web", "--token=t", "--replicas=1"},
                                               {"delete", "pod", "web-1", "--as=admin"}}) {
        const auto action = translate(kubectl(words), config());
        ASSERT_FALSE(action) << (words.empty() ? "nothing" : words.front());
        EXPECT_EQ(action.error().code, ErrorCode::invalid_argument) << action.error().message;
    }
}

TEST(Bounds, HoldForNamespacesNodesAndValues) {
    const auto code = [](std::vector<std::string> words) {
        const auto action = translate(kubectl(std::move(words)), config());
        return action ? std::nullopt : std::optional(action.error().code);
    };
    EXPECT_EQ(code({"scale", "deployment/web", "--replicas=50"}), std::nullopt);
    EXPECT_EQ(code({"scale", "deployment/web", "--replicas=51"}), ErrorCode::permission_denied);
    EXPECT_EQ(code({"scale", "deployment/web", "--replicas=-1"}), ErrorCode::permission_denied);
    EXPECT_EQ(code({"delete", "pod", "p", "-n", "kube-system"}), ErrorCode::permission_denied);
    EXPECT_EQ(code({"cordon", "node-1"}), ErrorCode::permission_denied);
    EXPECT_EQ(change({"set", "resources", "deployment/web", "-c", "c", "--limits=cpu=9"}),
              "permission_denied");
    EXPECT_EQ(change({"patch", "hpa", "web", "-p", R"({"spec":{"maxReplicas":51}})"}), "permission_denied");
}

TEST(Bounds, LetAPatchTouchOnlyFieldsThatHeal) {
    for (const auto* patch :
         {R"({"spec":{"template":{"spec":{"serviceAccountName":"admin"}}}})",
          R"({"spec":{"template":{"spec":{"hostNetwork":true}}}})",
          R"({"spec":{"template":{"spec":{"containers":[{"name":"c","command":["sh"]}]}}}})",
          R"({"spec":{"template":{"spec":{"containers":null}}}})", R"({"spec":{"replicas":1000}})",
          R"({"spec":null})", R"({"metadata":{"labels":null}})",
          R"({"metadata":{"labels":{"$patch":"replace"}}})", R"({"metadata":{"ownerReferences":[]}})",
          R"({"metadata":{"finalizers":null}})"}) {
        EXPECT_EQ(change({"patch", "deployment", "web", "-p", patch}), "permission_denied") << patch;
    }
}

TEST(Rights, AreTheLeastThatTheActionsNeed) {
    Rights rights;
    rights.add(*translate(kubectl({"scale", "deployment/web", "--replicas=3"}), config()));
    rights.add(*translate(kubectl({"evict", "pod", "web-1", "-n", "bank"}), config()));
    const auto objects = rights.manifests("healer", "homeostat");
    ASSERT_EQ(objects.size(), 4U);
    EXPECT_EQ(json::to_text(objects[0]),
              R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role",)"
              R"("metadata":{"name":"healer","namespace":"bank"},"rules":[)"
              R"({"apiGroups":[""],"resources":["pods"],"verbs":["get"]},)"
              R"({"apiGroups":[""],"resources":["pods/eviction"],"verbs":["create"]}]})");
    EXPECT_EQ(
        json::to_text(*objects[2].find("rules")),
        R"([{"apiGroups":["apps"],"resources":["deployments"],"verbs":["get"]},)"
        R"({"apiGroups":["apps"],"resources":["deployments/scale"],"verbs":["get","patch"]},)"
        R"({"apiGroups":["autoscaling"],"resources":["horizontalpodautoscalers"],"verbs":["get","list","patch"]}])");
    EXPECT_EQ(text_at(objects[3], {"roleRef", "name"}), "healer");
}

TEST(Revisions, AreChosenByNumberByVersionOrTheOneBefore) {
    const auto set = [](std::int64_t revision, const std::string& image, const std::string& owner = "d") {
        return *json::parse(
            R"({"metadata":{"annotations":{"deployment.kubernetes.io/revision":")" +
            std::to_string(revision) + R"("},"ownerReferences":[{"uid":")" + owner +
            R"("}]},"spec":{"template":{"metadata":{"labels":{"app":"web","pod-template-hash":"x"}},)"
            R"("spec":{"containers":[{"image":")" +
            image + R"("}]}}}})");
    };
    const auto deployment =
        *json::parse(R"({"metadata":{"uid":"d","annotations":{"deployment.kubernetes.io/revision":"4"}}})");
    const std::vector<json::Value> sets{set(4, "r:5000/web:v4"), set(2, "r:5000/web:v2"),
                                        set(3, "r:5000/web:v3"), set(9, "other:v9", "somebody else")};
    const auto number = [&](const RollBack& wanted) {
        const auto revision = choose_revision(deployment, sets, wanted);
        return revision ? revision->number : -1;
    };
    EXPECT_EQ(number({}), 3);
    EXPECT_EQ(number({.revision = 2}), 2);
    EXPECT_EQ(number({.version = "v2"}), 2);
    EXPECT_EQ(number({.revision = 4}), -1);
    EXPECT_EQ(number({.revision = 9}), -1);
    EXPECT_EQ(number({.version = "v9"}), -1);
    EXPECT_EQ(json::to_text(choose_revision(deployment, sets, {})->pod_template),
              R"({"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"r:5000/web:v3"}]}})");
}

TEST(Revisions, DoNotTrustANumberThatTheControllerHasNotWrittenYet) {
    const auto deployment = *json::parse(
        R"({"metadata":{"uid":"d","annotations":{"deployment.kubernetes.io/revision":"1"}},"spec":{"template":{"a":2}}})");
    const auto set = [](const std::string& revision) {
        return *json::parse(R"({"metadata":{"annotations":{"deployment.kubernetes.io/revision":")" +
                            revision + R"("},"ownerReferences":[{"uid":"d"}]},"spec":{"template":{"a":)" +
                            revision + "}}}");
    };
    const auto revision = choose_revision(deployment, {set("1"), set("2")}, {});
    ASSERT_TRUE(revision);
    EXPECT_EQ(revision->number, 1);
    EXPECT_EQ(revision->current, 2);
}

TEST(GitOps, IsToldByTheMarksOfItsTools) {
    EXPECT_EQ(
        gitops_owner(*json::parse(R"({"metadata":{"labels":{"kustomize.toolkit.fluxcd.io/name":"x"}}})")),
        "Flux");
    EXPECT_EQ(
        gitops_owner(*json::parse(R"({"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"x"}}})")),
        "Argo CD");
    EXPECT_EQ(gitops_owner(*json::parse(R"({"metadata":{"labels":{"app":"x"}}})")), "");
}

}  // namespace
}  // namespace homeostat::kubernetes
