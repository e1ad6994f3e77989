// SPDX-License-Identifier: Apache-2.0
#include "homeostat/verify/verifier.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "homeostat/base/check.h"

namespace homeostat::verify {
namespace {

using namespace std::chrono_literals;
using model::Feature;
using model::FeatureValues;
using model::FeatureWindow;
using model::VerificationOutcome;

const model::ServiceId kPayment{"payment"};
const model::Subject kService{.service = kPayment};
const model::Subject kEdge{.service = model::ServiceId{"frontend"}, .callee = kPayment};
const model::Subject kInstance{.service = kPayment, .instance = model::InstanceId{"payment-2"}};
constexpr Instant kActed{.loop = LoopTime{100s}, .event = EventTime{5000s}};

FeatureValues values(double rate, double error_rate, double p99) {
    FeatureValues out;
    out.set(Feature::rate_rps, rate);
    if (rate > 0) {
        out.set(Feature::error_rate, error_rate);
        out.set(Feature::latency_p99_ms, p99);
    }
    out.set(Feature::replicas, 3);
    return out;
}

Watched watched(const model::Subject& subject) {
    return {.subject = subject,
            .baseline = values(100, 0, 20),
            .before = values(60, 0.4, 900),
            .findings = {{.feature = Feature::error_rate, .observed = 0.4, .expected_high = 0.01},
                         {.feature = Feature::latency_p99_ms, .observed = 900, .expected_high = 40}}};
}

VerifyRequest request(std::vector<Watched> subjects = {watched(kService)}) {
    return {.spec = {.initial_delay = 1s, .soak = 3s, .deadline = 10s},
            .service = kPayment,
            .watched = std::move(subjects),
            .acted_at = kActed};
}

/// Feeds a verifier second by second after the act.
class Story {
public:
    explicit Story(VerifyRequest wanted, VerifyConfig config = {})
        : verifier_(make(config, std::move(wanted))) {}

    /// One second passes with these values for each of the subjects; empty values are a stale window.
    Story& second(const std::vector<std::pair<model::Subject, std::optional<FeatureValues>>>& reports) {
        ++seconds_;
        std::vector<FeatureWindow> windows;
        for (const auto& [subject, report] : reports) {
            FeatureWindow window{.subject = subject, .end = now().event, .length = 1s};
            if (report)
                window.values = *report;
            else
                window.freshness = model::Freshness::stale;
            windows.push_back(window);
        }
        if (!outcome_) outcome_ = verifier_.observe(now(), windows);
        return *this;
    }
    Story& service(const std::optional<FeatureValues>& report, int times = 1) {
        for (int i = 0; i < times; ++i) second({{kService, report}});
        return *this;
    }

    [[nodiscard]] int seconds() const { return seconds_; }
    [[nodiscard]] std::optional<VerificationOutcome> outcome() const {
        return outcome_ ? std::optional(outcome_->outcome) : std::nullopt;
    }
    [[nodiscard]] const model::Verification& verification() const { return *outcome_; }
    [[nodiscard]] Verifier& verifier() { return verifier_; }

private:
    static Verifier make(VerifyConfig config, VerifyRequest wanted) {
        auto verifier = Verifier::create(config, std::move(wanted));
        HOMEOSTAT_CHECK(verifier);
        return *std::move(verifier);
    }
    [[nodiscard]] Instant now() const { return {kActed.loop + seconds_ * 1s, kActed.event + seconds_ * 1s}; }

    Verifier verifier_;
    std::optional<model::Verification> outcome_;
    int seconds_ = 0;
};

const FeatureValues kWell = values(95, 0.005, 25);
const FeatureValues kIll = values(80, 0.5, 900);

TEST(Verifier, SaysRecoveredAfterAWholeSoakBehindTheInitialDelay) {
    Story story(request());
    story.service(kWell, 3);  // the first second lies in the initial delay
    EXPECT_EQ(story.outcome(), std::nullopt);
    story.service(kWell);
    EXPECT_EQ(story.outcome(), VerificationOutcome::recovered);
    const auto& readings = story.verification().readings;
    ASSERT_FALSE(readings.empty());
    EXPECT_EQ(readings.front().feature, Feature::rate_rps);
    EXPECT_EQ(readings.front().baseline, 100);
    EXPECT_EQ(readings.front().before, 60);
    EXPECT_EQ(readings.front().after, 95);
}

TEST(Verifier, StartsTheSoakAgainAfterAGlitch) {
    Story story(request());
    story.service(kWell, 3).service(kIll).service(kWell, 2);
    EXPECT_EQ(story.outcome(), std::nullopt);
    story.service(kWell);
    EXPECT_EQ(story.outcome(), VerificationOutcome::recovered);
}

TEST(Verifier, ToleratesAsManyGlitchesAsConfiguredButNotInTheLastSecond) {
    Story story(request(), {.glitches = 1});
    story.service(kIll).service(kWell, 2).service(kIll);
    EXPECT_EQ(story.outcome(), std::nullopt);
    story.service(kWell);
    EXPECT_EQ(story.outcome(), VerificationOutcome::recovered);
}

TEST(Verifier, ToleratesAGlitchOfEachOtherSubjectWhileTheCulpritIsWell) {
    Story story(request({watched(kService), watched(kEdge)}));
    for (const bool edge_is_well : {true, true, false, true}) {
        story.second({{kService, kWell}, {kEdge, edge_is_well ? kWell : kIll}});
    }
    EXPECT_EQ(story.outcome(), VerificationOutcome::recovered);

    Story flapping(request({watched(kService), watched(kEdge)}));
    for (int i = 0; i < 9; ++i) flapping.second({{kService, kWell}, {kEdge, i % 3 != 0 ? kIll : kWell}});
    EXPECT_EQ(flapping.outcome(), std::nullopt);
}

TEST(Verifier, SaysNotRecoveredAtTheDeadlineWithTheFeatureThatIsStillBad) {
    Story story(request());
    story.service(kIll, 9);
    EXPECT_EQ(story.outcome(), std::nullopt);
    story.service(kIll);
    ASSERT_EQ(story.outcome(), VerificationOutcome::not_recovered);
    EXPECT_EQ(story.verification().reason, "payment: error_rate is 0.5; well is at most 0.02");
}

TEST(Verifier, IsInconclusiveWhenTheTelemetryIsStaleOrAbsent) {
    Story stale(request());
    stale.service(std::nullopt, 10);
    EXPECT_EQ(stale.outcome(), VerificationOutcome::inconclusive);

    Story absent(request());
    for (int i = 0; i < 10; ++i) absent.second({});
    EXPECT_EQ(absent.outcome(), VerificationOutcome::inconclusive);

    Story vanished(request());
    vanished.service(kWell, 3);
    for (int i = 0; i < 7; ++i) vanished.service(std::nullopt);
    EXPECT_EQ(vanished.outcome(), VerificationOutcome::inconclusive);
}

TEST(Verifier, DoesNotTakeDeletingThePatientForACure) {
    auto gone = values(0, 0, 0);
    gone.set(Feature::replicas, 0);
    Story story(request());
    story.service(gone, 10);
    ASSERT_EQ(story.outcome(), VerificationOutcome::not_recovered);
    EXPECT_EQ(story.verification().reason, "no replica of payment is left");
}

TEST(Verifier, DoesNotTakeSilenceAtADoorForACureWhenTheCallersFail) {
    Story story(request({watched(kService), watched(kEdge)}));
    for (int i = 0; i < 10; ++i) story.second({{kService, std::nullopt}, {kEdge, values(100, 1, 5)}});
    EXPECT_EQ(story.outcome(), VerificationOutcome::not_recovered);
}

TEST(Verifier, DoesNotTakeZeroRequestsForGoodOnes) {
    Story story(request());
    story.service(values(0, 0, 0), 10);
    ASSERT_EQ(story.outcome(), VerificationOutcome::inconclusive);
    EXPECT_EQ(story.verification().reason,
              "payment carries 0 requests a second, before the fault 100: too few to prove a recovery");
}

TEST(Verifier, WantsAShareOfTheTrafficBackButNotInEverySecond) {
    Story thin(request());
    thin.service(values(19, 0, 20), 10);
    EXPECT_EQ(thin.outcome(), VerificationOutcome::inconclusive);

    Story bursty(request());
    bursty.service(values(60, 0, 20), 2).service(values(0, 0, 0)).service(values(30, 0, 20));
    EXPECT_EQ(bursty.outcome(), VerificationOutcome::recovered);
}

TEST(Verifier, WantsSomeTrafficWhereTheBaselineIsNotKnown) {
    auto unknown = watched(kService);
    unknown.baseline = {};
    Story idle(request({unknown}));
    idle.service(values(0, 0, 0), 10);
    EXPECT_EQ(idle.outcome(), VerificationOutcome::inconclusive);
    Story busy(request({unknown}));
    busy.service(values(1, 0, 20), 4);
    EXPECT_EQ(busy.outcome(), VerificationOutcome::recovered);
}

TEST(Verifier, ReadsWindowsOfItsPulseOnlyAndReportsTheNewest) {
    Story story(request());
    story.service(kWell, 3);
    const Instant now{kActed.loop + 3s, kActed.event + 3s};
    const FeatureWindow rolling{.subject = kService, .end = now.event, .length = 10s, .values = kIll};
    const FeatureWindow late{
        .subject = kService, .end = now.event - 1s, .length = 1s, .values = values(50, 0, 20)};
    EXPECT_EQ(story.verifier().observe(now, std::vector{rolling, late}), std::nullopt);
    const FeatureWindow last{
        .subject = kService, .end = now.event + 1s, .length = 1s, .values = values(70, 0, 20)};
    const FeatureWindow again = late;
    const auto verification =
        story.verifier().observe({now.loop + 1s, now.event + 1s}, std::vector{last, again});
    ASSERT_TRUE(verification);
    EXPECT_EQ(verification->outcome, VerificationOutcome::recovered);
    EXPECT_EQ(verification->readings.front().after, 70);
}

TEST(Verifier, LetsAServiceBeWellThatNeverHadTraffic) {
    auto quiet = watched(kService);
    quiet.baseline = values(0, 0, 0);
    Story story(request({quiet}));
    story.service(values(0, 0, 0), 4);
    EXPECT_EQ(story.outcome(), VerificationOutcome::recovered);
}

TEST(Verifier, WaitsForEveryServiceAndEdgeOfTheIncident) {
    Story story(request({watched(kService), watched(kEdge)}));
    for (int i = 0; i < 6; ++i) story.second({{kService, kWell}, {kEdge, kIll}});
    EXPECT_EQ(story.outcome(), std::nullopt);
    for (int i = 0; i < 3; ++i) story.second({{kService, kWell}, {kEdge, kWell}});
    EXPECT_EQ(story.outcome(), VerificationOutcome::recovered);
}

TEST(Verifier, JoinsReportsOfOneSecondThatArriveApart) {
    Story story(request({watched(kService), watched(kEdge)}));
    std::vector<FeatureWindow> late;
    for (int i = 2; i <= 4; ++i) {
        late.push_back({.subject = kEdge, .end = kActed.event + i * 1s, .length = 1s, .values = kWell});
    }
    story.service(kWell, 5);
    EXPECT_EQ(story.outcome(), std::nullopt);
    const Instant now{kActed.loop + 5s, kActed.event + 5s};
    const auto outcome = story.verifier().observe(now, late);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->outcome, VerificationOutcome::recovered);
}

TEST(Verifier, LetsAnInstanceBeSilentButNotIll) {
    auto burning = watched(kInstance);
    burning.findings = {{.feature = Feature::cpu_pct, .observed = 100, .expected_high = 30}};
    auto wanted = request({watched(kService), burning});
    wanted.cause = model::CauseKind::cpu_burn;
    wanted.instance = kInstance.instance;

    Story silent(wanted);
    silent.service(kWell, 4);
    EXPECT_EQ(silent.outcome(), VerificationOutcome::recovered);

    auto hot = kWell;
    hot.set(Feature::cpu_pct, 99);
    Story ill(wanted);
    for (int i = 0; i < 10; ++i) ill.second({{kService, kWell}, {kInstance, hot}});
    EXPECT_EQ(ill.outcome(), VerificationOutcome::not_recovered);
}

TEST(Verifier, DoesNotJudgeAnInstanceByTheSlowestOfAFewRequests) {
    auto instance = watched(kInstance);
    instance.findings = {{.feature = Feature::latency_p99_ms, .observed = 900, .expected_high = 40}};
    const auto tail = [](double rate_rps) {
        auto slow = values(rate_rps, 0.0, 25);
        slow.set(Feature::latency_p99_ms, 80);
        return slow;
    };
    auto wanted = request({watched(kService), instance});
    wanted.instance = kInstance.instance;
    Story few(wanted);
    for (int i = 0; i < 4; ++i) few.second({{kService, kWell}, {kInstance, tail(30)}});
    EXPECT_EQ(few.outcome(), VerificationOutcome::recovered);

    Story many(wanted);
    for (int i = 0; i < 10; ++i) many.second({{kService, kWell}, {kInstance, tail(300)}});
    EXPECT_EQ(many.outcome(), VerificationOutcome::not_recovered);
}

TEST(Verifier, DoesNotTakeASmallFaultThatGoesOnForCured) {
    auto slow = watched(kService);
    slow.baseline.set(Feature::latency_ms, 17);
    slow.findings = {{.feature = Feature::latency_ms, .observed = 30, .expected_high = 27}};
    Story story(request({slow}));
    auto as_before = kWell;
    as_before.set(Feature::latency_ms, 29);
    story.service(as_before, 10);
    EXPECT_EQ(story.outcome(), VerificationOutcome::not_recovered);
}

TEST(Verifier, SeesWhatAnActHasImproved) {
    const auto after = [](double latency_ms) {
        auto slow = watched(kService);
        slow.baseline.set(Feature::latency_ms, 20);
        slow.findings = {{.feature = Feature::latency_ms, .observed = 1020, .expected_high = 30}};
        Story story(request({slow}));
        auto now = kWell;
        now.set(Feature::latency_ms, latency_ms);
        story.service(now, 10);
        return story.verification();
    };
    EXPECT_EQ(after(120).outcome, VerificationOutcome::not_recovered);
    EXPECT_TRUE(after(120).improved);
    EXPECT_FALSE(after(500).improved);
}

TEST(Verifier, IsNotContentWhileAnInstanceIsMissing) {
    const std::vector<model::InstanceId> dead{model::InstanceId{"payment-2"}};
    auto verifier = Verifier::create({}, request());
    ASSERT_TRUE(verifier);
    std::optional<model::Verification> outcome;
    for (auto at = 1s; at <= 10s; at += 1s) {
        EXPECT_FALSE(outcome) << at.count();
        const FeatureWindow window{
            .subject = kService, .end = kActed.event + at, .length = 1s, .values = kWell};
        outcome = verifier->observe({kActed.loop + at, kActed.event + at}, std::span(&window, 1), dead);
    }
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->outcome, VerificationOutcome::not_recovered);
    EXPECT_EQ(outcome->reason, "payment-2 of payment is not there");
}

TEST(Verifier, DoesNotAskTheLoadOfASurgeToGoAway) {
    auto surged = watched(kService);
    surged.findings.push_back({.feature = Feature::rate_rps, .observed = 400, .expected_high = 120});
    surged.findings.push_back({.feature = Feature::cpu_pct, .observed = 100, .expected_high = 40});
    auto wanted = request({surged});
    wanted.cause = model::CauseKind::load_surge;
    auto busy = values(400, 0, 25);
    busy.set(Feature::cpu_pct, 70);
    Story story(wanted);
    story.service(busy, 4);
    EXPECT_EQ(story.outcome(), VerificationOutcome::recovered);
}

TEST(Verifier, CallsAnActHelpfulWhenSomethingElseAilsAVictim) {
    const model::Subject victim{.service = model::ServiceId{"frontend"}};
    auto wanted = request({watched(kService), watched(victim)});
    wanted.spec.deadline = 20s;
    Story story(wanted);
    for (int i = 0; i < 12; ++i)
        story.second({{kService, values(100, 0, 20)}, {victim, values(100, 0.4, 900)}});
    ASSERT_TRUE(story.outcome());
    EXPECT_EQ(story.outcome(), VerificationOutcome::recovered);
    EXPECT_EQ(story.verifier().remaining(), std::vector{victim});
}

TEST(Verifier, DoesNotCallAnActHelpfulWhoseCulpritWasNeverIll) {
    const model::Subject victim{.service = model::ServiceId{"frontend"}};
    auto well = watched(kService);
    well.findings.clear();
    Story story(request({well, watched(victim)}));
    for (int i = 0; i < 12; ++i)
        story.second({{kService, values(100, 0, 20)}, {victim, values(100, 0.4, 900)}});
    ASSERT_TRUE(story.outcome());
    EXPECT_EQ(story.outcome(), VerificationOutcome::not_recovered);
}

TEST(Verifier, HoldsTheCulpritToThePlaybooksCriteria) {
    auto wanted = request();
    wanted.spec.criteria = {{.feature = Feature::latency_p99_ms, .at_most_of_baseline = 2},
                            {.feature = Feature::error_rate, .at_most = 0.001}};
    Story strict(wanted);
    strict.service(values(95, 0.005, 25), 10);
    EXPECT_EQ(strict.outcome(), VerificationOutcome::not_recovered);
    Story met(wanted);
    met.service(values(95, 0, 42), 4);
    EXPECT_EQ(met.outcome(), VerificationOutcome::recovered);
}

TEST(Verifier, NeverCallsAFailingServiceWellWhateverTheCriteria) {
    auto wanted = request();
    wanted.spec.criteria = {{.feature = Feature::latency_p99_ms, .at_most = 100}};
    Story story(wanted);
    story.service(values(95, 1, 1), 10);
    EXPECT_EQ(story.outcome(), VerificationOutcome::not_recovered);
}

TEST(Verifier, LetsThePlaybooksScriptHaveTheLastWord) {
    auto wanted = request();
    wanted.spec.script = model::ActionRequest{.kind = model::ActionKind::script, .service = kPayment};
    const auto told = [&](std::optional<int> exit_code) {
        Story story(wanted);
        EXPECT_FALSE(story.verifier().wants_script());
        story.service(kWell, 4);
        EXPECT_TRUE(story.verifier().wants_script());
        story.verifier().on_script(exit_code);
        return story.service(kWell).outcome();
    };
    EXPECT_EQ(told(0), VerificationOutcome::recovered);
    EXPECT_EQ(told(1), VerificationOutcome::not_recovered);
    EXPECT_EQ(told(2), VerificationOutcome::inconclusive);
    EXPECT_EQ(told(std::nullopt), VerificationOutcome::inconclusive);

    Story mute(wanted);
    mute.service(kWell, 10);
    EXPECT_EQ(mute.outcome(), VerificationOutcome::inconclusive);
}

TEST(Verifier, RefusesASoakThatDoesNotFitBeforeTheDeadline) {
    auto wanted = request();
    wanted.spec.soak = 10s;
    const auto verifier = Verifier::create({}, wanted);
    ASSERT_FALSE(verifier);
    EXPECT_EQ(verifier.error().code, ErrorCode::invalid_argument);
}

RC_GTEST_PROP(VerifierProperty, NeverSaysRecoveredWithoutAWholeGoodSoak, ()) {
    const auto kinds = *rc::gen::container<std::vector<int>>(
        12, rc::gen::weightedElement<int>({{6, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}}));
    Story story(request());
    std::vector<bool> good;
    for (const int kind : kinds) {
        if (kind == 0) story.service(kWell);
        if (kind == 1) story.service(kIll);
        if (kind == 2) story.service(std::nullopt);
        if (kind == 3) story.second({});
        if (kind == 4) story.service(values(0, 0, 0));
        good.push_back(kind == 0 || kind == 4);
        if (story.outcome() != VerificationOutcome::recovered) continue;
        RC_ASSERT(good.size() >= 4);  // the delay and the soak
        RC_ASSERT(std::all_of(good.end() - 3, good.end(), [](bool is) { return is; }));
        return;
    }
    RC_ASSERT(story.outcome().has_value());  // the deadline has passed: there is an outcome
}

RC_GTEST_PROP(VerifierProperty, DoesNotDependOnTheOrderWithinASecond, ()) {
    const auto ill =
        *rc::gen::container<std::vector<bool>>(10, rc::gen::weightedElement<bool>({{4, false}, {1, true}}));
    Story forward(request({watched(kService), watched(kEdge)}));
    Story backward(request({watched(kService), watched(kEdge)}));
    for (const bool is_ill : ill) {
        const auto edge = is_ill ? kIll : kWell;
        forward.second({{kService, kWell}, {kEdge, edge}});
        backward.second({{kEdge, edge}, {kService, kWell}});
        RC_ASSERT(forward.outcome() == backward.outcome());
    }
}

}  // namespace
}  // namespace homeostat::verify
