// SPDX-License-Identifier: Apache-2.0
#include "homeostat/diagnose/diagnoser.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "homeostat/diagnose/story.h"

namespace homeostat::diagnose {
namespace {

using model::CauseKind;
using model::Diagnosis;
using testing::Story;
using namespace std::chrono_literals;
using model::Feature;

std::string text_of(const std::vector<Diagnosis>& diagnoses) {
    std::string text;
    for (const auto& diagnosis : diagnoses) text += json::to_pretty_text(to_json(diagnosis)) + "\n";
    return text;
}

/// One decisive diagnosis with this first cause.
void expect_cause(const std::vector<Diagnosis>& diagnoses, CauseKind kind, const std::string& service,
                  const std::string& instance = "") {
    ASSERT_EQ(diagnoses.size(), 1U) << text_of(diagnoses);
    ASSERT_FALSE(diagnoses[0].causes.empty()) << text_of(diagnoses);
    const auto& cause = diagnoses[0].causes[0];
    EXPECT_FALSE(diagnoses[0].inconclusive) << text_of(diagnoses);
    EXPECT_EQ(cause.service.value(), service) << text_of(diagnoses);
    EXPECT_EQ(to_string(cause.kind), to_string(kind)) << text_of(diagnoses);
    EXPECT_EQ(cause.instance.value_or(model::InstanceId{}).value(), instance) << text_of(diagnoses);
}

void expect_inconclusive(const std::vector<Diagnosis>& diagnoses) {
    for (const auto& diagnosis : diagnoses) EXPECT_TRUE(diagnosis.inconclusive) << text_of(diagnoses);
}

const Story::Calls kShop{{"frontend", "payment"}, {"payment", "limiter"}, {"limiter", "db"},
                         {"frontend", "cart"},    {"cart", "db"},         {"frontend", "catalog"}};

/// `service` suffers, and so do its callers in a row, up to the user.
Story& suffer(Story& story, const std::vector<std::string>& way, double errors, double slowness) {
    for (std::size_t i = 0; i < way.size(); ++i) {
        if (i > 0) {
            story.fails(Story::call(way[i], way[i - 1]), errors)
                .slows(Story::call(way[i], way[i - 1]), slowness);
        }
        if (i > 0) story.fails(Story::service(way[i]), errors).slows(Story::service(way[i]), slowness);
    }
    return story;
}

Story crash() {
    Story story(kShop);
    suffer(story, {"payment", "frontend"}, 0.2, 1);
    story.rate(Story::service("payment"), 0.67).silent(Story::instance("payment", 2), 1s);
    return story.exited(Story::instance("payment", 2), 1s);
}

Story hang() {
    Story story(kShop);
    suffer(story, {"payment", "frontend"}, 0.2, 15);
    return story.rate(Story::service("payment"), 0.67).silent(Story::instance("payment", 2), 2s);
}

Story load_surge() {
    Story story(kShop);
    suffer(story, {"payment", "frontend"}, 0.05, 6);
    for (const auto* name : {"frontend", "payment", "limiter", "db"}) {
        story.rate(Story::service(name), 3).set(Story::service(name), Feature::cpu_pct, 60);
    }
    story.rate(Story::call("frontend", "payment"), 3).rate(Story::call("payment", "limiter"), 3);
    story.rate(Story::call("limiter", "db"), 3);
    return story.slows(Story::service("payment"), 6).set(Story::service("payment"), Feature::cpu_pct, 95);
}

Story cpu_burn() {
    Story story(kShop);
    suffer(story, {"payment", "frontend"}, 0.001, 4);
    story.slows(Story::service("payment"), 4).slows(Story::instance("payment", 3), 9);
    story.set(Story::instance("payment", 3), Feature::cpu_pct, 100);
    return story.set(Story::service("payment"), Feature::cpu_pct, 53);
}

Story memory_leak() {
    Story story(kShop);
    story.set(Story::service("cart"), Feature::mem_mb, 290);
    return story.set(Story::instance("cart", 1), Feature::mem_mb, 290);
}

Story bad_version() {
    Story story(kShop);
    suffer(story, {"catalog", "frontend"}, 0.6, 1);
    return story.fails(Story::service("catalog"), 0.6).deployed("catalog", 4s);
}

Story slow_dependency() {
    Story story(kShop);
    suffer(story, {"db", "limiter", "payment", "frontend"}, 0.001, 10);
    suffer(story, {"db", "cart", "frontend"}, 0.001, 10);
    return story.slows(Story::service("db"), 12);
}

Story lost_dependency() {
    Story story(kShop);
    suffer(story, {"payment", "frontend"}, 0.98, 0.8);
    story.fails(Story::service("payment"), 0.98).fails(Story::call("payment", "limiter"), 0.98);
    return story.rate(Story::service("limiter"), 0.02);
}

TEST(Diagnoser, SaysNothingWhenNothingIsAbnormal) {
    EXPECT_TRUE(Story(kShop).diagnose().empty());
}

TEST(Diagnoser, FindsACrash) {
    expect_cause(crash().diagnose(), CauseKind::crash, "payment", "payment-2");
}
TEST(Diagnoser, FindsAHang) {
    expect_cause(hang().diagnose(), CauseKind::hang, "payment", "payment-2");
}
TEST(Diagnoser, FindsALoadSurge) {
    expect_cause(load_surge().diagnose(), CauseKind::load_surge, "payment");
}
TEST(Diagnoser, FindsACpuBurn) {
    expect_cause(cpu_burn().diagnose(), CauseKind::cpu_burn, "payment", "payment-3");
}
TEST(Diagnoser, FindsAMemoryLeakBeforeItHurts) {
    expect_cause(memory_leak().diagnose(), CauseKind::memory_leak, "cart", "cart-1");
}
TEST(Diagnoser, FindsABadVersion) {
    expect_cause(bad_version().diagnose(), CauseKind::bad_version, "catalog");
}
TEST(Diagnoser, FindsASlowDatabaseBehindFourLouderServices) {
    expect_cause(slow_dependency().diagnose(), CauseKind::slow_dependency, "db");
}
TEST(Diagnoser, FindsALostDependencyAtTheCallerWhenTheCalleeIsWell) {
    expect_cause(lost_dependency().diagnose(), CauseKind::lost_dependency, "payment");
}

/// Nothing may be done on a silence.
void expect_left_alone(const std::vector<model::Diagnosis>& diagnoses) {
    for (const auto& diagnosis : diagnoses)
        EXPECT_TRUE(diagnosis.inconclusive || diagnosis.causes[0].kind == CauseKind::telemetry_silence);
}

/// The calls to cart fail, so many of them, and db hears less of it.
Story failing_calls_to_cart(double errors) {
    Story story(kShop, 1);
    suffer(story, {"cart", "frontend"}, errors, 20);
    story.rate(Story::service("db"), 0.3);
    return story;
}

TEST(Diagnoser, LeavesASilentServiceAloneWhoseCallersAreWell) {
    Story story(kShop);
    expect_cause(story.all_silent("cart", 4s).diagnose(), CauseKind::telemetry_silence, "cart");
}

TEST(Diagnoser, ASilentServiceWhoseCallersFailIsDown) {
    auto story = failing_calls_to_cart(0.5);
    story.all_silent("cart", 4s);
    expect_cause(story.diagnose(), CauseKind::hang, "cart", "cart-1");
}

TEST(Diagnoser, ASilentServiceThatStillAnswersIsNotDown) {
    auto story = failing_calls_to_cart(0.3);
    expect_left_alone(story.all_silent("cart", 4s).diagnose());
}

TEST(Diagnoser, ASilentServiceWhoseCallersSufferedBeforeIsNotToBlame) {
    auto story = failing_calls_to_cart(0.8);
    story.since(Story::call("frontend", "cart"), 20s);
    expect_left_alone(story.all_silent("cart", 4s).diagnose());
}

TEST(Diagnoser, ASilentServiceThatStillCallsOthersIsNotDown) {
    Story story(kShop, 1);
    suffer(story, {"cart", "frontend"}, 0.5, 20);
    expect_left_alone(story.all_silent("cart", 4s).diagnose());
}

TEST(Diagnoser, CannotTellAboutASilentServiceThatNobodyCalls) {
    Story story(kShop);
    expect_left_alone(story.all_silent("frontend", 4s).diagnose());
}

TEST(Diagnoser, IsNotMisledByVictimsThatAreLouderThanTheCulprit) {
    Story story(kShop);
    suffer(story, {"db", "limiter", "payment", "frontend"}, 0.3, 60);
    suffer(story, {"db", "cart", "frontend"}, 0.3, 60);
    expect_cause(story.slows(Story::service("db"), 3).diagnose(), CauseKind::slow_dependency, "db");
}

TEST(Diagnoser, IsNotMisledByADeploymentElsewhere) {
    expect_cause(slow_dependency().deployed("frontend", 10s).diagnose(), CauseKind::slow_dependency, "db");
    expect_cause(hang().deployed("catalog", 10s).diagnose(), CauseKind::hang, "payment", "payment-2");
}

TEST(Diagnoser, ADeploymentThatIsToldTwiceHappenedWhenItWasToldFirst) {
    auto story = bad_version().deployed("catalog", 22s).deployed("catalog", 1s);
    for (const auto& subject :
         {Story::service("catalog"), Story::service("frontend"), Story::call("frontend", "catalog")}) {
        story.since(subject, 20s);
    }
    expect_cause(story.diagnose(), CauseKind::bad_version, "catalog");
}

TEST(Diagnoser, ADeploymentAfterTheTroubleBeganIsNotItsCause) {
    Story story(kShop);
    suffer(story, {"catalog", "frontend"}, 0.6, 1);
    story.fails(Story::service("catalog"), 0.6).deployed("catalog", 1s);
    for (const auto& subject :
         {Story::service("catalog"), Story::service("frontend"), Story::call("frontend", "catalog")}) {
        story.since(subject, 20s);
    }
    for (const auto& diagnosis : story.diagnose()) {
        for (const auto& cause : diagnosis.causes) {
            EXPECT_TRUE(cause.kind != CauseKind::bad_version || cause.posterior < 0.2);
        }
    }
}

TEST(Diagnoser, IsNotMisledByARetryStorm) {
    auto story = slow_dependency();
    story.rate(Story::service("db"), 2.5).rate(Story::call("limiter", "db"), 2.5);
    story.rate(Story::call("cart", "db"), 2.5).rate(Story::service("limiter"), 1.8);
    const auto diagnoses = story.diagnose();
    ASSERT_FALSE(diagnoses.empty());
    EXPECT_EQ(diagnoses[0].causes[0].service.value(), "db") << text_of(diagnoses);
    EXPECT_NE(diagnoses[0].causes[0].kind, CauseKind::cpu_burn);
}

TEST(Diagnoser, OurOwnActsAreNoEvidence) {
    auto story = memory_leak();
    story.happened({.at = Story::kNow - 1s,
                    .service = model::ServiceId{"cart"},
                    .instance = model::InstanceId{"cart-1"},
                    .kind = model::ChangeKind::instance_exited,
                    .detail = "signal 9",
                    .order = model::OrderId{"order-1"}});
    expect_cause(story.diagnose(), CauseKind::memory_leak, "cart", "cart-1");
}

TEST(Diagnoser, MoreTrafficThatNobodySuffersFromIsNoCause) {
    Story story(kShop);
    for (const auto* name : {"frontend", "payment", "limiter", "db"}) {
        story.rate(Story::service(name), 1.8).set(Story::service(name), Feature::cpu_pct, 50);
    }
    expect_inconclusive(story.diagnose());
}

TEST(Diagnoser, ABusyCpuThatHarmsNobodyIsWatchedOnly) {
    Story story(kShop);
    story.set(Story::service("cart"), Feature::cpu_pct, 90);
    story.since(Story::service("cart"), 60s);
    const auto diagnoses = story.diagnose();
    expect_inconclusive(diagnoses);
    EXPECT_FALSE(diagnoses.front().harmful);
}

TEST(Diagnoser, TellsTwoIndependentCausesApart) {
    const Story::Calls calls{
        {"web", "orders"}, {"orders", "orders-db"}, {"app", "users"}, {"users", "users-db"}};
    Story story(calls);
    suffer(story, {"orders-db", "orders", "web"}, 0.001, 10);
    story.slows(Story::service("orders-db"), 10);
    suffer(story, {"users", "app"}, 0.6, 1);
    story.fails(Story::service("users"), 0.6).deployed("users", 3s);
    const auto diagnoses = story.diagnose();
    ASSERT_EQ(diagnoses.size(), 2U) << text_of(diagnoses);
    std::map<std::string, CauseKind> found;
    for (const auto& diagnosis : diagnoses) {
        EXPECT_FALSE(diagnosis.inconclusive) << text_of(diagnoses);
        found[diagnosis.causes[0].service.value()] = diagnosis.causes[0].kind;
    }
    EXPECT_EQ(found, (std::map<std::string, CauseKind>{{"orders-db", CauseKind::slow_dependency},
                                                       {"users", CauseKind::bad_version}}));
}

TEST(Diagnoser, AccountsForEveryAnomalyOnce) {
    for (auto story :
         {crash(), hang(), load_surge(), cpu_burn(), bad_version(), slow_dependency(), lost_dependency()}) {
        const auto diagnoses = story.diagnose();
        ASSERT_EQ(diagnoses.size(), 1U) << text_of(diagnoses);
        EXPECT_EQ(diagnoses[0].explained.size(), story.anomalies().size()) << text_of(diagnoses);
    }
}

TEST(Diagnoser, ShowsTheWayFromTheCauseToTheUser) {
    const auto diagnoses = slow_dependency().diagnose();
    ASSERT_EQ(diagnoses.size(), 1U);
    const auto& path = diagnoses[0].propagation_path;
    ASSERT_GE(path.size(), 3U);
    EXPECT_EQ(path.front().value(), "db");
    EXPECT_EQ(path.back().value(), "frontend");
}

TEST(Diagnoser, TellsItsEvidenceInPlainWordsWithNumbers) {
    const auto diagnoses = crash().diagnose();
    ASSERT_EQ(diagnoses.size(), 1U);
    std::string told;
    for (const auto& evidence : diagnoses[0].causes[0].evidence) told += evidence.text + "\n";
    EXPECT_NE(told.find("instance payment-2 ended by signal 9 at 11:59:59"), std::string::npos) << told;
    EXPECT_NE(told.find("1 of 1 callers of payment see errors: frontend"), std::string::npos) << told;
}

TEST(Diagnoser, SaysNothingDecisiveOnStaleEvidence) {
    auto story = bad_version();
    for (const auto* name : {"frontend", "catalog"}) story.all_silent(name, 6s);
    for (const auto& diagnosis : story.diagnose()) {
        EXPECT_TRUE(diagnosis.inconclusive || diagnosis.causes[0].kind == CauseKind::telemetry_silence)
            << text_of(story.diagnose());
    }
}

}  // namespace
}  // namespace homeostat::diagnose
