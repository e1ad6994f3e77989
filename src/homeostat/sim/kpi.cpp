// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/kpi.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace homeostat::sim {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

Spread spread_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    const auto rank = [&](double level) {  // the nearest-rank quantile
        const auto last = static_cast<double>(values.size());
        return values[static_cast<std::size_t>(std::max(1.0, std::ceil(level * last))) - 1];
    };
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return {.mean = sum / static_cast<double>(values.size()), .p50 = rank(0.50), .p99 = rank(0.99)};
}

const model::ServiceId* blamed_by(const model::Incident& incident) {
    const auto& causes = incident.diagnosis.causes;
    return causes.empty() ? nullptr : &causes.front().service;
}

/// The fault that an incident is about: rather one of the blamed service, rather the newest; nullptr for
/// none.
const TrueFault* fault_behind(const model::Incident& incident, std::span<const TrueFault> faults,
                              const MayConcern& may_concern) {
    const TrueFault* best = nullptr;
    bool best_exact = false;
    const auto* blamed = blamed_by(incident);
    for (const auto& fault : faults) {
        if (incident.opened_at < fault.begin) continue;
        if (fault.end && incident.opened_at > *fault.end + kEcho) continue;
        const bool exact = blamed != nullptr && *blamed == fault.service;
        if (!exact && blamed != nullptr && !may_concern(fault.service, *blamed)) continue;
        if (best != nullptr && std::pair(exact, fault.begin) <= std::pair(best_exact, best->begin)) continue;
        best = &fault;
        best_exact = exact;
    }
    return best;
}

}  // namespace

std::vector<Assessment> assess(std::span<const TrueFault> faults, std::span<const model::Incident> incidents,
                               const MayConcern& may_concern) {
    std::vector<Assessment> assessments;
    for (const auto& incident : incidents) assessments.push_back({.incident = &incident});
    std::stable_sort(assessments.begin(), assessments.end(), [](const auto& a, const auto& b) {
        return a.incident->opened_at < b.incident->opened_at;
    });
    std::vector<bool> met(faults.size(), false);
    for (auto& assessment : assessments) {
        const auto* fault = fault_behind(*assessment.incident, faults, may_concern);
        if (fault == nullptr) continue;
        const auto index = static_cast<std::size_t>(fault - faults.data());
        assessment.fault = index;
        assessment.first = !met[index];
        met[index] = true;
    }
    return assessments;
}

void KpiCollector::add(std::span<const TrueFault> faults, std::span<const model::Incident> incidents,
                       const MayConcern& may_concern) {
    std::vector<const model::Incident*> first(faults.size(), nullptr);
    for (const auto& assessment : assess(faults, incidents, may_concern)) {
        ++opened_;
        true_ += assessment.first ? 1U : 0U;  // a second incident of one fault is one too many
        false_ += assessment.fault ? 0U : 1U;
        if (assessment.first) first[*assessment.fault] = assessment.incident;
    }
    for (std::size_t i = 0; i < faults.size(); ++i) {
        if (faults[i].needs_action) add(faults[i], first[i]);
    }
}

void KpiCollector::add(const TrueFault& fault, const model::Incident* incident) {
    ++needing_;
    const bool ended_itself = fault.end.has_value() && !fault.cured && !fault.repaired;
    if (!ended_itself) ++healable_;
    if (fault.cured) ++healed_;
    if (incident == nullptr) return;
    ++detected_;
    const auto* blamed = blamed_by(*incident);
    if (blamed != nullptr && *blamed == fault.service) ++located_;
    detect_s_.push_back(to_seconds(incident->opened_at - fault.begin));
    const bool resolved = incident->state == model::IncidentState::resolved && incident->closed_at;
    if (fault.cured && resolved) recover_s_.push_back(to_seconds(*incident->closed_at - fault.begin));
}

void KpiCollector::add(const Watched& watched) {
    watched_.normal_windows += watched.normal_windows;
    watched_.normal_windows_claimed += watched.normal_windows_claimed;
    watched_.service_seconds += watched.service_seconds;
}

void KpiCollector::merge(const KpiCollector& other) {
    needing_ += other.needing_;
    detected_ += other.detected_;
    located_ += other.located_;
    healable_ += other.healable_;
    healed_ += other.healed_;
    opened_ += other.opened_;
    true_ += other.true_;
    false_ += other.false_;
    detect_s_.insert(detect_s_.end(), other.detect_s_.begin(), other.detect_s_.end());
    recover_s_.insert(recover_s_.end(), other.recover_s_.begin(), other.recover_s_.end());
    add(other.watched_);
}

Kpi KpiCollector::result() const {
    constexpr double kSystemDay = 50.0 * 86'400.0;  // service-seconds
    Kpi kpi;
    kpi.incidents = needing_;
    kpi.mttd_s = spread_of(detect_s_);
    kpi.mttr_s = spread_of(recover_s_);
    kpi.false_positive_rate = share(watched_.normal_windows_claimed, watched_.normal_windows);
    if (watched_.service_seconds > 0) {
        kpi.false_incidents_per_day = static_cast<double>(false_) * kSystemDay / watched_.service_seconds;
    }
    kpi.recall = share(detected_, needing_);
    kpi.precision = share(true_, opened_);
    kpi.root_cause_top1 = share(located_, detected_);
    kpi.success_rate = share(healed_, healable_);
    return kpi;
}

std::string to_table(const Kpi& kpi) {
    std::string table;
    const auto row = [&](std::string_view name, const std::string& value) {
        table += fmt::format("{:<26} {}\n", name, value);
    };
    const auto percent = [](double value) { return fmt::format("{:.2f} %", 100.0 * value); };
    const auto spread = [](const Spread& s) {
        return fmt::format("mean {:.2f} s   p50 {:.2f} s   p99 {:.2f} s", s.mean, s.p50, s.p99);
    };
    row("incidents", std::to_string(kpi.incidents));
    row("time to detect", spread(kpi.mttd_s));
    row("time to recover", spread(kpi.mttr_s));
    row("recall", percent(kpi.recall));
    row("precision", percent(kpi.precision));
    row("root cause first", percent(kpi.root_cause_top1));
    row("remediation success", percent(kpi.success_rate));
    row("false positive rate", fmt::format("{:.5f} %", 100.0 * kpi.false_positive_rate));
    row("false incidents a day",
        fmt::format("{:.2f} in a system of 50 services", kpi.false_incidents_per_day));
    row("policy violations", std::to_string(kpi.policy_violations));
    row("seed", std::to_string(kpi.seed));
    row("journal hash", kpi.journal_hash);
    return table;
}

}  // namespace homeostat::sim
