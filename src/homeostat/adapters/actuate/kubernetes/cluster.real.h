// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "homeostat/adapters/actuate/kubernetes/kubernetes_actuator.h"
#include "homeostat/base/kit.test.h"

/// What the tests against a real control plane share (tests/real/kubernetes/run.sh starts it).
namespace homeostat::kubernetes {

using namespace std::chrono_literals;
using model::ActionKind;
using model::OrderOutcome;

inline std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

inline json::Value parsed(const std::string& text) {
    auto value = json::parse(text);
    EXPECT_TRUE(value) << text;
    return value ? *value : json::Value{};
}

/// Waits for a condition, for half a minute at most.
inline bool eventually(const std::function<bool()>& condition) {
    return kit::eventually(condition, 30s);
}

/// A namespace of its own, the administrator's client, and an actuator that may act in it.
class Cluster : public testing::Test {
protected:
    void SetUp() override {
        static int count = 0;
        ns_ = fmt::format("test-{}-{}", ::getpid(), ++count);
        config_ = {.kubeconfig = environment("KUBECONFIG"), .namespaces = {ns_}, .nodes = true};
        auto access = access_of(config_);
        ASSERT_TRUE(access) << access.error().message;
        // No waiting for the client's own rate in tests.
        admin_ =
            std::make_unique<Client>(*access, ClientConfig{.calls_per_second = 1000, .calls_burst = 1000});
        create("/api/v1/namespaces", fmt::format(R"({{"metadata":{{"name":"{}"}}}})", ns_));
        open_actuator();
    }
    void TearDown() override {
        if (admin_) {
            EXPECT_TRUE(admin_->remove_at("/api/v1/namespaces/" + ns_, {}));
        }
    }

    /// As a new process would find what the old one left.
    void open_actuator() {
        auto created = KubernetesActuator::create(config_, folder_ + "/records");
        ASSERT_TRUE(created) << created.error().message;
        actuator_ = *std::move(created);
    }

    void create(const std::string& path, const std::string& body) {
        const auto made = admin_->create_at(path, parsed(body));
        ASSERT_TRUE(made) << made.error().message;
    }
    [[nodiscard]] std::string path(const Resource& resource, const std::string& name = "") const {
        return path_of(ObjectRef{resource, resource.namespaced ? ns_ : "", name, ""});
    }
    /// A Deployment of three pods labelled app=NAME, all ready when this returns.
    void deploy(const std::string& name, const std::string& extra_labels = "") {
        create(path(kDeployments),
               fmt::format(R"({{"metadata":{{"name":"{0}","labels":{{"a":"b"{1}}}}},"spec":{{"replicas":3,
                   "selector":{{"matchLabels":{{"app":"{0}"}}}},
                   "template":{{"metadata":{{"labels":{{"app":"{0}"}}}},
                                "spec":{{"containers":[{{"name":"web","image":"web:v1"}}]}}}}}}}})",
                           name, extra_labels));
        ASSERT_TRUE(eventually([&] { return ready(name) == 3; }));
    }
    [[nodiscard]] json::Value deployment(const std::string& name) {
        auto object = admin_->get_at(path(kDeployments, name));
        EXPECT_TRUE(object);
        return object ? *object : json::Value{};
    }
    [[nodiscard]] std::int64_t ready(const std::string& name) {
        const auto object = deployment(name);
        if (integer_at(object, {"metadata", "generation"}) !=
            integer_at(object, {"status", "observedGeneration"}))
            return -1;
        return integer_at(object, {"status", "readyReplicas"}).value_or(0);
    }
    [[nodiscard]] std::string image(const std::string& name) {
        const auto object = deployment(name);
        return text_at(list_at(object, {"spec", "template", "spec", "containers"}).front(), {"image"});
    }
    [[nodiscard]] std::vector<json::Value> pods(const std::string& labels) {
        auto found = admin_->list({.resource = kPods, .namespace_name = ns_, .labels = labels});
        EXPECT_TRUE(found);
        return found ? found->items : std::vector<json::Value>{};
    }
    [[nodiscard]] std::string a_pod(const std::string& labels) {
        return text_at(pods(labels).front(), {"metadata", "name"});
    }
    void patch(const std::string& object_path, const std::string& body) {
        const auto changed = admin_->patch_at(object_path, PatchKind::strategic, parsed(body));
        ASSERT_TRUE(changed) << changed.error().message;
    }

    model::Order order(model::ActionRequest action) {
        return {.id = model::OrderId{fmt::format("{}/{}", ns_, ++orders_)},
                .action = std::move(action),
                .lease_until = now_ + 5s,
                .timeout = 10s};
    }
    model::OrderResult act(model::ActionRequest action) {
        return actuator_->execute(order(std::move(action)), now_);
    }
    model::OrderResult act(ActionKind kind, const std::string& service,
                           std::map<std::string, json::Value> parameters = {}) {
        return act({.kind = kind, .service = model::ServiceId{service}, .parameters = std::move(parameters)});
    }
    model::OrderResult kubectl(const std::vector<std::string>& words) {
        return act(kubectl_request(model::Order{}, words));
    }
    void expect_undone(const model::OrderResult& result) {
        ASSERT_TRUE(result.undo) << result.detail;
        const auto undone = act(*result.undo);
        EXPECT_EQ(undone.outcome, OrderOutcome::done) << undone.detail;
    }

    kit::Folder place_;
    std::string folder_ = place_.path().string();
    std::string ns_;
    act::KubernetesConfig config_;
    std::unique_ptr<Client> admin_;
    std::unique_ptr<KubernetesActuator> actuator_;
    LoopTime now_{1h};

private:
    int orders_ = 0;
};

}  // namespace homeostat::kubernetes
