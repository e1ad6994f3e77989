// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"
#include "homeostat/base/setting.h"
#include "homeostat/base/time.h"
#include "homeostat/features/call_joiner.h"
#include "homeostat/features/series.h"
#include "homeostat/model/change_event.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/signal.h"

namespace homeostat::features {

struct FeatureConfig {
    /// A window is closed this long after its end; what comes later is dropped and counted.
    Duration allowed_lateness = std::chrono::milliseconds{500};
    /// What claims to be further in the future than this is dropped and counted.
    Duration max_ahead = std::chrono::seconds{2};
    /// A subject that is silent for this long is stale. Longer than the interval of the metrics' export.
    Duration stale_after = std::chrono::seconds{3};
    /// A subject that is silent for this long is no subject any more.
    Duration forget_after = std::chrono::minutes{10};
    /// Services, edges and instances together; what would be one more is refused and counted.
    std::uint32_t max_subjects = 10'000;
    /// Spans remembered for joining a call's two ends; a power of two.
    std::uint32_t join_entries = 65'536;

    static constexpr auto schema() {
        return std::tuple{
            setting("allowed_lateness", &FeatureConfig::allowed_lateness,
                    "A window is closed this long after its end; what comes later is dropped and counted.",
                    {.max = std::chrono::seconds{10}}),
            setting("max_ahead", &FeatureConfig::max_ahead,
                    "What claims to be further in the future than this is dropped and counted.",
                    {.max = std::chrono::seconds{10}}),
            setting("stale_after", &FeatureConfig::stale_after,
                    "A subject that is silent for this long is stale; longer than the interval of the "
                    "metrics' export.",
                    {.min = std::chrono::seconds{1}}),
            setting("forget_after", &FeatureConfig::forget_after,
                    "A subject that is silent for this long is no subject any more.",
                    {.min = std::chrono::seconds{1}}),
            setting("max_subjects", &FeatureConfig::max_subjects,
                    "Services, edges and instances together; what would be one more is refused and counted.",
                    {.min = 1}),
            setting("join_entries", &FeatureConfig::join_entries,
                    "Spans remembered for joining the two ends of a call; a power of two.",
                    {.min = 1, .max = 1U << 22U})};
    }
    /// What one setting cannot say alone.
    void check(Findings& findings) const;
    friend bool operator==(const FeatureConfig&, const FeatureConfig&) = default;
};

/// What became of the signals, since the start.
struct FeatureCounters {
    std::uint64_t spans = 0;  // received; likewise the next three
    std::uint64_t metrics = 0;
    std::uint64_t logs = 0;
    std::uint64_t events = 0;
    std::uint64_t dropped_late = 0;
    std::uint64_t dropped_ahead = 0;
    std::uint64_t dropped_invalid = 0;    // a reading that is negative or not a number
    std::uint64_t refused_subjects = 0;   // signals of a subject beyond max_subjects
    std::uint64_t skipped_seconds = 0;    // never published, since time leapt
    std::uint64_t subjects = 0;           // known now
    std::uint64_t windows_in_memory = 0;  // accumulators allocated, in use or not

    static constexpr auto describe() {
        return std::tuple{field("spans", &FeatureCounters::spans),
                          field("metrics", &FeatureCounters::metrics),
                          field("logs", &FeatureCounters::logs),
                          field("events", &FeatureCounters::events),
                          field("dropped_late", &FeatureCounters::dropped_late),
                          field("dropped_ahead", &FeatureCounters::dropped_ahead),
                          field("dropped_invalid", &FeatureCounters::dropped_invalid),
                          field("refused_subjects", &FeatureCounters::refused_subjects),
                          field("skipped_seconds", &FeatureCounters::skipped_seconds),
                          field("subjects", &FeatureCounters::subjects),
                          field("windows_in_memory", &FeatureCounters::windows_in_memory)};
    }
    friend bool operator==(const FeatureCounters&, const FeatureCounters&) = default;
};

/// Turns signals into the features of services, edges and instances, in windows of one second; and in
/// rolling windows of 10 s and 60 s for services. A span is counted where it ends.
///
/// Time. The watermark is `now − allowed_lateness` and never goes back, whatever the data say: a sender's
/// clock that runs ahead cannot close a window. A second is published by the first advance() after the
/// watermark has passed its end.
///
/// Silence. A service or instance is fresh in a second in which anything of it was reported: then no
/// requests means a rate of 0. In a second without a word nothing is published of it, for we do not
/// know; once it has been silent for `stale_after`, a stale window is published each second until
/// `forget_after`. An edge is fresh when a call was seen, or when
/// the side that counts it (see below) was fresh.
///
/// Edges. A call is counted once: by the caller's client (or producer) span if that names its peer, with
/// the caller's latency and errors, time-outs among them; else by the callee's server (or consumer) span,
/// once its parent span, in whichever order they come, has told the caller. No edge leads to itself.
///
/// Not thread-safe. The same signals between the same advances give the same windows; the order of
/// signals does not matter (but for log templates, and for the readings of counters across windows).
/// A span costs no allocation once its subjects are known.
class FeatureExtractor final : public model::SignalSink {
public:
    /// Starts at `now`; signals of before are late. Errors: `invalid_argument` naming the field.
    [[nodiscard]] static Result<FeatureExtractor> create(const FeatureConfig& config, EventTime now);

    FeatureExtractor(FeatureExtractor&&) = default;
    FeatureExtractor& operator=(FeatureExtractor&&) = default;
    FeatureExtractor(const FeatureExtractor&) = delete;
    FeatureExtractor& operator=(const FeatureExtractor&) = delete;
    ~FeatureExtractor() override = default;

    void on_span(const model::SpanView& span) override;
    void on_metric(const model::MetricView& metric) override;
    void on_log(const model::LogView& log) override;
    void on_event(const model::ServiceEvent& event) override;

    /// Closes every second whose end lies `allowed_lateness` before `now`: their windows in the order of
    /// their ends, then of their subjects; of one service 1 s, 10 s, 60 s. After a leap of more than
    /// kMaxCatchUp seconds the older ones are skipped and counted. A `now` that goes back changes nothing.
    [[nodiscard]] std::vector<model::FeatureWindow> advance(EventTime now);
    static constexpr std::int64_t kMaxCatchUp = 60;

    /// The versions that services changed to, in the windows closed since the last call.
    [[nodiscard]] std::vector<model::ChangeEvent> take_changes();

    [[nodiscard]] FeatureCounters counters() const;

private:
    /// Where the signals of one resource are counted. The views are keys of the maps.
    struct Source {
        Service* service = nullptr;
        Instance* instance = nullptr;
        std::string_view instance_name;
    };
    /// A call as it is counted on an edge.
    struct Call {
        EventTime end{};
        Duration latency{};
        bool error = false;
    };
    /// What one instance reported in the second being closed.
    struct InstanceSecond {
        Totals totals;
        bool reported = false;
    };

    FeatureExtractor(const FeatureConfig& config, EventTime now);

    [[nodiscard]] std::optional<Second> admit(EventTime at);
    [[nodiscard]] bool find_source(const model::Resource& resource, Second second);
    [[nodiscard]] WindowAccumulator* report(const model::Resource& resource, EventTime at);
    void note_version(WindowAccumulator& window, std::string_view version, EventTime at);
    [[nodiscard]] std::optional<std::uint16_t> version_slot(Service& service, std::string_view version);
    void join_parent(const model::SpanView& span, const Call& call);
    void count_call(Service& caller, std::string_view callee, const Call& call, bool by_callee);

    void close(Second second, std::vector<model::FeatureWindow>& out);
    void close_service(Service& service, Second second, std::vector<model::FeatureWindow>& out);
    [[nodiscard]] Totals close_instances(Service& service, Second second);
    void publish_service(Service& service, const Totals& totals, Second second,
                         std::vector<model::FeatureWindow>& out);
    void publish_instances(Service& service, Second second, std::vector<model::FeatureWindow>& out);
    void publish_edges(Service& service, Second second, std::vector<model::FeatureWindow>& out);
    void note_change(Service& service, std::uint16_t version, bool anonymous, Second second);
    [[nodiscard]] std::optional<model::DeploymentVersion> newest_version(const Service& service,
                                                                         Second second) const;
    void forget_silent(Second second);
    void leap_to(Second second);

    FeatureConfig config_;
    EventTime now_;
    Second next_;  // the oldest second that is open
    Second stale_after_;
    Second forget_after_;
    ByName<Service> services_;
    AccumulatorPool pool_;
    CallJoiner joiner_;
    Source last_source_;  // signals come in runs of one resource
    std::vector<model::ChangeEvent> changes_;
    FeatureCounters counters_;
    LatencySketch service_latencies_;               // of the service being closed
    std::vector<InstanceSecond> instance_seconds_;  // likewise
};

}  // namespace homeostat::features
