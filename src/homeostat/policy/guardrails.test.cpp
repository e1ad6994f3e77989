// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/guardrails.h"

#include <gtest/gtest.h>

#include <limits>
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

TEST(Guardrails, FitAScaleStepIntoTheLimitsWhereSomethingOfTheWishRemains) {
    auto config = automatic();
    config.max_replicas = 5;
    config.max_scale_step = 2;
    const auto guardrails = Guardrails::create(config);
    ASSERT_TRUE(guardrails);
    const auto fitted = [&](int now, std::int64_t wanted) {
        const auto plan = guardrails->fit(plan_of({scale_to(wanted)}), situation_with(now));
        return *wanted_replicas(plan.steps.front().action);
    };
    EXPECT_EQ(fitted(3, 9), 5);
    EXPECT_EQ(fitted(2, 9), 4);
    EXPECT_EQ(fitted(4, 9), 5);
    EXPECT_EQ(fitted(5, 9), 9);  // nothing remains: the guard will say why
    EXPECT_EQ(fitted(3, 0), 1);
    EXPECT_EQ(fitted(1, 0), 0);
    EXPECT_EQ(fitted(3, 4), 4);
}

TEST(Guardrails, ASecondScaleStepCountsFromTheFirst) {
    auto config = automatic();
    config.max_scale_step = 2;
    EXPECT_EQ(words(judge(config, plan_of({scale_to(5), scale_to(7)}), situation_with(3))), "allow:");
    EXPECT_EQ(words(judge(config, plan_of({scale_to(5), scale_to(8)}), situation_with(3))), "deny: replicas");
}

TEST(Guardrails, LetOneInstanceBeOutOfServiceHoweverFewThereAre) {
    auto config = automatic();
    config.max_unavailable_pct = 34;
    struct Row {
        int instances;
        int down;
        std::string verdict;
    };
    // Instance 1 is restarted; the last `down` ones are out of service already.
    for (const auto& [instances, down, verdict] :
         {Row{1, 0, "allow:"}, Row{1, 1, "allow:"}, Row{2, 0, "allow:"}, Row{2, 1, "deny: unavailable"},
          Row{3, 0, "allow:"}, Row{3, 1, "deny: unavailable"},
          Row{3, 3, "allow:"},  // it was down: no worse than before
          Row{6, 1, "allow:"}, Row{6, 2, "deny: unavailable"}, Row{5000, 1699, "allow:"},
          Row{5000, 1700, "deny: unavailable"}}) {
        auto situation = situation_with(instances);
        auto& state = situation.services[kPayment];
        state.unavailable.assign(state.instances.end() - down, state.instances.end());
        EXPECT_EQ(words(judge(config, kRestartOne, situation)), verdict)
            << instances << " with " << down << " down";
    }
}

TEST(Guardrails, CountAnInstanceUnderAnotherActAsOutOfService) {
    Ledger ledger;
    ASSERT_TRUE(
        ledger.begin(model::IncidentId{"other"}, plan_of({step(ActionKind::restart, "payment-2")}), kNow));
    EXPECT_EQ(words(judge(automatic(), kRestartOne, situation_with(4), ledger)), "allow:");
    EXPECT_EQ(words(judge(automatic(), kRestartOne, situation_with(3), ledger)), "deny: unavailable");
}

TEST(Guardrails, CountOneInstanceForAStepThatRollsOverTheService) {
    auto situation = situation_with(2);
    const auto rolling = plan_of({step(ActionKind::restart)});
    EXPECT_EQ(words(judge(automatic(), rolling, situation)), "allow:");
    situation.services[kPayment].unavailable = {model::InstanceId{"payment-2"}};
    EXPECT_EQ(words(judge(automatic(), rolling, situation)), "deny: unavailable");
    situation.services[kPayment].unavailable = situation.services[kPayment].instances;
    EXPECT_EQ(words(judge(automatic(), rolling, situation)), "allow:");
}

TEST(Guardrails, PuttingAnInstanceBackTakesNothingOut) {
    auto back = step(ActionKind::reroute, "payment-1");
    back.action.parameters["enabled"] = false;
    auto situation = situation_with(2);
    situation.services[kPayment].unavailable = {model::InstanceId{"payment-2"}};
    EXPECT_EQ(words(judge(automatic(), plan_of({back}), situation)), "allow:");
    back.action.parameters["enabled"] = true;
    EXPECT_EQ(words(judge(automatic(), plan_of({back}), situation)), "deny: unavailable");
}

/// A ledger with an act in progress on each of `count` services.
Ledger busy_with(int count) {
    Ledger ledger;
    for (int i = 0; i < count; ++i) {
        const model::ServiceId service{"busy-" + std::to_string(i)};
        model::Plan plan{.steps = {{.name = "restart", .action = {.service = service}}}};
        HOMEOSTAT_CHECK(ledger.begin(model::IncidentId{service.value()}, plan, kNow));
    }
    return ledger;
}

TEST(Guardrails, CountTheServicesActedUponAtOnceByNumberAndByShare) {
    auto config = automatic();
    config.max_targets = 100;
    config.max_acts_per_hour = 1000;
    config.max_targets_pct = 10;
    struct Row {
        std::uint32_t services;
        int busy;
        std::string verdict;
    };
    for (const auto& [services, busy, verdict] :
         {Row{1, 0, "allow:"}, Row{2, 0, "allow:"}, Row{2, 1, "deny: targets"}, Row{3, 0, "allow:"},
          Row{19, 0, "allow:"}, Row{19, 1, "deny: targets"}, Row{20, 1, "allow:"},
          Row{20, 2, "deny: targets"}, Row{5000, 99, "allow:"}, Row{5000, 100, "deny: targets"}}) {
        auto situation = situation_with(3);
        situation.service_count = services;
        EXPECT_EQ(words(judge(config, kRestartOne, situation, busy_with(busy))), verdict)
            << services << " services, " << busy << " busy";
    }
    config.max_targets = 0;
    EXPECT_EQ(words(judge(config, kRestartOne, situation_with(3))), "deny: targets");
}

TEST(Guardrails, APlanThatAloneIsTooLargeHasNoMomentToTryAgain) {
    auto config = automatic();
    config.max_targets = 1;
    auto both = kRestartOne;
    both.steps.push_back({.name = "db", .action = {.service = kDb}});
    const auto alone = judge(config, both, situation_with(3));
    EXPECT_EQ(words(alone), "deny: targets");
    EXPECT_EQ(retry_at(alone), std::nullopt);
    const auto beside = judge(config, kRestartOne, situation_with(3), busy_with(1));
    EXPECT_EQ(words(beside), "deny: targets");
    EXPECT_EQ(retry_at(beside), kNow + kAskAgain);
}

TEST(Guardrails, DoNotActTwiceAtOnceOnOneTarget) {
    Ledger ledger;
    ASSERT_TRUE(ledger.begin(model::IncidentId{"other"}, plan_of({step(ActionKind::throttle)}), kNow));
    EXPECT_EQ(words(judge(automatic(), kRestartOne, situation_with(3), ledger)), "deny: busy");
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

TEST(Guardrails, CoolDownATargetAndNotItsNeighbour) {
    const auto ledger = ledger_of(kRestartOne, {{kNow - 10s, kNow - 5s}});
    const auto word = [&](model::PlannedStep next) {
        return words(judge(automatic(), plan_of({std::move(next)}), situation_with(3), ledger));
    };
    EXPECT_EQ(word(step(ActionKind::restart, "payment-1")), "deny: cooldown");
    EXPECT_EQ(word(step(ActionKind::restart, "payment-2")), "allow:");
    EXPECT_EQ(word(scale_to(4)), "deny: cooldown");  // the service includes the instance
}

TEST(Guardrails, CountActsWithinAnyHour) {
    auto config = automatic();
    config.max_acts_per_hour = 2;
    const auto elsewhere = model::Plan{.steps = {{.name = "x", .action = {.service = kDb}}}};
    const auto judge_after = [&](std::vector<std::pair<LoopTime, LoopTime>> acts) {
        return judge(config, kRestartOne, situation_with(3), ledger_of(elsewhere, acts));
    };
    EXPECT_EQ(words(judge_after({{kNow - 50min, kNow - 49min}})), "allow:");
    EXPECT_EQ(words(judge_after({{kNow - 60min, kNow - 59min}, {kNow - 50min, kNow - 49min}})), "allow:");
    const auto full = judge_after({{kNow - 59min, kNow - 58min}, {kNow - 50min, kNow - 49min}});
    EXPECT_EQ(words(full), "deny: rate");
    EXPECT_EQ(retry_at(full), kNow + 1min);
    config.max_acts_per_hour = 0;
    EXPECT_EQ(retry_at(judge_after({})), std::nullopt);
}

TEST(Guardrails, CallAPersonAfterTheLastStrike) {
    auto config = automatic();
    config.max_strikes = 2;
    config.cooldown = 0s;
    auto ledger = ledger_of(kRestartOne, {{kNow - 30min, kNow - 29min}}, ActOutcome::failed);
    EXPECT_EQ(words(judge(config, kRestartOne, situation_with(3), ledger)), "allow:");

    // A failure on any part of the service is a strike against the service.
    ASSERT_TRUE(ledger.begin(model::IncidentId{"again"}, plan_of({scale_to(4)}), kNow - 20min));
    ASSERT_TRUE(ledger.finish(model::IncidentId{"again"}, ActOutcome::failed, kNow - 19min));
    const auto out = judge(config, kRestartOne, situation_with(3), ledger);
    EXPECT_EQ(words(out), "deny: strikes");
    EXPECT_TRUE(must_escalate(out));
    EXPECT_EQ(retry_at(out), std::nullopt);

    auto later = situation_with(3);
    later.now.loop += 31min;  // the first failure is an hour old
    EXPECT_EQ(words(judge(config, kRestartOne, later, ledger)), "allow:");

    ledger.clear_strikes(kPayment);
    EXPECT_EQ(words(judge(config, kRestartOne, situation_with(3), ledger)), "allow:");
}

TEST(Guardrails, DoNotCountWhatCouldNotBeSeenAsAStrike) {
    auto config = automatic();
    config.max_strikes = 1;
    const auto ledger = ledger_of(kRestartOne, {{kNow - 30min, kNow - 29min}}, ActOutcome::unknown);
    EXPECT_EQ(words(judge(config, kRestartOne, situation_with(3), ledger)), "allow:");
}

TEST(Guardrails, ActOnFreshAndProbableEvidenceOnly) {
    const auto config = automatic();
    const auto word = [&](EventTime at, double posterior) {
        auto situation = situation_with(3);
        situation.evidence.at = at;
        auto plan = kRestartOne;
        plan.cause.posterior = posterior;
        return words(judge(config, plan, situation));
    };
    EXPECT_EQ(word(kNoon - 15s, 0.6), "allow:");
    EXPECT_EQ(word(kNoon - 15s - 1ns, 0.6), "deny: evidence");
    EXPECT_EQ(word(kNoon + 16s, 0.6), "deny: evidence");  // from the future
    EXPECT_EQ(word(kNoon, 0.599), "deny: evidence");
    EXPECT_EQ(word(kNoon, std::numeric_limits<double>::quiet_NaN()), "deny: evidence");

    auto situation = situation_with(3);
    situation.evidence.inconclusive = "two causes are equally probable";
    EXPECT_EQ(words(judge(config, kRestartOne, situation)), "deny: evidence");
}

TEST(Guardrails, FreezeInsideAMaintenanceWindowUntilItEnds) {
    auto config = automatic();
    config.maintenance = {{.name = "lunch", .from = "11:30", .to = "12:30", .services = {kPayment}}};
    const auto frozen = judge(config, kRestartOne, situation_with(3));
    EXPECT_EQ(words(frozen), "deny: maintenance");
    EXPECT_EQ(retry_at(frozen), kNow + 30min);
    config.maintenance[0].services = {kDb};
    EXPECT_EQ(words(judge(config, kRestartOne, situation_with(3))), "allow:");
}

TEST(Guardrails, ActOnlyInsideWindowsThatAllowItWhereThereAreSome) {
    auto config = automatic();
    config.maintenance = {
        {.name = "night", .effect = MaintenanceEffect::allow, .from = "22:00", .to = "04:00"},
        {.name = "weekend",
         .effect = MaintenanceEffect::allow,
         .days = {Weekday::saturday, Weekday::sunday}}};
    const auto closed = judge(config, kRestartOne, situation_with(3));
    EXPECT_EQ(words(closed), "deny: maintenance");
    EXPECT_EQ(retry_at(closed), kNow + 10h);
    auto night = situation_with(3);
    night.now.event += 11h;
    night.evidence.at += 11h;
    EXPECT_EQ(words(judge(config, kRestartOne, night)), "allow:");
}

TEST(Guardrails, AllowOnlyTheActionsOfTheList) {
    auto config = automatic();
    EXPECT_EQ(words(judge(config, plan_of({step(ActionKind::script)}), situation_with(3))),
              "deny: allowed_actions");
    config.rules = {{.services = {kPayment}, .allowed_actions = std::vector{ActionKind::scale}}};
    EXPECT_EQ(words(judge(config, kRestartOne, situation_with(3))), "deny: allowed_actions");
    EXPECT_EQ(words(judge(config, plan_of({scale_to(4)}), situation_with(3))), "allow:");
}

TEST(Guardrails, TheLastRuleThatMatchesAndSetsAValueCounts) {
    PolicyConfig config;  // asks a person
    config.rules = {{.causes = {model::CauseKind::crash}, .mode = model::Autonomy::automatic},
                    {.services = {kPayment}, .max_replicas = 3},
                    {.services = {kDb}, .mode = model::Autonomy::observe},
                    {.playbooks = {"cure"}, .max_replicas = 6}};
    EXPECT_EQ(words(judge(config, plan_of({scale_to(6)}), situation_with(3))), "allow:");
    EXPECT_EQ(words(judge(config, plan_of({scale_to(7)}), situation_with(3))), "deny: replicas");
    config.rules.push_back({.playbooks = {"cure@2"}, .mode = model::Autonomy::observe});
    EXPECT_EQ(words(judge(config, kRestartOne, situation_with(3))), "allow:");
    config.rules.push_back({.playbooks = {"cure@1"}, .mode = model::Autonomy::observe});
    EXPECT_EQ(words(judge(config, kRestartOne, situation_with(3))), "suggest: mode");
}

TEST(Guardrails, ThePlaybooksCeilingLowersTheModeAndNeverRaisesIt) {
    auto plan = kRestartOne;
    plan.autonomy = model::Autonomy::approve;
    EXPECT_EQ(words(judge(automatic(), plan, situation_with(3))), "needs_approval: mode");
    PolicyConfig suggesting;
    suggesting.mode = model::Autonomy::suggest;
    EXPECT_EQ(words(judge(suggesting, plan, situation_with(3))), "suggest: mode");
}

TEST(Guardrails, AskAPersonWhereMuchIsAtStake) {
    auto config = automatic();
    config.approval.blast_radius = 1;
    config.approval.critical_blast_radius = 0;
    auto plan = kRestartOne;
    plan.steps[0].risk = model::Risk::high;
    plan.blast_radius.upstream = {model::ServiceId{"a"}, model::ServiceId{"b"}};
    plan.blast_radius.critical = {model::ServiceId{"a"}};
    auto situation = situation_with(3);
    situation.services[kPayment].criticality = model::Criticality::critical;
    EXPECT_EQ(words(judge(config, plan, situation)), "needs_approval: approval approval approval approval");
    situation.services[kPayment].criticality = model::Criticality::high;
    plan.steps[0].risk = model::Risk::medium;
    plan.blast_radius.upstream.pop_back();
    plan.blast_radius.critical.clear();
    EXPECT_EQ(words(judge(config, plan, situation)), "allow:");
}

TEST(Guardrails, OnlyAskInAStorm) {
    auto situation = situation_with(3);
    situation.open_incidents = 5;
    EXPECT_EQ(words(judge(automatic(), kRestartOne, situation)), "allow:");
    situation.open_incidents = 6;
    EXPECT_EQ(words(judge(automatic(), kRestartOne, situation)), "needs_approval: storm");
}

TEST(Guardrails, APersonsYesAnswersWhatAsksForItAndNothingElse) {
    PolicyConfig config;
    config.max_open_incidents = 0;
    auto situation = situation_with(3);
    situation.approved_by = "alice";
    const auto verdict = judge(config, kRestartOne, situation);
    EXPECT_EQ(words(verdict), "allow: mode storm");
    EXPECT_EQ(verdict.reasons[0].text, "the mode is 'approve': a person must say yes; alice said yes");
    EXPECT_EQ(verdict.reasons[0].decision, Decision::allow);

    situation.evidence.stale = true;
    EXPECT_EQ(words(judge(config, kRestartOne, situation)), "deny: evidence mode storm");
    situation.evidence.stale = false;
    config.mode = model::Autonomy::suggest;
    EXPECT_EQ(words(judge(config, kRestartOne, situation)), "suggest: mode storm");
}

TEST(Guardrails, RefuseWhatTheyKnowNothingAbout) {
    auto situation = situation_with(3);
    situation.services.erase(kPayment);
    EXPECT_EQ(words(judge(automatic(), kRestartOne, situation)), "deny: plan");
    EXPECT_EQ(words(judge(automatic(), plan_of({}), situation_with(3))), "deny: plan");
    EXPECT_EQ(words(judge(automatic(), plan_of({step(ActionKind::scale)}), situation_with(3))),
              "deny: replicas");
}

TEST(PolicyConfig, IsNamedByItsContent) {
    auto config = automatic();
    const auto version = version_of(config);
    EXPECT_EQ(version_of(automatic()), version);
    config.rules.push_back({.max_replicas = 4});
    EXPECT_NE(version_of(config), version);
}

TEST(PolicyConfig, IsRefusedWithTheSettingAndTheCure) {
    auto config = automatic();
    config.min_replicas = 11;
    EXPECT_EQ(Guardrails::create(config).error().message,
              "max_replicas: leaves no number of replicas between 11 and 10; choose 0 <= min_replicas <= "
              "max_replicas");
    config = automatic();
    config.maintenance = {{.name = "night", .from = "25:00"}};
    EXPECT_EQ(Guardrails::create(config).error().message,
              "maintenance window 'night': '25:00' is no time of day; write HH:MM in UTC, such as 22:30");
    config = automatic();
    config.rules = {{.min_replicas = 12}};
    EXPECT_FALSE(Guardrails::create(config));
}

}  // namespace
}  // namespace homeostat::policy
