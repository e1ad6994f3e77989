// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "homeostat/base/setting.h"
#include "homeostat/base/time.h"
#include "homeostat/model/signal.h"
#include "homeostat/telemetry/quarantine.h"
#include "homeostat/telemetry/seen_table.h"

namespace homeostat::telemetry {

struct GateConfig {
    Duration future_max = std::chrono::seconds(2);
    SeenConfig seen;
    std::size_t quarantine_max = 1024;

    static constexpr auto schema() {
        return std::tuple{
            setting("future_max", &GateConfig::future_max,
                    "How far ahead of ours a sender's clock may be; what is further ahead is set aside.",
                    {.min = Duration::zero(), .max = std::chrono::minutes{5}}),
            setting("deduplication", &GateConfig::seen, "What is remembered to recognise repetitions."),
            setting("quarantine_max", &GateConfig::quarantine_max,
                    "Bad records kept until somebody takes them; those beyond are counted only.",
                    {.min = 1, .max = 1'000'000})};
    }
    friend bool operator==(const GateConfig&, const GateConfig&) = default;
};

/// What a gate did with the records of one payload.
struct GateTally {
    std::uint64_t accepted = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t quarantined = 0;
    std::string first_reason;  // of the quarantined ones; empty when there is none
};

struct GateCounters {
    std::uint64_t spans = 0;  // accepted, as the three that follow
    std::uint64_t metrics = 0;
    std::uint64_t logs = 0;
    std::uint64_t events = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t early_rotations = 0;  // of the table of what was seen: the window was cut short
    Quarantine::Counters quarantined;
};

/// Stands in front of a sink: only records that make sense, and each only once, come through. A bad one
/// is set aside with its reason and the rest goes on. A repeated one is dropped in silence: spans are the
/// same by trace id, span id and kind, the rest by content.
///
/// Threads: one at a time. Nothing allocates for a good record in a steady state.
class Gate final : public model::SignalSink {
public:
    static constexpr std::size_t kNameMax = 255;             // bytes of a service, instance or version
    static constexpr std::size_t kBodyMax = 16U << 10U;      // a log's text is cut there
    static constexpr std::size_t kEventValuesMax = 100'000;  // latencies or responses of one event
    static constexpr Duration kSpanMax = std::chrono::hours(24);
    static constexpr double kValueMax = 1e15;

    /// `sink` must outlive the gate.
    Gate(GateConfig config, model::SignalSink& sink);

    /// Starts a payload. `source` must stay valid until the next begin().
    void begin(EventTime now, std::string_view source);
    /// What became of the payload so far.
    [[nodiscard]] const GateTally& tally() const { return tally_; }

    /// The same as on_span() for each, and faster: what is remembered is fetched ahead.
    void on_spans(std::span<const model::SpanView> spans);
    void on_span(const model::SpanView& span) override;
    void on_metric(const model::MetricView& metric) override;
    void on_log(const model::LogView& log) override;
    void on_event(const model::ServiceEvent& event) override;

    /// Sets a whole payload aside that its decoder could not read.
    void on_malformed(std::string_view payload, std::string_view why);

    /// The bad records since the last call, oldest first.
    [[nodiscard]] std::vector<QuarantinedRecord> take_quarantined() { return quarantine_.take(); }
    [[nodiscard]] GateCounters counters() const;

private:
    void pass(const model::SpanView& span, std::uint64_t fingerprint);
    [[nodiscard]] bool admits(const model::Resource& resource);
    [[nodiscard]] bool admits_name(std::string_view what, std::string_view name);
    [[nodiscard]] bool admits_time(std::string_view what, EventTime at);
    [[nodiscard]] bool admits_number(std::string_view what, double value);
    [[nodiscard]] bool admits_values(const model::ServiceEvent& event);
    [[nodiscard]] bool is_new(std::uint64_t fingerprint);
    bool reject(QuarantineReason reason, std::string_view what, std::string_view value);

    GateConfig config_;
    model::SignalSink& sink_;
    SeenTable seen_;
    Quarantine quarantine_;
    GateCounters counters_;
    GateTally tally_;
    EventTime now_{};
    std::string_view source_;
    model::Resource admitted_;  // the last good one: the records of a batch share its bytes
    std::uint64_t admitted_hash_ = 0;
    std::string_view service_;  // of the record at hand, for its excerpt
};

}  // namespace homeostat::telemetry
