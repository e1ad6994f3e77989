// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "homeostat/diagnose/diagnoser.h"

/// For tests: tells a small system in trouble, one fact after the other, and what a detector would claim.
namespace homeostat::diagnose::testing {

using namespace std::chrono_literals;
using model::Feature;

class Story {
public:
    using Calls = std::vector<std::pair<std::string, std::string>>;

    /// All is well: each service has `replicas` instances "name-1"…, serves 99 requests a second of 10 ms.
    explicit Story(const Calls& calls, int replicas = 3) {
        std::map<std::string, int> names;
        for (const auto& [caller, callee] : calls) {
            names[caller];
            names[callee];
            add({.service = model::ServiceId{caller}, .callee = model::ServiceId{callee}}, 99);
        }
        for (const auto& [name, unused] : names) {
            add({.service = model::ServiceId{name}}, 99);
            for (int i = 1; i <= replicas; ++i) add(instance(name, i), 99.0 / replicas);
        }
    }

    static model::Subject service(const std::string& name) { return {.service = model::ServiceId{name}}; }
    static model::Subject call(const std::string& caller, const std::string& callee) {
        return {.service = model::ServiceId{caller}, .callee = model::ServiceId{callee}};
    }
    static model::Subject instance(const std::string& name, int number) {
        return {.service = model::ServiceId{name},
                .instance = model::InstanceId{name + "-" + std::to_string(number)}};
    }

    Story& set(const model::Subject& subject, Feature feature, double value) {
        auto& state = subjects_.at(subject);
        state.latest.values.set(feature, value);
        state.answered_rps = 0;
        state.take(model::FeatureWindow(state.latest));
        return *this;
    }
    Story& fails(const model::Subject& subject, double error_rate) {
        return set(subject, Feature::error_rate, error_rate);
    }
    Story& slows(const model::Subject& subject, double factor) {
        auto& state = subjects_.at(subject);
        for (const auto feature : {Feature::latency_ms, Feature::latency_p50_ms, Feature::latency_p95_ms,
                                   Feature::latency_p99_ms}) {
            state.latest.values.set(feature, factor * *state.baseline.median.get(feature));
        }
        if (subject.is_edge()) return *this;
        return set(subject, Feature::in_flight, factor * *state.baseline.median.get(Feature::in_flight));
    }
    Story& rate(const model::Subject& subject, double factor) {
        return set(subject, Feature::rate_rps,
                   factor * *subjects_.at(subject).baseline.median.get(Feature::rate_rps));
    }
    /// The subject was last heard of `ago`; it is stale from 3 s on.
    Story& silent(const model::Subject& subject, Duration ago) {
        auto& state = subjects_.at(subject);
        state.latest.end = kNow - ago;
        if (ago >= 3s) state.freshness = model::Freshness::stale;
        return *this;
    }
    /// All telemetry of the service: its own, its instances' and that of its calls.
    Story& all_silent(const std::string& name, Duration ago) {
        for (auto& [subject, state] : subjects_) {
            if (subject.service.value() == name) silent(subject, ago);
        }
        return *this;
    }
    Story& happened(model::ChangeEvent change) {
        changes_.push_back(std::move(change));
        return *this;
    }
    Story& deployed(const std::string& name, Duration ago) {
        return happened({.at = kNow - ago,
                         .service = model::ServiceId{name},
                         .kind = model::ChangeKind::version_changed,
                         .detail = "v2"});
    }
    Story& exited(const model::Subject& subject, Duration ago, std::string how = "signal 9") {
        return happened({.at = kNow - ago,
                         .service = subject.service,
                         .instance = subject.instance,
                         .kind = model::ChangeKind::instance_exited,
                         .detail = std::move(how)});
    }
    /// When the detectors saw it first; 2 s ago where this is not said.
    Story& since(const model::Subject& subject, Duration ago) {
        onset_[subject] = kNow - ago;
        return *this;
    }

    /// What detectors would claim: every value of a service or call outside its interval.
    std::vector<model::Anomaly> anomalies() const {
        std::vector<model::Anomaly> result;
        for (const auto& [subject, state] : subjects_) {
            if (subject.is_instance() || state.latest.end < kNow) continue;
            const auto onset = onset_.find(subject);
            model::Anomaly anomaly{
                .subject = subject, .onset = onset == onset_.end() ? kNow - 2s : onset->second, .at = kNow};
            for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
                const auto feature = static_cast<Feature>(i);
                const auto value = state.latest.values.get(feature);
                if (!value) continue;
                const double low = *state.baseline.low.get(feature);
                const double high = *state.baseline.high.get(feature);
                if (*value >= low && *value <= high) continue;
                anomaly.findings.push_back(
                    {.feature = feature, .observed = *value, .expected_low = low, .expected_high = high});
            }
            if (!anomaly.findings.empty()) result.push_back(std::move(anomaly));
        }
        return result;
    }

    graph::ServiceGraph graph() const {
        graph::ServiceGraph graph;
        for (const auto& [subject, state] : subjects_) {
            auto window = state.latest;
            window.values = state.baseline.median;
            graph.observe(window);
        }
        return graph;
    }

    std::vector<model::Diagnosis> diagnose_with(const Diagnoser& diagnoser, const graph::ServiceGraph& graph,
                                                std::span<const model::Anomaly> anomalies) const {
        return diagnoser.diagnose(
            {.at = kNow, .graph = graph, .anomalies = anomalies, .changes = changes_, .subjects = subjects_});
    }

    std::vector<model::Diagnosis> diagnose(DiagnoseConfig config = {}) const {
        return diagnose_with(Diagnoser(config), graph(), anomalies());
    }

    static constexpr EventTime kNow{std::chrono::hours{12}};

private:
    void add(const model::Subject& subject, double rate) {
        auto& state = subjects_[subject];
        state.latest = {.subject = subject, .end = kNow, .length = 1s};
        const auto normal = [&](Feature feature, double value, double low, double high) {
            state.latest.values.set(feature, value);
            state.baseline.low.set(feature, low);
            state.baseline.median.set(feature, value);
            state.baseline.high.set(feature, high);
        };
        normal(Feature::rate_rps, rate, 0.7 * rate, 1.3 * rate);
        normal(Feature::error_rate, 0.001, 0, 0.02);
        normal(Feature::latency_ms, 10, 7, 14);
        normal(Feature::latency_p50_ms, 8, 6, 11);
        normal(Feature::latency_p95_ms, 20, 14, 30);
        normal(Feature::latency_p99_ms, 30, 18, 55);
        if (subject.is_edge()) return;
        normal(Feature::cpu_pct, 30, 20, 42);
        normal(Feature::mem_mb, 200, 180, 225);
        normal(Feature::in_flight, 1, 0.5, 2);
    }

    std::map<model::Subject, SubjectState> subjects_;
    std::vector<model::ChangeEvent> changes_;
    std::map<model::Subject, EventTime> onset_;
};

}  // namespace homeostat::diagnose::testing
