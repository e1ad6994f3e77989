// SPDX-License-Identifier: Apache-2.0
#include <mutex>

#include "homeostat/adapters/actuate/kubernetes/cluster.real.h"
#include "homeostat/adapters/actuate/kubernetes/cluster_feed.h"

namespace homeostat::kubernetes {
namespace {

using model::ChangeKind;

/// What is seen of a real control plane.
class Watching : public Cluster {
protected:
    void follow() {
        auto started = ClusterFeed::start(config_, [this](const model::ChangeEvent& change) {
            const std::scoped_lock lock(mutex_);
            changes_.push_back(change);
        });
        ASSERT_TRUE(started) << started.error().message;
        feed_ = *std::move(started);
    }
    void TearDown() override {
        feed_.reset();
        Cluster::TearDown();
    }
    std::size_t count(ChangeKind kind, const std::string& detail = "") {
        const std::scoped_lock lock(mutex_);
        return static_cast<std::size_t>(std::ranges::count_if(changes_, [&](const auto& change) {
            return change.kind == kind && change.service.value() == "web" &&
                   change.detail.find(detail) != std::string::npos;
        }));
    }

    std::unique_ptr<ClusterFeed> feed_;

private:
    std::mutex mutex_;
    std::vector<model::ChangeEvent> changes_;
};

TEST_F(Watching, TellsOfStartsCrashesVersionsAndReplicas) {
    follow();
    deploy("web");
    EXPECT_TRUE(eventually([&] { return count(ChangeKind::instance_started) == 3; }));
    EXPECT_EQ(count(ChangeKind::version_changed, "v1"), 1U);
    patch(path(kPods, a_pod("app=web")), R"({"metadata":{"labels":{"test.homeostat/fault":"oom"}}})");
    EXPECT_TRUE(eventually([&] { return count(ChangeKind::instance_exited, "OOMKilled, exit 137") > 0; }));
    ASSERT_EQ(kubectl({"set", "image", "deployment/web", "web=web:v2"}).outcome, OrderOutcome::done);
    EXPECT_TRUE(eventually([&] { return count(ChangeKind::version_changed, "v2") == 1; }));
    ASSERT_EQ(act(ActionKind::scale, "web", {{"replicas", std::int64_t{5}}}).outcome, OrderOutcome::done);
    EXPECT_TRUE(eventually([&] { return count(ChangeKind::scaled, "5") == 1; }));
    EXPECT_TRUE(eventually([&] { return count(ChangeKind::instance_removed) >= 3; }));  // the pods of v1
    EXPECT_EQ(feed_->counters().lists, 2U);  // of deployments and of pods: changes come by watching only
}

TEST_F(Watching, ListsAgainAfterAnOutageAndMissesNothing) {
    follow();
    deploy("web");
    ASSERT_TRUE(eventually([&] { return count(ChangeKind::instance_started) == 3; }));
    const auto plane = [](const std::string& command) {
        const auto line = fmt::format("bash -c 'set -euo pipefail; source {}/plane.sh; {}' >/dev/null",
                                      environment("PLANE_SCRIPTS"), command);
        ASSERT_EQ(std::system(line.c_str()), 0) << line;
    };
    plane(fmt::format("plane_down {} kube-apiserver", environment("PLANE")));
    EXPECT_TRUE(eventually([&] { return feed_->counters().errors > 0; }));
    plane(fmt::format("plane_up {} {}", environment("PLANE"), environment("PLANE_PROGRAM")));
    patch(path(kDeployments, "web"), R"({"spec":{"replicas":4}})");
    EXPECT_TRUE(eventually([&] { return count(ChangeKind::scaled, "4") == 1; }));
    // The controllers and the simulated kubelet have to find the server again as well.
    EXPECT_TRUE(kit::eventually([&] { return count(ChangeKind::instance_started) == 4; }, 120s));
    // The server that came back does not know the versions of before (410), so both were listed again.
    EXPECT_EQ(feed_->counters().lists, 4U);
}

}  // namespace
}  // namespace homeostat::kubernetes
