// SPDX-License-Identifier: Apache-2.0
#include "homeostat/loop/knowledge.h"

#include <algorithm>
#include <utility>

namespace homeostat::loop {

using namespace std::chrono_literals;

Result<Knowledge> Knowledge::create(const LoopConfig& config, const graph::Records& records) {
    HOMEOSTAT_TRY(auto graph, graph::ServiceGraph::restore(records, config.graph));
    HOMEOSTAT_TRY(auto detection, detect::Detection::create(config.detect));
    return Knowledge(config, std::move(graph), std::move(detection));
}

Knowledge::Knowledge(const LoopConfig& config, graph::ServiceGraph graph, detect::Detection detection)
    : graph_(std::move(graph)), detection_(std::move(detection)), diagnoser_(config.diagnose) {
    for (const auto& facts : config.services) graph_.declare(facts);
    for (const auto& [caller, callee] : config.edges) graph_.declare_edge(caller, callee);
}

void Knowledge::observe(const model::FeatureWindow& window) {
    if (window.length != 1s) return;  // the pulse; longer windows are for people
    newest_ = std::max(newest_, window.end);
    graph_.observe(window);
    fleet_.observe(window);

    auto& state = subjects_[window.subject];
    const bool fresh = window.freshness == model::Freshness::fresh;
    state.freshness = window.freshness;
    if (fresh) state.take(window);
    if (window.subject.is_service()) {
        if (fresh)
            stale_.erase(window.subject.service);
        else if (stale_.insert(window.subject.service).second)
            silent_.push_back(window.subject.service);
    }
    if (auto anomaly = detection_.observe(window)) take(*std::move(anomaly));
}

void Knowledge::take(model::Anomaly anomaly) {
    if (anomaly.state == model::AnomalyState::cleared) {
        anomalies_.erase(anomaly.subject);
        return;
    }
    if (anomaly.state == model::AnomalyState::opened) opened_.push_back(anomaly);
    const auto subject = anomaly.subject;
    anomalies_.insert_or_assign(subject, std::move(anomaly));
}

void Knowledge::observe(const model::ChangeEvent& change) {
    fleet_.observe(change);
    detection_.note(change);
    if (change.kind == model::ChangeKind::instance_exited && !change.order)
        last_exit_ = std::max(last_exit_, change.at);
    changes_.push_back(change);
    if (changes_.size() > kMaxChanges) changes_.pop_front();
}

void Knowledge::forget(EventTime now) {
    if (now - last_forget_ < 1min) return;
    last_forget_ = now;
    while (!changes_.empty() && now - changes_.front().at > kChangeMemory) changes_.pop_front();
    graph_.forget_unseen(now);
    fleet_.forget_gone(now);
    std::erase_if(subjects_,
                  [&](const auto& entry) { return now - entry.second.latest.end > kSubjectMemory; });
}

std::vector<model::Diagnosis> Knowledge::diagnose(EventTime at) {
    std::vector<model::Anomaly> anomalies;
    auto onset = at;
    for (const auto& [subject, anomaly] : anomalies_) {
        anomalies.push_back(anomaly);
        onset = std::min(onset, anomaly.onset);
    }
    for (auto& [subject, state] : subjects_) state.baseline = baseline(subject);
    const std::vector<model::ChangeEvent> changes(changes_.begin(), changes_.end());
    const auto graph = graph_.as_of(onset);
    return diagnoser_.diagnose(
        {.at = at, .graph = graph, .anomalies = anomalies, .changes = changes, .subjects = subjects_});
}

void Knowledge::hold_learning(std::set<model::ServiceId> services) {
    if (services == held_) return;
    for (const auto& service : held_) {
        if (!services.contains(service)) detection_.hold_learning(service, false);
    }
    for (const auto& service : services) {
        if (!held_.contains(service)) detection_.hold_learning(service, true);
    }
    held_ = std::move(services);
}

model::Baseline Knowledge::baseline(const model::Subject& subject) const {
    model::Baseline baseline;
    const auto learned = detection_.baseline(subject);
    for (std::size_t i = 0; learned && i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<model::Feature>(i);
        const auto& range = learned->of(feature);
        if (!range) continue;
        baseline.low.set(feature, range->low);
        baseline.median.set(feature, range->median);
        baseline.high.set(feature, range->high);
    }
    return baseline;
}

const model::FeatureWindow* Knowledge::latest(const model::Subject& subject) const {
    const auto found = subjects_.find(subject);
    return found == subjects_.end() || found->second.latest.length == Duration{} ? nullptr
                                                                                 : &found->second.latest;
}

}  // namespace homeostat::loop
