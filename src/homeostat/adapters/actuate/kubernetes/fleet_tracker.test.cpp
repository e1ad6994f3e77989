// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/fleet_tracker.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "homeostat/adapters/actuate/kubernetes/api_object.h"

namespace homeostat::kubernetes {
namespace {

using model::ChangeKind;

struct PodState {
    std::string name = "web-abc-1";
    bool ready = true;
    int restarts = 0;
    std::string end;  // reason of the last one
    std::string owner = "web-abc";
    std::string metadata;  // further members
};

json::Value pod(const PodState& state) {
    const auto text = fmt::format(
        R"({{"metadata":{{"namespace":"shop","name":"{}","labels":{{"pod-template-hash":"abc"}},{}
            "ownerReferences":[{{"kind":"ReplicaSet","name":"{}"}}]}},"status":{{"phase":"Running",
            "conditions":[{{"type":"Ready","status":"{}"}}],"containerStatuses":[{{"restartCount":{},
            "lastState":{{"terminated":{{"reason":"{}","exitCode":137}}}}}}]}}}})",
        state.name, state.metadata, state.owner, state.ready ? "True" : "False", state.restarts, state.end);
    auto value = json::parse(text);
    EXPECT_TRUE(value) << text;
    return *value;
}

json::Value deployment(int replicas, const std::string& image, const std::string& order = "") {
    const auto text = fmt::format(
        R"({{"metadata":{{"namespace":"shop","name":"web","annotations":{{"homeostat.dev/order":"{}"}}}},
            "spec":{{"replicas":{},"template":{{"spec":{{"containers":[{{"image":"{}"}}]}}}}}}}})",
        order, replicas, image);
    auto value = json::parse(text);
    EXPECT_TRUE(value) << text;
    return *value;
}

/// "exited web/web-abc-1 OOMKilled, exit 137; …"
std::string told(const FleetTracker::Changes& changes) {
    std::string text;
    for (const auto& change : changes) {
        if (!text.empty()) text += "; ";
        text += fmt::format("{} {}", homeostat::to_string(change.kind), change.service.value());
        if (change.instance) text += "/" + change.instance->value();
        if (!change.detail.empty()) text += " " + change.detail;
        if (change.order) text += " by " + change.order->value();
    }
    return text;
}

class FleetTrackerTest : public testing::Test {
protected:
    std::string sees(const PodState& state) {
        return told(tracker_.pod_changed({WatchKind::modified, pod(state)}, now_));
    }
    std::string sees_deployment(const json::Value& object) {
        return told(tracker_.deployment_changed({WatchKind::modified, object}, now_));
    }

    FleetTracker tracker_{{.namespaces = {"shop"}}};
    EventTime now_{std::chrono::hours{1}};
};

TEST_F(FleetTrackerTest, TellsOfInstancesThatStartAndOfThoseTakenAway) {
    EXPECT_EQ(sees({.ready = false}), "");
    EXPECT_EQ(sees({}), "instance_started web/web-abc-1");
    EXPECT_EQ(sees({}), "");
    EXPECT_EQ(told(tracker_.pod_changed({WatchKind::deleted, pod({})}, now_)),
              "instance_removed web/web-abc-1 deleted");
    EXPECT_EQ(told(tracker_.pod_changed({WatchKind::deleted, pod({})}, now_)), "");
}

TEST_F(FleetTrackerTest, TellsACrashByTheRestartCountHoweverQuickTheRestart) {
    ASSERT_EQ(sees({}), "instance_started web/web-abc-1");
    EXPECT_EQ(sees({.restarts = 1, .end = "OOMKilled"}),
              "instance_exited web/web-abc-1 OOMKilled, exit 137; instance_started web/web-abc-1");
    EXPECT_EQ(sees({.ready = false, .restarts = 2, .end = "Error"}),
              "instance_exited web/web-abc-1 Error, exit 137");
    EXPECT_EQ(sees({.restarts = 2, .end = "Error"}), "instance_started web/web-abc-1");
}

TEST_F(FleetTrackerTest, TakesNoPodThatWasAskedToGoForACrash) {
    ASSERT_EQ(sees({}), "instance_started web/web-abc-1");
    EXPECT_EQ(sees({.restarts = 1, .metadata = R"("deletionTimestamp":"2026-01-01T00:00:00Z",)"}), "");
}

TEST_F(FleetTrackerTest, FindsOutWhatHappenedWhileItDidNotWatch) {
    EXPECT_EQ(told(tracker_.pods_listed({pod({}), pod({.name = "web-abc-2"})}, now_)),
              "instance_started web/web-abc-1; instance_started web/web-abc-2");
    EXPECT_EQ(told(tracker_.pods_listed({pod({.name = "web-abc-2", .restarts = 1, .end = "Error"})}, now_)),
              "instance_exited web/web-abc-2 Error, exit 137; instance_started web/web-abc-2; "
              "instance_removed web/web-abc-1 deleted");
}

TEST_F(FleetTrackerTest, NamesTheServiceOfAWorkloadAsItsConfigurationDoes) {
    act::KubernetesConfig config{.namespaces = {"shop"}};
    config.workloads[model::ServiceId{"payment"}] = {.name = "web"};
    tracker_ = FleetTracker(config);
    EXPECT_EQ(sees({}), "instance_started payment/web-abc-1");
    EXPECT_EQ(sees({.name = "alone", .owner = "no-such-hash"}), "");
}

TEST_F(FleetTrackerTest, TellsOfVersionsAndReplicasAndWhoseDoingTheyAre) {
    EXPECT_EQ(told(tracker_.deployments_listed({deployment(3, "web:v1")}, now_)), "version_changed web v1");
    EXPECT_EQ(sees_deployment(deployment(3, "web:v2")), "version_changed web v2");
    EXPECT_EQ(sees_deployment(deployment(3, "web:v1", "o1")), "version_changed web v1 by o1");
    EXPECT_EQ(sees_deployment(deployment(6, "web:v1", "o1")), "scaled web 6");
    EXPECT_EQ(sees_deployment(deployment(6, "web:v1", "o1")), "");
}

TEST(WatchDecoder, PutsLinesTogetherAndRefusesWhatIsNone) {
    WatchDecoder decoder;
    EXPECT_TRUE(decoder.feed(R"({"type":"ADDED","object":{"a":)")->empty());
    const auto events = decoder.feed("1}}\n{\"type\":\"BOOKMARK\",\"object\":{}}\n{");
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), 2U);
    EXPECT_EQ(integer_at((*events)[0].object, {"a"}), 1);
    EXPECT_EQ((*events)[1].kind, WatchKind::bookmark);
    EXPECT_EQ(decoder.feed("\n").error().code, ErrorCode::data_loss);
    EXPECT_FALSE(WatchDecoder{}.feed("{\"type\":\"OTHER\",\"object\":{}}\n"));
    EXPECT_EQ(WatchDecoder{}.feed(std::string(WatchDecoder::kLineBytesMax + 1, ' ')).error().code,
              ErrorCode::resource_exhausted);
}

}  // namespace
}  // namespace homeostat::kubernetes
