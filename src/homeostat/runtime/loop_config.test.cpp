// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/loop_config.h"

#include <gtest/gtest.h>

namespace homeostat::runtime {
namespace {

using namespace std::chrono_literals;

std::vector<plan::Playbook> some_playbooks() {
    plan::Playbook playbook;
    playbook.name = "restart-instance";
    playbook.match.causes = {model::CauseKind::crash};
    playbook.steps = {{.name = "restart", .instance = "$instance", .undo = model::UndoPolicy::impossible}};
    return {playbook};
}

TEST(LoopConfig, ComesBackFromTheJournalAsItWas) {
    config::Config config;
    config.policy.max_targets = 7;
    config.detect.false_alarm_rate = 3e-9;
    config.loop.diagnosis = 12s;
    config.detect.forest.model = "model.json";
    config.detect.forest.model_text = R"({"a":"saved \u00e9 model"})";
    config.graph.services = {
        {.service = model::ServiceId{"db"}, .criticality = model::Criticality::critical}};
    config.graph.edges = {{.caller = model::ServiceId{"web"}, .callee = model::ServiceId{"db"}}};
    const auto value = deciding_config(config, some_playbooks());
    const auto again = read_deciding_config(json::parse(json::to_text(value)).value());
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(again->policy.max_targets, 7U);
    EXPECT_DOUBLE_EQ(again->detect.false_alarm_rate, 3e-9);
    EXPECT_EQ(again->patience.diagnosis, 12s);
    EXPECT_EQ(again->detect.forest.model_text, config.detect.forest.model_text);
    EXPECT_EQ(again->services, config.graph.services);
    ASSERT_EQ(again->edges.size(), 1U);
    EXPECT_EQ(again->playbooks, some_playbooks());
}

TEST(LoopConfig, SaysWhatIsWrongWithAHeaderThatItCannotRead) {
    EXPECT_EQ(read_deciding_config(json::Object{}).error().code, ErrorCode::data_loss);
}

TEST(LoopConfig, LeavesOutWhatDecidesNothing) {
    config::Config loud;
    loud.log.level = config::LogLevel::debug;
    loud.node.name = "other";
    EXPECT_EQ(deciding_config(loud, {}), deciding_config({}, {}));
}

}  // namespace
}  // namespace homeostat::runtime
