// SPDX-License-Identifier: Apache-2.0
#include "homeostat/loop/loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "homeostat/audit/chain.h"
#include "homeostat/base/prng.h"

namespace homeostat::loop {
namespace {

using namespace std::chrono_literals;
using model::Feature;

plan::Playbook restart_playbook() {
    plan::Playbook playbook;
    playbook.name = "restart-instance";
    playbook.match.causes = {model::CauseKind::crash, model::CauseKind::hang};
    playbook.steps = {{.name = "restart", .instance = "$instance", .undo = model::UndoPolicy::impossible}};
    return playbook;
}

LoopConfig small_config() {
    LoopConfig config;
    config.policy.mode = model::Autonomy::automatic;
    config.playbooks = {restart_playbook()};
    return config;
}

/// Two services, web → db, each with two instances, told second by second.
class Story {
public:
    explicit Story(const LoopConfig& config) : loop(Loop::create(config).value()) {}

    /// One second; `change` may alter the windows, or drop them by emptying them.
    void second(const std::function<void(std::vector<model::FeatureWindow>&)>& change = {},
                std::vector<Input> more = {}) {
        now.loop += 1s;
        now.event += 1s;
        std::vector<model::FeatureWindow> windows;
        for (const auto* service : {"web", "db"}) {
            windows.push_back(window({.service = model::ServiceId{service}}, 100));
            for (const auto* number : {"-1", "-2"}) {
                windows.push_back(window({.service = model::ServiceId{service},
                                          .instance = model::InstanceId{std::string(service) + number}},
                                         50));
            }
        }
        windows.push_back(
            window({.service = model::ServiceId{"web"}, .callee = model::ServiceId{"db"}}, 100));
        if (change) change(windows);
        more.emplace_back(WindowsArrived{std::move(windows)});
        journal.push_back({now, more});
        auto made = loop.step(now, more);
        effects.insert(effects.end(), made.begin(), made.end());
    }

    void calm(int seconds) {
        for (int i = 0; i < seconds; ++i) second();
    }

    [[nodiscard]] std::vector<model::Order> orders() const {
        std::vector<model::Order> orders;
        for (const auto& effect : effects) {
            if (const auto* sent = std::get_if<SendOrder>(&effect)) orders.push_back(sent->order);
        }
        return orders;
    }

    [[nodiscard]] std::vector<model::AuditRecord> records() const {
        std::vector<model::AuditRecord> records;
        for (const auto& effect : effects) {
            if (const auto* record = std::get_if<Record>(&effect)) records.push_back(record->record);
        }
        return records;
    }

    /// Answers every order that is out with `refused` until a person is called; the fault stays.
    void refuse_until_escalated(int seconds_max) {
        for (int i = 0; i < seconds_max && state() != model::IncidentState::escalated; ++i) {
            std::vector<Input> answers;
            for (const auto& order : loop.open_orders()) {
                answers.emplace_back(OrderFinished{
                    {.id = order.id, .outcome = model::OrderOutcome::refused, .detail = "cannot"}});
            }
            second(crashed, std::move(answers));
        }
    }

    /// Of the newest incident.
    [[nodiscard]] model::IncidentState state() const { return loop.incidents().front().state; }

    [[nodiscard]] bool recorded(model::RecordKind kind) const {
        const auto all = records();
        return std::any_of(all.begin(), all.end(), [&](const auto& record) { return record.kind == kind; });
    }

    /// Goes on with a broken db-1 until an order leaves or the time is over.
    void break_db(int seconds_max) {
        second(crashed, {Changed{{.at = now.event,
                                  .service = model::ServiceId{"db"},
                                  .instance = model::InstanceId{"db-1"},
                                  .kind = model::ChangeKind::instance_exited,
                                  .detail = "signal 9"}}});
        for (int i = 0; i < seconds_max && orders().empty(); ++i) second(crashed);
    }

    static void crashed(std::vector<model::FeatureWindow>& windows) {
        for (auto& window : windows) {
            const bool gone = window.subject.instance == model::InstanceId{"db-1"};
            if (gone)
                window = {.subject = window.subject,
                          .end = window.end,
                          .length = 1s,
                          .freshness = model::Freshness::stale};
            if (window.subject.is_service() && window.subject.service.value() == "db")
                window.values.set(Feature::replicas, 1);
            if (window.subject.is_edge()) window.values.set(Feature::error_rate, 0.4);
            if (window.subject.is_service() && window.subject.service.value() == "web")
                window.values.set(Feature::error_rate, 0.35);
        }
    }

    Loop loop;
    Instant now;
    std::vector<Effect> effects;
    std::vector<JournalEntry> journal;

private:
    model::FeatureWindow window(model::Subject subject, double rate) {
        model::FeatureWindow window{.subject = std::move(subject), .end = now.event, .length = 1s};
        const double noise = static_cast<double>(prng_.below(100)) / 100.0;
        window.values.set(Feature::rate_rps, rate + 5 * noise);
        window.values.set(Feature::error_rate, 0);
        window.values.set(Feature::latency_ms, 10 + noise);
        window.values.set(Feature::latency_p99_ms, 30 + 3 * noise);
        if (!window.subject.is_edge()) {
            window.values.set(Feature::cpu_pct, 20 + noise);
            window.values.set(Feature::mem_mb, 100 + noise);
            if (window.subject.is_service()) window.values.set(Feature::replicas, 2);
        }
        return window;
    }

    Prng prng_{7};
};

TEST(Loop, LeavesAHealthySystemAlone) {
    Story story(small_config());
    story.calm(300);
    EXPECT_TRUE(story.loop.incidents().empty());
    EXPECT_TRUE(story.orders().empty());
}

TEST(Loop, HealsACrashFromAnomalyToVerifiedRecovery) {
    Story story(small_config());
    story.calm(60);
    story.break_db(10);
    ASSERT_EQ(story.orders().size(), 1U);
    const auto order = story.orders().front();
    EXPECT_EQ(order.action.kind, model::ActionKind::restart);
    EXPECT_EQ(order.action.instance, model::InstanceId{"db-1"});

    story.second({}, {OrderFinished{{.id = order.id, .outcome = model::OrderOutcome::done}}});
    story.calm(10);
    const auto incidents = story.loop.incidents();
    ASSERT_EQ(incidents.size(), 1U);
    EXPECT_EQ(incidents.front().state, model::IncidentState::resolved) << incidents.front().reason;

    const auto& counters = story.loop.counters();
    EXPECT_EQ(counters.incidents, 1U);
    EXPECT_EQ(counters.resolved, 1U);
    EXPECT_EQ(counters.time_to_detect, incidents.front().opened_at - incidents.front().onset);
    EXPECT_EQ(counters.time_to_remediate, *incidents.front().closed_at - incidents.front().onset);
}

TEST(Loop, RecordsTheIntentBeforeTheOrderAndKeepsTheChain) {
    Story story(small_config());
    story.calm(60);
    story.break_db(10);
    std::optional<std::string> intended;
    for (const auto& effect : story.effects) {
        const auto* record = std::get_if<Record>(&effect);
        if (record != nullptr && record->record.kind == model::RecordKind::order_intended) {
            intended = *record->record.body.find("decision")->find("id")->as_string();
        }
        if (const auto* sent = std::get_if<SendOrder>(&effect)) {
            EXPECT_EQ(intended, sent->order.id.value());
        }
    }
    audit::ChainVerifier verifier;
    for (const auto& record : story.records()) ASSERT_TRUE(verifier.check(record).has_value());
}

TEST(Loop, DecidesTheSameAgainFromTheJournal) {
    Story story(small_config());
    story.calm(60);
    story.break_db(10);
    story.calm(5);
    auto again = Loop::create(small_config()).value();
    std::vector<Effect> effects;
    for (const auto& entry : story.journal) {
        // Through the codec, as from the disk.
        const auto read = from_json<JournalEntry>(json::parse(json::to_text(to_json(entry))).value()).value();
        auto made = again.step(read.now, read.inputs);
        effects.insert(effects.end(), made.begin(), made.end());
    }
    EXPECT_EQ(effects, story.effects);
    EXPECT_EQ(again.open_orders(), story.loop.open_orders());
}

TEST(Loop, SendsNothingWhileStoppedAndGoesOnAfterwards) {
    Story story(small_config());
    story.calm(60);
    story.second({}, {StopSwitched{.stopped = true, .by = "ann", .reason = "game day"}});
    story.break_db(8);
    EXPECT_TRUE(story.orders().empty());
    EXPECT_TRUE(story.recorded(model::RecordKind::verdict));  // the non-action has its reason
    story.second(Story::crashed, {StopSwitched{.stopped = false, .by = "ann", .reason = "over"}});
    for (int i = 0; i < 5 && story.orders().empty(); ++i) story.second(Story::crashed);
    EXPECT_EQ(story.orders().size(), 1U);
}

TEST(Loop, AsksAPersonAndTakesNoForAnAnswer) {
    auto config = small_config();
    config.policy.mode = model::Autonomy::approve;
    Story story(config);
    story.calm(60);
    story.break_db(8);
    EXPECT_TRUE(story.orders().empty());
    ASSERT_TRUE(story.recorded(model::RecordKind::approval_requested));
    const auto incident = story.loop.incidents().front().id;
    story.second(
        Story::crashed,
        {ApprovalAnswered{.incident = incident, .approved = false, .by = "bob", .reason = "not now"}});
    EXPECT_EQ(story.loop.incidents().front().state, model::IncidentState::escalated);
    EXPECT_TRUE(story.orders().empty());
}

TEST(Loop, ActsWhenAPersonSaysYes) {
    auto config = small_config();
    config.policy.mode = model::Autonomy::approve;
    Story story(config);
    story.calm(60);
    story.break_db(8);
    const auto incident = story.loop.incidents().front().id;
    story.second(Story::crashed,
                 {ApprovalAnswered{.incident = incident, .approved = true, .by = "bob", .reason = "go"}});
    story.second(Story::crashed);
    EXPECT_EQ(story.orders().size(), 1U);
}

TEST(Loop, CallsAPersonWhenTheRemedyDoesNotHelp) {
    Story story(small_config());
    story.calm(60);
    story.break_db(10);
    ASSERT_FALSE(story.orders().empty());
    story.second(Story::crashed,
                 {OrderFinished{{.id = story.orders().front().id, .outcome = model::OrderOutcome::done}}});
    for (int i = 0; i < 60; ++i) story.second(Story::crashed);
    EXPECT_EQ(story.loop.incidents().front().state, model::IncidentState::escalated)
        << story.loop.incidents().front().reason;
}

TEST(Loop, GoesOnToTheNextRungWhenAnOrderIsRefusedTwice) {
    Story story(small_config());
    story.calm(60);
    story.break_db(10);
    story.refuse_until_escalated(40);
    EXPECT_EQ(story.orders().size(), 2U);  // there is no next rung
    EXPECT_EQ(story.loop.incidents().front().state, model::IncidentState::escalated);
}

/// A scale-out that is carried out and does not help; orders to take it back fail `failures` times. Returns
/// how many of these there were.
std::size_t take_back_a_scale_out(Story& story, std::size_t failures) {
    story.calm(60);
    story.break_db(10);
    std::size_t undone = 0;
    for (int i = 0; i < 60 && story.state() != model::IncidentState::escalated; ++i) {
        std::vector<Input> answers;
        for (const auto& order : story.loop.open_orders()) {
            model::OrderResult result{
                .id = order.id, .outcome = model::OrderOutcome::done, .undo = order.action};
            if (order.undo && ++undone <= failures) result.outcome = model::OrderOutcome::failed;
            answers.emplace_back(OrderFinished{std::move(result)});
        }
        story.second(Story::crashed, std::move(answers));
    }
    return undone;
}

LoopConfig scaling_config() {
    auto config = small_config();
    config.playbooks.front().steps = {{.name = "scale",
                                       .action = model::ActionKind::scale,
                                       .args = json::Object{{"replicas", std::int64_t{3}}}}};
    return config;
}

TEST(Loop, TakesBackAgainWhatWasNotTakenBackAtFirst) {
    Story story(scaling_config());
    EXPECT_EQ(take_back_a_scale_out(story, 1), 2U);
    EXPECT_EQ(story.state(), model::IncidentState::escalated);
    EXPECT_EQ(story.loop.incidents().front().reason.find("could not be taken back"), std::string::npos);
}

TEST(Loop, CallsAPersonWhenNothingTakesItBack) {
    Story story(scaling_config());
    EXPECT_EQ(take_back_a_scale_out(story, 100), 3U);
    EXPECT_NE(story.loop.incidents().front().reason.find("could not be taken back"), std::string::npos);
}

LoopConfig one_strike() {
    auto config = small_config();
    config.policy.max_strikes = 1;
    return config;
}

/// A crash whose remedy is carried out and does not help, so that a person is called.
void fail_once(Story& story, const std::function<void(std::vector<model::FeatureWindow>&)>& more = {}) {
    const auto change = [&](std::vector<model::FeatureWindow>& windows) {
        Story::crashed(windows);
        if (more) more(windows);
    };
    story.calm(60);
    story.break_db(10);
    story.second(change,
                 {OrderFinished{{.id = story.orders().front().id, .outcome = model::OrderOutcome::done}}});
    for (int i = 0; i < 60 && story.state() != model::IncidentState::escalated; ++i) story.second(change);
}

TEST(Loop, TriesAnewWhatAPersonHandsBackAndForgetsItsStrikes) {
    Story story(one_strike());
    fail_once(story);
    ASSERT_EQ(story.state(), model::IncidentState::escalated);
    ASSERT_EQ(story.orders().size(), 1U);
    for (int i = 0; i < 40; ++i) story.second(Story::crashed);  // beyond the cool-down: still left to people
    ASSERT_EQ(story.orders().size(), 1U);

    story.second(Story::crashed, {ApprovalAnswered{.incident = story.loop.incidents().front().id,
                                                   .approved = true,
                                                   .by = "bob",
                                                   .reason = "the disk is new"}});
    for (int i = 0; i < 5; ++i) story.second(Story::crashed);
    ASSERT_EQ(story.orders().size(), 2U) << story.loop.incidents().front().reason;
    EXPECT_NE(story.orders()[0].id,
              story.orders()[1].id);  // an id carried out once is never carried out again
}

TEST(Loop, ForgetsStrikesWhenAPersonLetsActsGoOn) {
    Story story(one_strike());
    fail_once(story);
    story.calm(60);  // it was repaired by hand
    const auto failed = [&] {
        const auto acts = story.loop.carryover().ledger.acts();
        return std::count_if(acts.begin(), acts.end(),
                             [](const auto& act) { return act.outcome == policy::ActOutcome::failed; });
    };
    ASSERT_EQ(failed(), 1);
    story.second({}, {StopSwitched{.stopped = false, .by = "ann", .reason = "repaired"}});
    EXPECT_EQ(failed(), 0);
}

/// One instance has far more requests in flight than usual, which nobody feels.
void odd(std::vector<model::FeatureWindow>& windows) {
    for (auto& window : windows) {
        if (window.subject.instance == model::InstanceId{"web-1"}) window.values.set(Feature::in_flight, 60);
    }
}

/// What is usual, learned.
void learn_requests_in_flight(Story& story) {
    const auto usual = [](std::vector<model::FeatureWindow>& windows) {
        for (auto& window : windows) {
            if (window.subject.is_instance()) window.values.set(Feature::in_flight, 1);
        }
    };
    for (int i = 0; i < 60; ++i) story.second(usual);
}

TEST(Loop, RecordsAnOddInstanceThatHarmsNobodyAndOpensNoIncident) {
    Story story(small_config());
    story.calm(60);
    learn_requests_in_flight(story);
    for (int i = 0; i < 26; ++i) story.second(odd);
    EXPECT_TRUE(story.recorded(model::RecordKind::anomaly_opened));
    EXPECT_TRUE(story.loop.incidents().empty());
    EXPECT_TRUE(story.orders().empty());
}

TEST(Loop, EndsAnIncidentThatHarmsNobodyAnyMore) {
    const auto ends_within_50s = [](Duration aftermath) {
        auto config = small_config();
        config.patience.aftermath = aftermath;
        Story story(config);
        learn_requests_in_flight(story);
        fail_once(story, odd);
        EXPECT_EQ(story.state(), model::IncidentState::escalated);
        story.second(odd, {Changed{{.at = story.now.event,
                                    .service = model::ServiceId{"db"},
                                    .instance = model::InstanceId{"db-1"},
                                    .kind = model::ChangeKind::instance_started}}});
        for (int i = 0; i < 50; ++i) story.second(odd);
        return story.loop.incidents().front().closed_at.has_value();
    };
    EXPECT_TRUE(ends_within_50s(30s));
    EXPECT_FALSE(ends_within_50s(60s)) << "it is unusual still";
}

TEST(Loop, DismissesWhatRecoversByItself) {
    auto config = small_config();
    config.policy.mode = model::Autonomy::suggest;
    Story story(config);
    story.calm(60);
    story.break_db(4);
    story.calm(15);
    ASSERT_EQ(story.loop.incidents().size(), 1U);
    EXPECT_EQ(story.loop.incidents().front().state, model::IncidentState::dismissed);
    EXPECT_TRUE(story.orders().empty());
}

TEST(Loop, IgnoresAnswersToNothing) {
    Story story(small_config());
    story.calm(3);
    story.second({},
                 {OrderFinished{{.id = model::OrderId{"nobody"}}},
                  ApprovalAnswered{
                      .incident = model::IncidentId{"inc-9"}, .approved = true, .by = "eve", .reason = ""}});
    EXPECT_EQ(story.loop.counters().inputs_ignored, 2U);
}

}  // namespace
}  // namespace homeostat::loop
