// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "homeostat/model/action.h"
#include "homeostat/model/audit_record.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/incident.h"

namespace homeostat::model {
namespace {

using namespace std::chrono_literals;

FeatureWindow payment_window() {
    FeatureWindow window{.subject = {.service = ServiceId{"payment"}}, .end = EventTime{1s}, .length = 1s};
    window.values.set(Feature::latency_ms, 12.5);
    window.values.set(Feature::error_rate, 0.25);
    window.values.set(Feature::cpu_pct, 40);
    window.values.set(Feature::mem_mb, 64);
    return window;
}

TEST(FeatureWindow, HasTheFieldsOfTheTopicTelemetryFeatures) {
    EXPECT_EQ(json::to_text(to_json(payment_window())),
              R"({"service":"payment","timestamp":"1970-01-01T00:00:01.000000000Z","length_ns":1000000000,)"
              R"("freshness":"fresh","error_rate":0.25,"latency_ms":12.5,"cpu_pct":40.0,"mem_mb":64.0})");
}

TEST(FeatureWindow, ReadsBackWhatItWrites) {
    EXPECT_EQ(from_json<FeatureWindow>(to_json(payment_window())), payment_window());
}

TEST(ActionRequest, IsSpelledForPeople) {
    const ActionRequest scale{.kind = ActionKind::scale,
                              .service = ServiceId{"payment"},
                              .parameters = {{"replicas", std::int64_t{4}}}};
    EXPECT_EQ(to_string(scale), "scale payment replicas=4");
}

TEST(Incident, ReadsBackWhatItWrites) {
    Incident incident{.id = IncidentId{"inc-1"}, .state = IncidentState::acting};
    incident.plan = Plan{.playbook = PlaybookId{"restart@1"}, .steps = {PlannedStep{.name = "restart"}}};
    EXPECT_EQ(from_json<Incident>(to_json(incident)), incident);
}

}  // namespace
}  // namespace homeostat::model
