// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/guardrails.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "homeostat/base/check.h"
#include "homeostat/policy/guards.h"

namespace homeostat::policy {
namespace {

using namespace std::chrono_literals;
using model::ActionKind;
using model::Decision;

const model::ServiceId kPayment{"payment"};
const model::ServiceId kDb{"db"};
const LoopTime kNow{10h};
const EventTime kNoon{std::chrono::hours{12}};  // Thursday, 1 January 1970

std::vector<model::InstanceId> instances_of(const model::ServiceId& service, int count) {
    std::vector<model::InstanceId> instances;
    for (int i = 1; i <= count; ++i) instances.emplace_back(service.value() + "-" + std::to_string(i));
    return instances;
}

model::PlannedStep step(ActionKind kind, std::optional<std::string> instance = std::nullopt) {
    model::PlannedStep planned{.name = std::string(to_string(kind)),
                               .action = {.kind = kind, .service = kPayment}};
    if (instance) planned.action.instance = model::InstanceId{*instance};
    return planned;
}

model::PlannedStep scale_to(std::int64_t replicas) {
    auto planned = step(ActionKind::scale);
    planned.action.parameters["replicas"] = replicas;
    return planned;
}

model::Plan plan_of(std::vector<model::PlannedStep> steps) {
    return {.playbook = model::PlaybookId{"cure@1"},
            .cause = {.service = kPayment, .kind = model::CauseKind::crash, .posterior = 0.95},
            .steps = std::move(steps)};
}

const model::Plan kRestartOne = plan_of({step(ActionKind::restart, "payment-1")});

/// A calm system of twenty services at Thursday noon, with `replicas` instances of payment.
Situation situation_with(int replicas) {
    Situation situation{.now = {.loop = kNow, .event = kNoon},
                        .evidence = {.at = kNoon - 1s},
                        .open_incidents = 1,
                        .service_count = 20};
    situation.services[kPayment] = {.instances = instances_of(kPayment, replicas)};
    situation.services[kDb] = {.instances = instances_of(kDb, 3)};
    return situation;
}

PolicyConfig automatic() {
    PolicyConfig config;
    config.mode = model::Autonomy::automatic;
    return config;
}

model::Verdict judge(const PolicyConfig& config, const model::Plan& plan, const Situation& situation,
                     const Ledger& ledger = {}) {
    auto guardrails = Guardrails::create(config);
    HOMEOSTAT_CHECK(guardrails);
    return guardrails->judge(plan, situation, ledger);
}

/// "deny: cooldown rate": the decision and the rules that objected.
std::string words(const model::Verdict& verdict) {
    std::string out{to_string(verdict.decision)};
    out += ':';
    for (const auto& reason : verdict.reasons) out += ' ' + reason.rule;
    return out;
}

/// A ledger with acts of the given plan, each started and finished at the given moments.
Ledger ledger_of(const model::Plan& plan, const std::vector<std::pair<LoopTime, LoopTime>>& acts,
                 ActOutcome outcome = ActOutcome::succeeded) {
    Ledger ledger;
    for (const auto& [start, end] : acts) {
        const model::IncidentId incident{"earlier"};
        HOMEOSTAT_CHECK(ledger.begin(incident, plan, start));
        HOMEOSTAT_CHECK(ledger.finish(incident, outcome, end));
    }
    return ledger;
}

TEST(Guardrails, AllowAPlanThatNoGuardObjectsTo) {
    const auto verdict = judge(automatic(), kRestartOne, situation_with(3));
    EXPECT_EQ(words(verdict), "allow:");
    EXPECT_FALSE(verdict.policy.value().empty());
}

TEST(Guardrails, TheStopSwitchDeniesEverythingAndEvenAnUndo) {
    auto situation = situation_with(3);
    situation.stopped = "alice: maintenance of the network";
    EXPECT_EQ(words(judge(automatic(), kRestartOne, situation)), "deny: stopped");
    const auto undo = Guardrails::create(automatic())->judge_undo(situation);
    EXPECT_EQ(words(undo), "deny: stopped");
    EXPECT_EQ(retry_at(undo), std::nullopt);
}

TEST(Guardrails, ListEveryRuleThatObjectsAndTakeTheMostSevere) {
    auto config = automatic();
    config.mode = model::Autonomy::suggest;
    config.max_open_incidents = 0;
    auto situation = situation_with(3);
    EXPECT_EQ(words(judge(config, kRestartOne, situation)), "suggest: mode storm");
    situation.evidence.stale = true;
    EXPECT_EQ(words(judge(config, kRestartOne, situation)), "deny: evidence mode storm");
}

TEST(Guardrails, DoNothingOnSilentTelemetryHoweverSureTheDiagnosis) {
    auto plan = kRestartOne;
    plan.cause.kind = model::CauseKind::telemetry_silence;
    plan.cause.posterior = 1;
    const auto verdict = judge(automatic(), plan, situation_with(3));
    EXPECT_EQ(words(verdict), "deny: evidence");
    EXPECT_EQ(retry_at(verdict), std::nullopt);
}

TEST(Guardrails, CountReplicasAsTheyWillBeAfterTheAct) {
    auto config = automatic();
    config.min_replicas = 2;
    config.max_replicas = 5;
    config.max_scale_step = 2;
    const auto word = [&](int now, std::int64_t wanted) {
        return words(judge(config, plan_of({scale_to(wanted)}), situation_with(now)));
    };
    EXPECT_EQ(word(3, 5), "allow:");
    EXPECT_EQ(word(4, 6), "deny: replicas");
    EXPECT_EQ(word(2, 5), "deny: replicas");  // a step of three
    EXPECT_EQ(word(3, 2), "allow:");
    EXPECT_EQ(word(3, 1), "deny: replicas");
    EXPECT_EQ(word(3, -1), "deny: replicas");
    EXPECT_EQ(word(3, std::int64_t{1} << 40), "deny: replicas");
}

TEST(Guardrails, HoldTheCooldownToTheNanosecond) {
    auto config = automatic();
    config.cooldown = 30s;
    const auto word_after = [&](Duration rest) {
        const auto ledger = ledger_of(kRestartOne, {{kNow - rest - 5s, kNow - rest}});
        return judge(config, kRestartOne, situation_with(3), ledger);
    };
    EXPECT_EQ(words(word_after(30s)), "allow:");
    const auto early = word_after(30s - 1ns);
    EXPECT_EQ(words(early), "deny: cooldown");
    EXPECT_EQ(retry_at(early), kNow + 1ns);
}

}  // namespace
}  // namespace homeostat::policy
