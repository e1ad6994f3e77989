// SPDX-License-Identifier: Apache-2.0
#include "homeostat/audit/story.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "homeostat/model/anomaly.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/verdict.h"

namespace homeostat::audit {
namespace {

using model::RecordKind;

const model::IncidentId kIncident{"inc-000001"};
const model::ServiceId kDb{"db"};

/// Records a second apart, as the loop writes them.
class Tale {
public:
    explicit Tale(const model::IncidentId& incident = kIncident) : teller(incident) {}

    void say(RecordKind kind, std::string reason, json::Value decision = {},
             std::optional<model::IncidentId> incident = kIncident) {
        json::Object body{{"journal_step", static_cast<std::int64_t>(++sequence_)}};
        if (!decision.is_null()) body.emplace_back("decision", std::move(decision));
        teller.take({.sequence = sequence_,
                     .at = EventTime{std::chrono::seconds{sequence_}},
                     .kind = kind,
                     .incident = std::move(incident),
                     .service = kDb,
                     .reason = std::move(reason),
                     .body = std::move(body)});
    }

    void see(const model::Subject& subject) {
        const model::Anomaly anomaly{.subject = subject,
                                     .onset = EventTime{std::chrono::seconds{sequence_}},
                                     .findings = {{.feature = model::Feature::error_rate,
                                                   .observed = 0.4,
                                                   .expected_high = 0.01,
                                                   .p_value = 0.001,
                                                   .contribution = 1}}};
        say(RecordKind::anomaly_opened, to_string(subject) + " is not as it normally is", to_json(anomaly),
            std::nullopt);
    }

    void open() {
        see({.service = kDb});
        say(RecordKind::incident_opened, "1 subjects are abnormal together",
            to_json(std::vector<model::Subject>{{.service = kDb}}));
    }

    void diagnose() {
        const model::Diagnosis diagnosis{
            .causes = {{.service = kDb,
                        .kind = model::CauseKind::crash,
                        .posterior = 0.97,
                        .evidence = {{"its process is gone", 6.5}, {"its callers are well", -0.5}}},
                       {.service = kDb, .kind = model::CauseKind::hang, .posterior = 0.02}},
            .propagation_path = {kDb, model::ServiceId{"web"}},
            .explained = {{.service = kDb}}};
        say(RecordKind::diagnosed, "crash of db (posterior 0.97)", to_json(diagnosis));
    }

    [[nodiscard]] std::string text() const {
        std::string text;
        const auto story = teller.tell();
        if (!story) return story.error().message;
        for (const auto& sentence : story->summary) text += sentence + "\n";
        for (const auto& chapter : story->chapters) {
            text += chapter.headline + "\n";
            for (const auto& detail : chapter.details) text += "  " + detail + "\n";
        }
        return text;
    }

    [[nodiscard]] bool tells(std::string_view words) const { return text().find(words) != std::string::npos; }

    StoryTeller teller;

private:
    std::uint64_t sequence_ = 0;
};

TEST(Story, TellsWhatWasSeenAndWhyItWasSoJudged) {
    Tale tale;
    tale.open();
    tale.diagnose();
    EXPECT_TRUE(tale.tells("error_rate was 0.4, expected 0 to 0.01 (p 0.001, 100 % of the vote)"))
        << tale.text();
    EXPECT_TRUE(tale.tells("for: its process is gone (weight +6.5)")) << tale.text();
    EXPECT_TRUE(tale.tells("against: its callers are well (weight -0.5)")) << tale.text();
    EXPECT_TRUE(tale.tells("also possible: hang of db (posterior 0.02)")) << tale.text();
    EXPECT_TRUE(tale.tells("felt along db → web")) << tale.text();
    EXPECT_TRUE(tale.tells("It is still open.")) << tale.text();
}

TEST(Story, SaysWhatWasDoneAndHowItEnded) {
    Tale tale;
    tale.open();
    tale.diagnose();
    tale.say(RecordKind::order_intended, "restart db/db-1");
    EXPECT_TRUE(tale.tells("Ordered: restart db/db-1: no answer yet.")) << tale.text();
    tale.say(RecordKind::order_finished, "restart db/db-1: done");
    tale.say(RecordKind::undo_intended, "scale db replicas=2");
    tale.say(RecordKind::order_finished, "scale db replicas=2: refused, the lease is over");
    tale.say(RecordKind::incident_resolved, "all is back to normal");
    EXPECT_TRUE(
        tale.tells("The cause: crash of db (posterior 0.97).\n"
                   "Ordered: restart db/db-1: done; taken back by scale db replicas=2: refused, the lease is "
                   "over.\n"
                   "Resolved, 8.0 s after the first sign: all is back to normal.\n"))
        << tale.text();
}

TEST(Story, SaysWhyNothingWasDone) {
    Tale tale;
    tale.open();
    tale.diagnose();
    const model::Verdict verdict{.reasons = {{.rule = "cooldown", .text = "db was acted upon 3 s ago"}},
                                 .policy = model::PolicyVersion{"p1"}};
    tale.say(RecordKind::verdict, "deny: cooldown: db was acted upon 3 s ago", to_json(verdict));
    EXPECT_TRUE(tale.tells("Nothing was done: deny: cooldown: db was acted upon 3 s ago.")) << tale.text();
    EXPECT_TRUE(tale.tells("cooldown (deny): db was acted upon 3 s ago")) << tale.text();
}

TEST(Story, LeavesOutWhatBelongsToOthers) {
    Tale tale;
    tale.see({.service = model::ServiceId{"mail"}});
    tale.open();
    tale.say(RecordKind::diagnosed, "hang of mail", {}, model::IncidentId{"inc-000002"});
    EXPECT_FALSE(tale.tells("mail")) << tale.text();
}

TEST(Story, TellsOfTheStopSwitchThatWasOnAlready) {
    Tale tale;
    tale.say(RecordKind::stopped, "by ann: game day", {}, std::nullopt);
    tale.open();
    tale.say(RecordKind::resumed, "by ann: over", {}, std::nullopt);
    EXPECT_TRUE(tale.tells("The stop switch was on, by ann: game day")) << tale.text();
    EXPECT_TRUE(tale.tells("The stop switch was off again, by ann: over")) << tale.text();
}

TEST(Story, EndsWithTheIncident) {
    Tale tale;
    tale.open();
    tale.say(RecordKind::incident_dismissed, "it recovered by itself");
    tale.see({.service = kDb});
    EXPECT_EQ(tale.teller.tell()->chapters.back().kind, RecordKind::incident_dismissed);
}

TEST(Story, SurvivesARecordThatItCannotRead) {
    Tale tale;
    tale.open();
    tale.say(RecordKind::diagnosed, "crash of db", json::Object{{"causes", "none"}});
    EXPECT_TRUE(tale.tells("its value cannot be read: ")) << tale.text();
}

TEST(Story, OfAnUnknownIncidentIsAnError) {
    Tale tale(model::IncidentId{"inc-7"});
    tale.open();
    EXPECT_EQ(tale.teller.tell().error().code, ErrorCode::failed_precondition);
}

}  // namespace
}  // namespace homeostat::audit
