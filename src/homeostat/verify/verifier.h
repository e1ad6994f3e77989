// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/schema.h"
#include "homeostat/base/time.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/plan.h"
#include "homeostat/model/verification.h"

namespace homeostat::verify {

/// How strict a verification is. The defaults suit windows of one second.
struct VerifyConfig {
    double min_traffic_share = 0.2;  // of the baseline's request rate, over the soak; less proves nothing
    double interval_slack = 0.25;  // a value may exceed the upper end of its expected interval by this share
    double error_rate_slack = 0.02;  // and an error rate its baseline by this, absolute
    double latency_slack_ms = 2;     // and a latency its limit by this
    std::uint32_t glitches = 0;      // bad seconds of the culprit that a soak tolerates, but not as its last
    std::uint32_t glitches_of_others = 1;  // bad seconds of each other subject that a soak tolerates

    static constexpr auto schema() {
        return std::tuple{
            setting("min_traffic_share", &VerifyConfig::min_traffic_share,
                    "Share of the baseline's request rate that must flow again to prove a recovery.",
                    {.min = 0, .max = 1}),
            setting("interval_slack", &VerifyConfig::interval_slack,
                    "Share by which a value may exceed the upper end of its expected interval.", {.min = 0}),
            setting("error_rate_slack", &VerifyConfig::error_rate_slack,
                    "How far an error rate may exceed its baseline, absolute.", {.min = 0, .max = 1}),
            setting("latency_slack_ms", &VerifyConfig::latency_slack_ms,
                    "How far a latency may exceed its limit, in milliseconds.", {.min = 0}),
            setting("glitches", &VerifyConfig::glitches,
                    "Bad seconds of the culprit that a soak tolerates; its last second must be good.",
                    {.max = 60}),
            setting("glitches_of_others", &VerifyConfig::glitches_of_others,
                    "Bad seconds of each other service, edge and instance that a soak tolerates: many of "
                    "them are watched, and each is a little noisy.",
                    {.max = 60})};
    }
    friend bool operator==(const VerifyConfig&, const VerifyConfig&) = default;
};

/// A subject that must be well again: the culprit's service, or another service, edge or instance of the
/// incident.
struct Watched {
    model::Subject subject;
    model::FeatureValues baseline;         // taken before the fault
    model::FeatureValues before;           // the last fresh window before the act
    std::vector<model::Finding> findings;  // of its anomaly: which features, and what was expected of them
};

/// What one act is measured by.
struct VerifyRequest {
    model::VerifySpec spec;
    model::ServiceId service;  // the culprit: must exist, carry traffic and meet the spec's criteria
    model::CauseKind cause = model::CauseKind::crash;
    std::optional<model::InstanceId> instance = std::nullopt;  // of the culprit, when it alone is
    std::vector<Watched> watched;
    Instant acted_at;  // when the last order was done
};

/// Judges whether an act has cured: recovered after a soak without a break, not recovered at the deadline,
/// inconclusive where the telemetry does not tell.
///
/// Success needs, in every second of the soak, telemetry of every watched service and edge, a replica of the
/// culprit that reports, and values within their limits; and over the soak a share of the baseline's
/// traffic on each, but for the glitches that the configuration tolerates. An instance that reports must be
/// well too, but it need not report: after a restart it may come back under another name, and a rerouted one
/// is silent. No success while an instance is missing.
///
/// The culprit, the instance of it that is to blame and the calls to it are what the act was for. When these
/// have been well for kOthersFollow longer than the soak and others are not, the act has helped all the same,
/// and something else ails them: recovered, with remaining().
///
/// The limits of the culprit are the spec's criteria. Without them, and for all other subjects: the upper
/// ends of the expected intervals of the anomalous error rates and latencies (of CPU and memory too where
/// the cause is a CPU burn or a leak). What is left of an anomaly is tolerated up to half of it. An error
/// rate well above its baseline is never well.
///
/// Deterministic: depends on nothing but its arguments. Bounds: remembers at most kMaxSeconds seconds.
class Verifier {
public:
    static constexpr std::size_t kMaxSeconds = 1024;
    static constexpr Duration kMaxSoak = std::chrono::minutes{15};
    static constexpr Duration kPulse = std::chrono::seconds{1};         // length of the windows it reads
    static constexpr Duration kLateness = std::chrono::seconds{5};      // telemetry this late still counts
    static constexpr Duration kOthersFollow = std::chrono::seconds{5};  // victims may recover so much later

    /// Errors: `invalid_argument` when the soak is longer than kMaxSoak, or does not fit before the deadline.
    [[nodiscard]] static Result<Verifier> create(VerifyConfig config, VerifyRequest request);

    /// Takes new windows, in any order and number, and says the outcome once it is certain. Windows of other
    /// subjects or lengths, and those that began before the act could show, are ignored. Call it on ticks
    /// without windows too: the deadline passes by loop time. While instances of the culprit have exited and
    /// are not back, it has not recovered, whatever the others show.
    [[nodiscard]] std::optional<model::Verification> observe(Instant now,
                                                             std::span<const model::FeatureWindow> windows,
                                                             std::span<const model::InstanceId> missing = {});

    /// True when the SLI has recovered and the spec's script has the last word: order it, then tell
    /// on_script.
    [[nodiscard]] bool wants_script() const { return soaked_ && request_.spec.script && !script_; }

    /// The script's exit status: 0 success, 1 failure; anything else, or none, says nothing.
    void on_script(std::optional<int> exit_code);

    /// After a recovery: who was watched and is not well yet.
    [[nodiscard]] const std::vector<model::Subject>& remaining() const { return remaining_; }

    [[nodiscard]] const VerifyRequest& request() const { return request_; }

private:
    enum class State : std::uint8_t { missing, stale, bad, good };
    struct Seen {
        State state = State::missing;
        double rate_rps = 0;
        std::string trouble;  // why it is not good
    };
    using Second = std::vector<Seen>;  // of each watched subject, in their order
    struct Soak {
        bool seen = false;     // each second was reported by all that must report
        bool traffic = false;  // enough of it
        bool good = false;     // all of it: recovered
        std::string trouble;   // the newest thing that was not good
    };

    Verifier(VerifyConfig config, VerifyRequest request);
    [[nodiscard]] std::optional<model::Verification> recovered(Instant now, bool due);

    void take(Instant now, const model::FeatureWindow& window);
    [[nodiscard]] Seen judge(const Watched& watched, const model::FeatureWindow& window) const;
    [[nodiscard]] std::vector<model::Criterion> limits_of(const Watched& watched) const;
    [[nodiscard]] std::vector<model::Criterion> expected_limits(const Watched& watched) const;
    [[nodiscard]] double limit_of(const Watched& watched, const model::Criterion& criterion) const;
    [[nodiscard]] bool is_culprit(const Watched& watched) const;
    [[nodiscard]] bool is_core(const Watched& watched) const;
    [[nodiscard]] bool has_reported(const Second& second, std::span<const std::size_t> whom) const;
    [[nodiscard]] bool is_steady(EventTime end, std::int64_t length, std::size_t index,
                                 std::string& trouble) const;
    [[nodiscard]] Soak look_back(std::span<const std::size_t> whom, std::int64_t length) const;
    [[nodiscard]] bool carries_traffic(EventTime end, std::int64_t length, std::size_t index,
                                       std::string& trouble) const;
    [[nodiscard]] model::Verification helped(Instant now);
    [[nodiscard]] model::Verification at_deadline(Instant now) const;
    [[nodiscard]] model::Verification failed(Instant now, std::string reason) const;
    [[nodiscard]] bool has_improved() const;
    [[nodiscard]] model::Verification conclude(model::VerificationOutcome outcome, Instant now,
                                               std::string reason) const;

    VerifyConfig config_;
    VerifyRequest request_;
    std::int64_t soak_seconds_ = 1;
    std::vector<std::size_t> all_;   // places in request_.watched
    std::vector<std::size_t> core_;  // of those, what the act was for; empty when nothing of it was abnormal
    std::vector<model::Subject> remaining_;
    std::map<EventTime, Second> seconds_;  // by the window's end
    model::FeatureValues latest_;          // of the culprit
    EventTime latest_end_{};
    bool soaked_ = false;
    std::optional<model::VerificationOutcome> script_;
};

}  // namespace homeostat::verify
