// SPDX-License-Identifier: Apache-2.0
#include "homeostat/loop/fleet.h"

#include <gtest/gtest.h>

namespace homeostat::loop {
namespace {

using namespace std::chrono_literals;
using model::ChangeKind;

const model::ServiceId kDb{"db"};

void deploy(Fleet& fleet, const std::string& version) {
    fleet.observe({.service = kDb, .kind = ChangeKind::version_changed, .detail = version});
}

TEST(Fleet, KnowsWhatRanBefore) {
    Fleet fleet;
    EXPECT_FALSE(fleet.previous_version(kDb).has_value());
    deploy(fleet, "v1");
    deploy(fleet, "v2");
    EXPECT_EQ(fleet.version(kDb), model::DeploymentVersion{"v2"});
    EXPECT_EQ(fleet.previous_version(kDb), model::DeploymentVersion{"v1"});
}

TEST(Fleet, DoesNotCallAVersionThatWasGivenUpTheOneBefore) {
    Fleet fleet;
    for (const auto* version : {"v1", "v2", "v1"}) deploy(fleet, version);
    EXPECT_EQ(fleet.version(kDb), model::DeploymentVersion{"v1"});
    EXPECT_FALSE(fleet.previous_version(kDb).has_value());
}

TEST(Fleet, CountsAnInstanceThatExitedAsMissingUnlessWeTookItAway) {
    Fleet fleet;
    const model::InstanceId first{"db-1"};
    fleet.observe({.service = kDb, .instance = first, .kind = ChangeKind::instance_started});
    fleet.observe(
        {.service = kDb, .instance = first, .kind = ChangeKind::instance_exited, .detail = "signal 9"});
    EXPECT_EQ(fleet.unavailable(kDb), std::vector{first});
    fleet.observe({.service = kDb,
                   .instance = first,
                   .kind = ChangeKind::instance_exited,
                   .order = model::OrderId{"o"}});
    EXPECT_TRUE(fleet.instances(kDb).empty());
}

TEST(Fleet, DoesNotMissAnInstanceForItsLastWordsAfterWeTookItAway) {
    Fleet fleet;
    const model::InstanceId first{"db-1"};
    fleet.observe({.service = kDb, .instance = first, .kind = ChangeKind::instance_started});
    fleet.observe({.service = kDb,
                   .instance = first,
                   .kind = ChangeKind::instance_exited,
                   .order = model::OrderId{"o"}});
    fleet.observe(model::FeatureWindow{.subject = {.service = kDb, .instance = first},
                                       .freshness = model::Freshness::stale});
    EXPECT_TRUE(fleet.unavailable(kDb).empty());
}

TEST(Fleet, KnowsAnInstanceThatExitedFromOneThatIsSilent) {
    Fleet fleet;
    const model::InstanceId first{"db-1"};
    const auto window = [&](EventTime end, model::Freshness freshness) {
        return model::FeatureWindow{
            .subject = {.service = kDb, .instance = first}, .end = end, .length = 1s, .freshness = freshness};
    };
    fleet.observe(window(EventTime{10s}, model::Freshness::stale));
    EXPECT_EQ(fleet.unavailable(kDb), std::vector{first});
    EXPECT_TRUE(fleet.exited(kDb).empty());

    fleet.observe(
        {.at = EventTime{11s}, .service = kDb, .instance = first, .kind = ChangeKind::instance_exited});
    fleet.observe(window(EventTime{11'500ms}, model::Freshness::fresh));
    EXPECT_EQ(fleet.exited(kDb), std::vector{first}) << "its last words are no sign of life";
    fleet.observe(window(EventTime{13s}, model::Freshness::fresh));
    EXPECT_TRUE(fleet.exited(kDb).empty());
    EXPECT_TRUE(fleet.unavailable(kDb).empty());
}

TEST(Fleet, ForgetsAnInstanceThatHasBeenDownForLong) {
    Fleet fleet;
    fleet.observe(
        {.service = kDb, .instance = model::InstanceId{"db-1"}, .kind = ChangeKind::instance_exited});
    fleet.forget_gone(EventTime{Fleet::kForgetInstance + 1s});
    EXPECT_TRUE(fleet.instances(kDb).empty());
}

}  // namespace
}  // namespace homeostat::loop
