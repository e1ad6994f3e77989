// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "homeostat/api/metrics_text.h"
#include "homeostat/runtime/node.h"

/// What the node tells of itself: how well it heals, and how it is.
namespace homeostat::runtime {
namespace {

double seconds_of(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

void write_kpis(api::MetricsText& text, const std::vector<model::Incident>& incidents,
                const loop::LoopCounters& loop) {
    std::array<std::uint64_t, kEnumNames<model::IncidentState>.size()> states{};
    double acted = 0, resolved = 0, needless = 0;
    for (const auto& incident : incidents) {
        ++states[static_cast<std::size_t>(incident.state)];
        if (incident.acted_at) ++acted;
        if (incident.state == model::IncidentState::resolved) ++resolved;
        if (incident.state == model::IncidentState::dismissed) ++needless;
    }
    text.summary("homeostat_time_to_detect_seconds",
                 "From an incident's first abnormal window to its opening.", seconds_of(loop.time_to_detect),
                 static_cast<double>(loop.incidents));
    text.summary("homeostat_time_to_remediate_seconds",
                 "From an incident's first abnormal window to its verified recovery.",
                 seconds_of(loop.time_to_remediate), static_cast<double>(loop.resolved));
    text.gauge("homeostat_incidents", "Incidents that are remembered, by state.");
    for (std::size_t i = 0; i < states.size(); ++i) {
        text.sample("homeostat_incidents", static_cast<double>(states[i]),
                    {{"state", kEnumNames<model::IncidentState>[i]}});
    }
    const auto all = static_cast<double>(incidents.size());
    text.gauge("homeostat_needless_incident_ratio", "Share of the incidents that went away without an act.",
               all > 0 ? needless / all : 0);
    text.gauge("homeostat_remediation_success_ratio", "Share of the incidents acted upon that were resolved.",
               acted > 0 ? resolved / acted : 1);
}

void write_loop(api::MetricsText& text, const loop::LoopCounters& loop) {
    text.counter("homeostat_loop_steps_total", "Steps of the loop.", static_cast<double>(loop.steps));
    text.counter("homeostat_loop_windows_total", "Windows that the loop has judged.",
                 static_cast<double>(loop.windows));
    text.counter("homeostat_anomalies_total", "Anomalies opened.", static_cast<double>(loop.anomalies));
    text.counter("homeostat_incidents_total", "Incidents opened.", static_cast<double>(loop.incidents));
    text.counter("homeostat_orders_total", "Orders sent.", static_cast<double>(loop.orders));
    text.counter("homeostat_orders_undo_total", "Of these, orders that took another one back.",
                 static_cast<double>(loop.undone));
    text.counter("homeostat_inputs_ignored_total", "Answers to nothing that was asked.",
                 static_cast<double>(loop.inputs_ignored));
}

void write_intake(api::MetricsText& text, const ingest::IntakeCounters& intake) {
    text.counter("homeostat_payloads_total", "OTLP requests received.", static_cast<double>(intake.payloads));
    text.counter("homeostat_payloads_malformed_total", "Of these, malformed ones.",
                 static_cast<double>(intake.payloads_malformed));
    text.counter("homeostat_payloads_shed_total", "Of these, refused since too much was waiting.",
                 static_cast<double>(intake.payloads_shed));
    text.counter("homeostat_bytes_received_total", "Bytes of OTLP requests.",
                 static_cast<double>(intake.bytes));
    text.counter("homeostat_records_duplicate_total", "Records that had come before, and were dropped.",
                 static_cast<double>(intake.gate.duplicates));
    text.counter("homeostat_records_quarantined_total", "Bad records set aside, by reason.");
    const auto& reasons = kEnumNames<telemetry::QuarantineReason>;
    for (std::size_t i = 0; i < reasons.size(); ++i) {
        text.sample("homeostat_records_quarantined_total",
                    static_cast<double>(intake.gate.quarantined.by_reason[i]), {{"reason", reasons[i]}});
    }
}

}  // namespace

std::string Node::metrics() const {
    const auto seen = snapshot();
    loop::LoopCounters loop;
    {
        const std::lock_guard lock(mutex_);
        loop = counters_;
    }
    api::MetricsText text;
    text.gauge("homeostat_build_info", "Always 1; the labels tell what runs.");
    text.sample("homeostat_build_info", 1, {{"version", seen->version}, {"node", seen->node}});
    text.gauge("homeostat_ready", "Whether decisions and records can be made durable.", seen->ready ? 1 : 0);
    text.gauge("homeostat_stopped", "Whether the stop switch is on.", seen->stopped ? 1 : 0);
    write_kpis(text, seen->incidents, loop);
    text.gauge("homeostat_anomalies_open", "Subjects that are not as they normally are.",
               static_cast<double>(seen->anomalies.size()));
    write_loop(text, loop);
    text.counter("homeostat_windows_dropped_total",
                 "Windows not judged since the journal could not be written.",
                 static_cast<double>(windows_dropped_));
    text.counter("homeostat_changes_dropped_total",
                 "Changes seen in the telemetry and not taken since the journal could not be written.",
                 static_cast<double>(changes_dropped_));
    write_intake(text, monitor_->intake_counters());
    const auto features = monitor_->feature_counters();
    text.counter("homeostat_signals_total", "Signals taken, by kind.");
    text.sample("homeostat_signals_total", static_cast<double>(features.spans), {{"kind", "span"}});
    text.sample("homeostat_signals_total", static_cast<double>(features.metrics), {{"kind", "metric"}});
    text.sample("homeostat_signals_total", static_cast<double>(features.logs), {{"kind", "log"}});
    text.sample("homeostat_signals_total", static_cast<double>(features.events), {{"kind", "event"}});
    text.counter("homeostat_signals_late_total", "Signals that came after their window had closed.",
                 static_cast<double>(features.dropped_late));
    text.gauge("homeostat_subjects", "Services, edges and instances known.",
               static_cast<double>(features.subjects));
    return text.text();
}

}  // namespace homeostat::runtime
