// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>

#include "homeostat/audit/story.h"
#include "homeostat/model/action.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/plan.h"
#include "homeostat/model/verdict.h"
#include "homeostat/model/verification.h"

namespace homeostat::audit {
namespace {

using model::RecordKind;
using Lines = std::vector<std::string>;

constexpr double kWorthSaying = 0.01;  // posterior of a cause that is named

std::string share(double ratio) {
    return fmt::format("{:.0f} %", 100 * ratio);
}

std::string seconds(Duration duration) {
    return fmt::format("{:g} s", std::chrono::duration<double>(duration).count());
}

template <class Id>
std::string names(const std::vector<Id>& ids, std::string_view between = ", ") {
    std::string text;
    for (const auto& id : ids) text += (text.empty() ? "" : std::string(between)) + id.value();
    return text;
}

std::string target(const model::Cause& cause) {
    return to_string(model::Subject{.service = cause.service, .instance = cause.instance});
}

Lines lines_of(const model::Anomaly& anomaly) {
    Lines lines;
    for (const auto& finding : anomaly.findings) {
        lines.push_back(fmt::format("{} was {:.4g}, expected {:.4g} to {:.4g} (p {:.2g}, {} of the vote)",
                                    to_string(finding.feature), finding.observed, finding.expected_low,
                                    finding.expected_high, finding.p_value, share(finding.contribution)));
    }
    for (const auto& vote : anomaly.votes) {
        lines.push_back(
            fmt::format("detector {} {}: p {:.2g}", vote.detector, vote.model.value(), vote.p_value));
    }
    return lines;
}

Lines lines_of(const std::vector<model::Subject>& subjects) {
    Lines lines;
    for (const auto& subject : subjects) lines.push_back(to_string(subject));
    return lines;
}

Lines lines_of(const model::Diagnosis& diagnosis) {
    Lines lines;
    if (!diagnosis.causes.empty()) {
        for (const auto& evidence : diagnosis.causes.front().evidence) {
            lines.push_back(fmt::format("{} {} (weight {:+.1f})",
                                        evidence.log_likelihood_ratio < 0 ? "against:" : "for:",
                                        evidence.text, evidence.log_likelihood_ratio));
        }
    }
    for (std::size_t i = diagnosis.inconclusive ? 0 : 1; i < diagnosis.causes.size(); ++i) {
        const auto& cause = diagnosis.causes[i];
        if (cause.posterior < kWorthSaying) {
            lines.push_back(fmt::format("{} causes more with a posterior below {}",
                                        diagnosis.causes.size() - i, kWorthSaying));
            break;
        }
        lines.push_back(fmt::format("also possible: {} of {} (posterior {:.2f})", to_string(cause.kind),
                                    target(cause), cause.posterior));
    }
    if (diagnosis.propagation_path.size() > 1)
        lines.push_back("felt along " + names(diagnosis.propagation_path, " → "));
    return lines;
}

std::string undo_in_words(const model::PlannedStep& step) {
    return step.undo == model::UndoPolicy::impossible ? "cannot be undone" : "can be undone";
}

Lines lines_of(const model::Plan& plan) {
    Lines lines;
    for (const auto& step : plan.steps) {
        lines.push_back(fmt::format("step {}: {} (risk {}, at most {}, {})", step.name,
                                    to_string(step.action), to_string(step.risk), seconds(step.timeout),
                                    undo_in_words(step)));
    }
    lines.push_back(fmt::format("rung {} of the ladder for {} of {}", plan.rung + 1,
                                to_string(plan.cause.kind), target(plan.cause)));
    if (!plan.blast_radius.upstream.empty())
        lines.push_back("could hit " + names(plan.blast_radius.upstream));
    if (!plan.blast_radius.critical.empty())
        lines.push_back("of these critical: " + names(plan.blast_radius.critical));
    lines.push_back(fmt::format("recovered when good for {} within {}; else {}", seconds(plan.verify.soak),
                                seconds(plan.verify.deadline), to_string(plan.on_failure)));
    return lines;
}

Lines lines_of(const model::Verdict& verdict) {
    Lines lines;
    for (const auto& reason : verdict.reasons) {
        lines.push_back(fmt::format("{} ({}): {}{}", reason.rule, to_string(reason.decision), reason.text,
                                    reason.retry_at ? "; time alone will lift it" : ""));
    }
    if (verdict.reasons.empty()) lines.emplace_back("no rule objects");
    lines.push_back("policy " + verdict.policy.value());
    return lines;
}

Lines lines_of(const model::Order& order) {
    return {fmt::format("order {}, step '{}' of {}, to be begun within {}", order.id.value(), order.step,
                        order.playbook.value(), seconds(order.lease_until - order.issued_at))};
}

Lines lines_of(const model::OrderResult& result) {
    Lines lines{"order " + result.id.value()};
    if (result.exit_code) lines.push_back(fmt::format("exit code {}", *result.exit_code));
    if (result.undo) lines.push_back("would be taken back by: " + to_string(*result.undo));
    return lines;
}

Lines lines_of(const model::Verification& verification) {
    Lines lines;
    for (const auto& reading : verification.readings) {
        lines.push_back(fmt::format("{}: normally {:.4g}, before the act {:.4g}, now {:.4g}",
                                    to_string(reading.feature), reading.baseline, reading.before,
                                    reading.after));
    }
    return lines;
}

template <class T>
Lines lines_from(const json::Value& decision) {
    const auto value = from_json<T>(decision);
    if (!value) return {"its value cannot be read: " + value.error().message};
    return lines_of(*value);
}

Lines details_of(RecordKind kind, const json::Value& decision) {
    switch (kind) {
        case RecordKind::anomaly_opened: return lines_from<model::Anomaly>(decision);
        case RecordKind::incident_opened: return lines_from<std::vector<model::Subject>>(decision);
        case RecordKind::diagnosed:
        case RecordKind::inconclusive: return lines_from<model::Diagnosis>(decision);
        case RecordKind::planned: return lines_from<model::Plan>(decision);
        case RecordKind::verdict: return lines_from<model::Verdict>(decision);
        case RecordKind::order_intended:
        case RecordKind::undo_intended: return lines_from<model::Order>(decision);
        case RecordKind::order_finished: return lines_from<model::OrderResult>(decision);
        case RecordKind::verified: return lines_from<model::Verification>(decision);
        case RecordKind::started:
        case RecordKind::incident_merged:
        case RecordKind::no_plan:
        case RecordKind::approval_requested:
        case RecordKind::approval_given:
        case RecordKind::approval_denied:
        case RecordKind::escalated:
        case RecordKind::incident_resolved:
        case RecordKind::incident_dismissed:
        case RecordKind::stale:
        case RecordKind::stopped:
        case RecordKind::resumed: break;  // the reason says it all
    }
    return {};
}

std::string_view lead_of(RecordKind kind) {
    switch (kind) {
        case RecordKind::anomaly_opened: return "Seen: ";
        case RecordKind::incident_opened: return "An incident was opened: ";
        case RecordKind::incident_merged: return "Taken together with another incident: ";
        case RecordKind::diagnosed: return "Diagnosis: ";
        case RecordKind::inconclusive: return "No diagnosis yet: ";
        case RecordKind::planned: return "Plan: ";
        case RecordKind::no_plan: return "No plan: ";
        case RecordKind::verdict: return "Policy: ";
        case RecordKind::approval_requested: return "A person was asked: ";
        case RecordKind::approval_given: return "Approved ";
        case RecordKind::approval_denied: return "Denied ";
        case RecordKind::order_intended: return "Ordered: ";
        case RecordKind::order_finished: return "Result: ";
        case RecordKind::verified: return "Verified: ";
        case RecordKind::undo_intended: return "Taken back: ";
        case RecordKind::escalated: return "Handed to a person: ";
        case RecordKind::incident_resolved: return "Resolved: ";
        case RecordKind::incident_dismissed: return "Closed without an act: ";
        case RecordKind::stale: return "Silence: ";
        case RecordKind::stopped: return "The stop switch was on, ";
        case RecordKind::resumed: return "The stop switch was off again, ";
        case RecordKind::started: return "Homeostat started, ";
    }
    return "";
}

}  // namespace

Chapter chapter_of(const model::AuditRecord& record) {
    Chapter chapter{.at = record.at,
                    .sequence = record.sequence,
                    .kind = record.kind,
                    .headline = std::string(lead_of(record.kind)) + record.reason};
    const auto* decision = record.body.find("decision");
    if (decision != nullptr) chapter.details = details_of(record.kind, *decision);
    return chapter;
}

}  // namespace homeostat::audit
