// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <fstream>

#include "homeostat/adapters/actuate/kubernetes/cluster.real.h"
#include "homeostat/adapters/actuate/kubernetes/rbac.h"

namespace homeostat::kubernetes {
namespace {

/// What becomes of orders when others act as well, when the server is away, when we die, and when we may not.
class Orders : public Cluster {
protected:
    /// Stops or starts parts of the plane.
    static void plane(const std::string& command) {
        const auto line = fmt::format("bash -c 'set -euo pipefail; source {}/plane.sh; {}' >/dev/null",
                                      environment("PLANE_SCRIPTS"), command);
        ASSERT_EQ(std::system(line.c_str()), 0) << line;
    }
    static void stop_api() { plane(fmt::format("plane_down {} kube-apiserver", environment("PLANE"))); }
    static void start_api() {
        plane(fmt::format("plane_up {} {}", environment("PLANE"), environment("PLANE_PROGRAM")));
    }

    /// Leaves the record that a process would leave which died between its decision and the answer.
    void die_after_deciding(const model::Order& order, const Decision& decision) {
        auto records = actuate::RecordStore::open(folder_ + "/records");
        ASSERT_TRUE(records);
        ASSERT_TRUE(records->put(order.id, to_json(OrderRecord{.order = order, .decision = decision})));
        open_actuator();
    }
    Decision decision_of(const model::Order& order) {
        const auto action = translate(order, config_);
        EXPECT_TRUE(action);
        auto decision = decide(*admin_, order, *action);
        EXPECT_TRUE(decision);
        return *decision;
    }

    std::string token_of(const std::string& account) {
        const auto answer = admin_->create_at(
            path_of(ObjectRef{kServiceAccounts, ns_, account, "token"}),
            parsed(
                R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":600}})"));
        EXPECT_TRUE(answer) << answer.error().message;
        return answer ? text_at(*answer, {"status", "token"}) : "";
    }
    /// Acts from now on as a service account whose token is in a file.
    void become(const std::string& account) {
        create(path(kServiceAccounts), fmt::format(R"({{"metadata":{{"name":"{}"}}}})", account));
        const auto admin = access_of(config_);
        std::ofstream(folder_ + "/ca.crt") << admin->ca_pem;
        std::ofstream(folder_ + "/token") << token_of(account);
        std::ofstream(folder_ + "/kubeconfig") << fmt::format(
            "clusters: [{{name: c, cluster: {{server: '{}', certificate-authority: ca.crt}}}}]\n"
            "users: [{{name: u, user: {{tokenFile: token}}}}]\n"
            "contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\ncurrent-context: c\n",
            admin->server);
        config_.kubeconfig = folder_ + "/kubeconfig";
        open_actuator();
    }
    void grant(const std::string& account, const Action& action) {
        Rights rights;
        rights.add(action);
        for (const auto& object : rights.manifests(account, ns_)) {
            const auto kind = text_at(object, {"kind"}) == "Role" ? "roles" : "rolebindings";
            const auto made = admin_->create_at(
                fmt::format("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/{}", ns_, kind), object);
            ASSERT_TRUE(made) << made.error().message;
        }
    }
    model::ActionRequest scale(std::int64_t replicas) {
        return {.kind = ActionKind::scale,
                .service = model::ServiceId{"web"},
                .parameters = {{"replicas", replicas}}};
    }
    std::int64_t replicas() { return integer_at(deployment("web"), {"spec", "replicas"}).value_or(-1); }
};

TEST_F(Orders, AreDecidedAgainWhenTheObjectHasChanged) {
    deploy("web");
    const auto restart = order({.kind = ActionKind::restart, .service = model::ServiceId{"web"}});
    const auto stale = decision_of(restart);
    patch(path(kDeployments, "web"), R"({"metadata":{"annotations":{"somebody":"else"}}})");
    EXPECT_EQ(send(*admin_, stale, Dry::no).error().code, ErrorCode::conflict);

    std::atomic<bool> stopping = false;
    std::thread somebody([&] {
        Client client(admin_->access(), {.calls_per_second = 50, .calls_burst = 1});
        for (int i = 0; !stopping; ++i) {
            std::ignore =
                client.patch_at(path(kDeployments, "web"), PatchKind::merge,
                                parsed(fmt::format(R"({{"metadata":{{"annotations":{{"n":"{}"}}}}}})", i)));
        }
    });
    int version = 1;
    EXPECT_TRUE(eventually([&] {
        const auto result =
            kubectl({"set", "image", "deployment/web", fmt::format("web=web:v{}", ++version)});
        EXPECT_TRUE(result.outcome == OrderOutcome::done || result.outcome == OrderOutcome::failed)
            << result.detail;
        return result.outcome == OrderOutcome::done;
    }));
    stopping = true;
    somebody.join();
}

TEST_F(Orders, AreSettledAfterADeathByWhatTheClusterSays) {
    deploy("web");
    const auto never_sent = order(scale(5));
    die_after_deciding(never_sent, decision_of(never_sent));
    EXPECT_EQ(actuator_->execute(never_sent, never_sent.lease_until).outcome, OrderOutcome::failed);
    EXPECT_EQ(replicas(), 3);

    const auto in_time = order(scale(4));
    die_after_deciding(in_time, decision_of(in_time));
    EXPECT_EQ(actuator_->execute(in_time, now_).outcome,
              OrderOutcome::done);  // its lease holds: carried out now
    EXPECT_EQ(replicas(), 4);

    const auto sent = order(scale(6));
    auto decision = decision_of(sent);
    // The controllers still report on the scaling before.
    ASSERT_TRUE(eventually([&] { return send(*admin_, decision = decision_of(sent), Dry::no).has_value(); }));
    die_after_deciding(sent, decision);
    const auto settled = actuator_->reconcile(sent.id);
    EXPECT_EQ(settled.outcome, OrderOutcome::done) << settled.detail;
    expect_undone(settled);
    EXPECT_EQ(replicas(), 4);
}

TEST_F(Orders, FinishADrainThatADeathInterrupted) {
    deploy("web");
    const auto node = text_at(pods("app=web").front(), {"spec", "nodeName"});
    const auto drain = order(kubectl_request({}, {"drain", node}));
    const auto cordon = decision_of(drain);
    ASSERT_TRUE(send(*admin_, cordon, Dry::no));
    die_after_deciding(drain, cordon);
    const auto finished = actuator_->reconcile(drain.id);
    EXPECT_EQ(finished.outcome, OrderOutcome::done) << finished.detail;
    EXPECT_TRUE(eventually([&] {
        return ready("web") == 3 && std::ranges::none_of(pods("app=web"), [&](const auto& pod) {
                   return text_at(pod, {"spec", "nodeName"}) == node;
               });
    }));
    EXPECT_EQ(actuator_->reconcile(drain.id), finished);
    expect_undone(finished);
}

TEST_F(Orders, AreRefusedAfterTheirLeaseAndClosedWhenTheyNeverCame) {
    deploy("web");
    const auto late = order(scale(6));
    EXPECT_EQ(actuator_->execute(late, late.lease_until).outcome, OrderOutcome::refused);
    const auto lost = order(scale(6));
    EXPECT_EQ(actuator_->reconcile(lost.id).outcome, OrderOutcome::failed);
    EXPECT_EQ(actuator_->execute(lost, now_).outcome, OrderOutcome::failed);
    EXPECT_EQ(replicas(), 3);
}

TEST_F(Orders, SurviveAnOutageOfTheServer) {
    deploy("web");
    const auto sent = order(scale(6));
    const auto decision = decision_of(sent);
    ASSERT_TRUE(send(*admin_, decision, Dry::no));
    die_after_deciding(sent, decision);
    stop_api();
    auto impatient = order(scale(9));
    impatient.timeout = 1s;
    EXPECT_EQ(actuator_->execute(impatient, now_).outcome, OrderOutcome::failed);  // nobody was asked
    auto hurried = sent;
    hurried.timeout = 1s;
    EXPECT_EQ(actuator_->execute(hurried, now_).outcome, OrderOutcome::unknown);
    start_api();
    EXPECT_EQ(actuator_->reconcile(sent.id).outcome, OrderOutcome::done);
    EXPECT_EQ(actuator_->execute(impatient, now_).outcome, OrderOutcome::failed);  // as it was told
    EXPECT_EQ(replicas(), 6);
    EXPECT_TRUE(eventually([&] { return ready("web") == 6; }));
}

TEST_F(Orders, MayDoWhatTheirRoleSaysAndNothingElse) {
    deploy("web");
    const auto pod = a_pod("app=web");
    const auto wanted = translate(order(scale(6)), config_);
    ASSERT_TRUE(wanted);
    become("scaler");
    EXPECT_EQ(act(scale(6)).outcome, OrderOutcome::refused);
    grant("scaler", *wanted);
    EXPECT_TRUE(eventually([&] { return act(scale(6)).outcome == OrderOutcome::done; }));
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"rollout", "restart", "deployment/web"},
             {"rollout", "undo", "deployment/web"},
             {"rollout", "pause", "deployment/web"},
             {"delete", "pod", pod},
             {"evict", "pod", pod},
             {"set", "image", "deployment/web", "web=web:v2"},
             {"set", "resources", "deployment/web", "-c", "web", "--limits=cpu=1"},
             {"label", "pod", pod, "a=b"},
             {"cordon", "node-0"},
             {"drain", "node-0"}}) {
        const auto result = kubectl(words);
        EXPECT_EQ(result.outcome, OrderOutcome::refused) << words.front();
        EXPECT_NE(result.detail.find("403"), std::string::npos) << result.detail;
    }
    EXPECT_EQ(act({.kind = ActionKind::reroute,
                   .service = model::ServiceId{"web"},
                   .instance = model::InstanceId{pod}})
                  .outcome,
              OrderOutcome::refused);
    config_.namespaces = {"default"};
    open_actuator();
    EXPECT_EQ(act(scale(1)).outcome, OrderOutcome::refused);
}

TEST_F(Orders, NeedNoMoreThanTheRolesThatArePrinted) {
    deploy("web");
    const auto pod = a_pod("app=web");
    int accounts = 0;
    const auto kubeconfig = config_.kubeconfig;
    for (const auto& action : std::vector<model::ActionRequest>{
             scale(4),
             {.kind = ActionKind::restart, .service = model::ServiceId{"web"}},
             kubectl_request({}, {"set", "image", "deployment/web", "web=web:v2"}),
             {.kind = ActionKind::rollback, .service = model::ServiceId{"web"}},
             {.kind = ActionKind::reroute,
              .service = model::ServiceId{"web"},
              .instance = model::InstanceId{pod}}}) {
        auto wanted = action;
        if (wanted.instance) {
            ASSERT_TRUE(eventually([&] { return ready("web") == 4 && pods("app=web").size() == 4; }));
            wanted.instance = model::InstanceId{a_pod("app=web")};
        }
        config_.kubeconfig = kubeconfig;
        const auto typed = translate(order(wanted), config_);
        ASSERT_TRUE(typed) << typed.error().message;
        const auto account = fmt::format("account-{}", ++accounts);
        become(account);
        grant(account, *typed);
        model::OrderResult result;
        EXPECT_TRUE(eventually([&] { return (result = act(wanted)).outcome == OrderOutcome::done; }))
            << result.detail;
    }
}

TEST_F(Orders, GoOnWhenTheTokenIsRotated) {
    deploy("web");
    const auto wanted = translate(order(scale(6)), config_);
    become("first");
    grant("first", *wanted);
    ASSERT_TRUE(eventually([&] { return act(scale(4)).outcome == OrderOutcome::done; }));
    create(path(kServiceAccounts), R"({"metadata":{"name":"second"}})");
    grant("second", *wanted);
    ASSERT_TRUE(admin_->remove_at(path(kServiceAccounts, "first"), {}));
    ASSERT_TRUE(eventually([&] { return act(scale(5)).detail.find("401") != std::string::npos; }));
    std::ofstream(folder_ + "/token") << token_of("second");
    EXPECT_TRUE(eventually([&] { return act(scale(5)).outcome == OrderOutcome::done; }));
}

}  // namespace
}  // namespace homeostat::kubernetes
