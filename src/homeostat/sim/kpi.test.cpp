// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/kpi.h"

#include <gtest/gtest.h>

namespace homeostat::sim {
namespace {

using namespace std::chrono_literals;

constexpr EventTime at(std::int64_t second) {
    return EventTime{std::chrono::seconds{second}};
}

TrueFault fault(const char* service, std::int64_t begin, std::int64_t end) {
    return {.service = model::ServiceId{service}, .begin = at(begin), .end = at(end), .cured = true};
}

model::Incident incident(const char* blamed, std::int64_t opened, std::int64_t closed) {
    model::Incident result;
    result.opened_at = at(opened);
    result.closed_at = at(closed);
    result.state = model::IncidentState::resolved;
    result.diagnosis.causes.push_back({.service = model::ServiceId{blamed}});
    return result;
}

bool callers_concern(const model::ServiceId& culprit, const model::ServiceId& blamed) {
    return culprit.value() == "db" && blamed.value() == "cart";
}

Kpi measure(const std::vector<TrueFault>& faults, const std::vector<model::Incident>& incidents) {
    KpiCollector collector;
    collector.add(faults, incidents, callers_concern);
    collector.add({.normal_windows = 1000, .normal_windows_claimed = 10, .service_seconds = 50.0 * 86'400.0});
    return collector.result();
}

TEST(Kpi, APerfectDay) {
    const auto kpi = measure({fault("db", 10, 15), fault("cart", 100, 104)},
                             {incident("db", 11, 18), incident("cart", 103, 108)});
    EXPECT_EQ(kpi.incidents, 2U);
    EXPECT_EQ(kpi.recall, 1.0);
    EXPECT_EQ(kpi.precision, 1.0);
    EXPECT_EQ(kpi.root_cause_top1, 1.0);
    EXPECT_EQ(kpi.success_rate, 1.0);
    EXPECT_EQ(kpi.mttd_s, (Spread{.mean = 2, .p50 = 1, .p99 = 3}));
    EXPECT_EQ(kpi.mttr_s.mean, 8.0);
    EXPECT_EQ(kpi.false_positive_rate, 0.01);
    EXPECT_EQ(kpi.false_incidents_per_day, 0.0);
}

TEST(Kpi, AVictimBlamedIsDetectedButNotLocated) {
    const auto kpi = measure({fault("db", 10, 15)}, {incident("cart", 11, 18)});
    EXPECT_EQ(kpi.recall, 1.0);
    EXPECT_EQ(kpi.root_cause_top1, 0.0);
}

TEST(Kpi, ASecondIncidentOfAFaultCostsPrecision) {
    const auto kpi = measure({fault("db", 10, 15)}, {incident("cart", 12, 18), incident("db", 11, 18)});
    EXPECT_EQ(kpi.precision, 0.5);
    EXPECT_EQ(kpi.root_cause_top1, 1.0);  // the first one counts
    EXPECT_EQ(kpi.false_incidents_per_day, 0.0);
}

TEST(Kpi, AnIncidentAboutNothingIsFalse) {
    const auto kpi = measure({fault("db", 10, 15)}, {incident("web", 11, 18), incident("db", 200, 210)});
    EXPECT_EQ(kpi.recall, 0.0);
    EXPECT_EQ(kpi.precision, 0.0);
    EXPECT_EQ(kpi.false_incidents_per_day, 2.0);
}

TEST(Kpi, WhatMustBeLeftAloneIsNoMiss) {
    auto silence = fault("db", 10, 40);
    silence.needs_action = false;
    silence.cured = false;
    EXPECT_EQ(measure({silence}, {}).incidents, 0U);
    EXPECT_EQ(measure({silence}, {incident("db", 13, 40)}).precision, 1.0);
}

TEST(Kpi, WhatNeverEndsIsNoSuccess) {
    auto open = fault("db", 10, 40);
    open.end.reset();
    open.cured = false;
    EXPECT_EQ(measure({open, fault("cart", 50, 60)}, {}).success_rate, 0.5);
}

TEST(Kpi, WhatAPersonRepairedIsNoSuccess) {
    auto repaired = fault("db", 10, 40);
    repaired.cured = false;
    repaired.repaired = true;
    EXPECT_EQ(measure({repaired, fault("cart", 50, 60)}, {}).success_rate, 0.5);
    repaired.repaired = false;  // it ended by itself: nobody could have healed it
    EXPECT_EQ(measure({repaired, fault("cart", 50, 60)}, {}).success_rate, 1.0);
}

TEST(Kpi, MergedCollectorsAreOne) {
    KpiCollector one;
    KpiCollector two;
    one.add(std::vector{fault("db", 10, 15)}, std::vector{incident("db", 11, 18)}, callers_concern);
    two.add(std::vector{fault("db", 10, 15)}, std::vector{incident("db", 13, 20)}, callers_concern);
    one.merge(two);
    EXPECT_EQ(one.result().incidents, 2U);
    EXPECT_EQ(one.result().mttd_s.mean, 2.0);
}

TEST(Kpi, TheReportHasItsKeys) {
    const auto json = to_json(Kpi{});
    for (const auto* key :
         {"incidents", "mttd_s", "mttr_s", "false_positive_rate", "false_incidents_per_day", "recall",
          "precision", "root_cause_top1", "success_rate", "policy_violations", "seed", "journal_hash"}) {
        EXPECT_NE(json.find(key), nullptr) << key;
    }
}

}  // namespace
}  // namespace homeostat::sim
