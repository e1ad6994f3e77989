// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/hash.h"
#include "homeostat/runtime/node.h"

/// What the node puts on the bus.
namespace homeostat::runtime {
namespace {

struct Published {
    std::string key;
    std::string id;
    std::string payload;
};

Result<bus::Offset> publish(bus::Bus& bus, std::string_view topic, const std::vector<Published>& records,
                            EventTime at) {
    std::vector<bus::Message> messages;
    messages.reserve(records.size());
    for (const auto& record : records)
        messages.push_back({.key = record.key, .id = record.id, .payload = record.payload});
    return bus.publish(topic, messages, at);
}

}  // namespace

void Node::publish_windows(const std::vector<model::FeatureWindow>& windows, EventTime now) {
    std::vector<Published> records;
    records.reserve(windows.size());
    for (const auto& window : windows) {
        auto payload = json::to_text(to_json(window));
        auto id = to_hex(hash64(payload));
        records.push_back({window.subject.service.value(), std::move(id), std::move(payload)});
    }
    if (const auto done = publish(*bus_, bus::kTelemetryFeatures, records, now); !done) {
        log_.warning("windows were not published", {{"error", done.error().message}});
    }
}

void Node::publish_report(const loop::ActionReport& report) {
    const std::vector<Published> records{{report.culprit.value(),
                                          report.incident.value() + "/" + report.outcome,
                                          json::to_text(to_json(report))}};
    if (const auto done = publish(*bus_, bus::kAutonomousActions, records, report.timestamp); !done) {
        log_.error("a report was not published",
                   {{"incident", report.incident.value()}, {"error", done.error().message}});
    }
    log_.info("incident ended", {{"incident", report.incident.value()},
                                 {"culprit", report.culprit.value()},
                                 {"action", report.action},
                                 {"outcome", report.outcome},
                                 {"reason", report.reason}});
}

void Node::keep_quarantined(EventTime now) {
    std::vector<Published> records;
    for (const auto& bad : monitor_->take_quarantined()) {
        records.push_back({bad.source, to_hex(hash64(bad.excerpt)), json::to_text(to_json(bad))});
    }
    if (records.empty()) return;
    log_.warning("records were set aside", {{"records", static_cast<std::int64_t>(records.size())},
                                            {"first", records.front().payload}});
    if (const auto done = publish(*bus_, "telemetry.quarantine", records, now); !done) {
        log_.warning("records set aside were not kept", {{"error", done.error().message}});
    }
}

Result<std::uint64_t> Node::publish_events(std::string_view lines) {
    std::vector<Published> records;
    while (!lines.empty()) {
        const auto end = std::min(lines.find('\n'), lines.size());
        const auto line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        records.push_back({{}, to_hex(hash64(line)), std::string(line)});
    }
    if (records.empty()) return std::uint64_t{0};
    HOMEOSTAT_TRY([[maybe_unused]] const auto offset,
                  publish(*bus_, bus::kTelemetryRaw, records, clock_->now().event));
    return static_cast<std::uint64_t>(records.size());
}

}  // namespace homeostat::runtime
