// SPDX-License-Identifier: Apache-2.0
#include "homeostat/demo/narrator.h"

#include <fmt/format.h>

#include <algorithm>

#include "homeostat/base/codec.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/diagnosis.h"

namespace homeostat::demo {
namespace {

constexpr std::size_t kEvidenceShown = 3;

template <class T>
std::optional<T> decision(const model::AuditRecord& record) {
    const auto* json = record.body.find("decision");
    if (json == nullptr) return std::nullopt;
    auto value = from_json<T>(*json);
    if (!value) return std::nullopt;
    return *std::move(value);
}

std::string describe(const model::Anomaly& anomaly) {
    auto text = to_string(anomaly.subject);
    if (!anomaly.findings.empty()) {
        const auto& finding = anomaly.findings.front();
        text += fmt::format(": {} is {:.4g}, expected {:.3g} to {:.3g}", to_string(finding.feature),
                            finding.observed, finding.expected_low, finding.expected_high);
    }
    return text;
}

}  // namespace

std::string Narrator::styled(std::string_view text, Style style) const {
    if (!colors_ || style == Style::plain) return std::string(text);
    const int code = style == Style::dim ? 2 : style == Style::bold ? 1 : style == Style::good ? 32 : 31;
    return fmt::format("\033[{}m{}\033[0m", code, text);
}

void Narrator::line(EventTime at, std::string_view stage, std::string_view text, Style style) {
    const double seconds = std::chrono::duration<double>(at - begun_).count();
    out_ << styled(fmt::format("{:>7.1f} s  ", seconds), Style::dim)
         << styled(fmt::format("{:<9} ", stage), Style::bold) << styled(text, style) << '\n'
         << std::flush;
}

void Narrator::begin(std::string_view headline, EventTime now) {
    const std::lock_guard lock(mutex_);
    begun_ = now;
    out_ << "\n" << styled(fmt::format("── {} ", headline), Style::bold) << '\n' << std::flush;
}

void Narrator::say(std::string_view what, EventTime now) {
    const std::lock_guard lock(mutex_);
    line(now, "", what, Style::plain);
}

void Narrator::verdict(bool good, std::string_view what, EventTime now) {
    const std::lock_guard lock(mutex_);
    line(now, good ? "✔" : "✘", what, good ? Style::good : Style::bad);
}

void Narrator::tell_diagnosis(const model::AuditRecord& record) {
    line(record.at, "cause", record.reason, Style::plain);
    const auto diagnosis = decision<model::Diagnosis>(record);
    if (!diagnosis || diagnosis->causes.empty()) return;
    const auto& evidence = diagnosis->causes.front().evidence;
    for (std::size_t i = 0; i < std::min(evidence.size(), kEvidenceShown); ++i)
        line(record.at, "", "· " + evidence[i].text, Style::dim);
}

void Narrator::tell(const model::AuditRecord& record) {
    const std::lock_guard lock(mutex_);
    using model::RecordKind;
    switch (record.kind) {
        case RecordKind::anomaly_opened:
            if (const auto anomaly = decision<model::Anomaly>(record))
                line(record.at, "seen", describe(*anomaly), Style::dim);
            return;
        case RecordKind::stale: line(record.at, "silent", record.reason, Style::plain); return;
        case RecordKind::diagnosed: tell_diagnosis(record); return;
        case RecordKind::inconclusive: line(record.at, "cause", record.reason, Style::dim); return;
        case RecordKind::planned: line(record.at, "plan", record.reason, Style::plain); return;
        case RecordKind::no_plan: line(record.at, "no act", record.reason, Style::plain); return;
        case RecordKind::verdict: line(record.at, "policy", record.reason, Style::plain); return;
        case RecordKind::order_intended: line(record.at, "act", record.reason, Style::bold); return;
        case RecordKind::undo_intended: line(record.at, "undo", record.reason, Style::bold); return;
        case RecordKind::order_finished: line(record.at, "done", record.reason, Style::dim); return;
        case RecordKind::verified: line(record.at, "verify", record.reason, Style::plain); return;
        case RecordKind::incident_resolved:
            line(record.at, "resolved", record.incident->value() + ": " + record.reason, Style::good);
            return;
        case RecordKind::incident_dismissed:
            line(record.at, "closed", record.incident->value() + ": " + record.reason, Style::dim);
            return;
        case RecordKind::escalated: line(record.at, "escalate", record.reason, Style::bad); return;
        case RecordKind::started:
        case RecordKind::incident_opened:
        case RecordKind::incident_merged:
        case RecordKind::approval_requested:
        case RecordKind::approval_given:
        case RecordKind::approval_denied:
        case RecordKind::stopped:
        case RecordKind::resumed: return;
    }
}

}  // namespace homeostat::demo
