// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "homeostat/base/describe.h"
#include "homeostat/base/setting.h"
#include "homeostat/base/time.h"
#include "homeostat/graph/service_graph.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/baseline.h"
#include "homeostat/model/change_event.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/subject.h"

namespace homeostat::diagnose {

struct DiagnoseConfig {
    double min_posterior = 0.6;  // of the first cause, below which it is inconclusive; [0, 1]
    double min_margin = 0.25;    // over the second cause; [0, 1]
    Duration change_lookback = std::chrono::minutes{10};   // older deployments and exits are no evidence
    Duration min_duration = std::chrono::seconds{2};       // what may be a hiccup must last this long
    Duration harmless_patience = std::chrono::seconds{5};  // how long a fault without victims is watched
    Duration onset_slack = std::chrono::seconds{2};        // how far onsets err: a cause may show this late
    Duration evidence_age_max = std::chrono::seconds{3};   // an older window is no evidence
    std::size_t diagnoses_max = 8;                         // independent causes told apart in one observation
    std::size_t causes_max = 5;                            // alternatives listed in a diagnosis

    static constexpr auto schema() {
        return std::tuple{
            setting("min_posterior", &DiagnoseConfig::min_posterior,
                    "Probability of the first cause below which a diagnosis is inconclusive.",
                    {.min = 0, .max = 1}),
            setting("min_margin", &DiagnoseConfig::min_margin,
                    "How much more probable than the second cause the first must be.", {.min = 0, .max = 1}),
            setting("change_lookback", &DiagnoseConfig::change_lookback,
                    "Deployments and exits older than this are no evidence.",
                    {.min = std::chrono::seconds{1}}),
            setting("min_duration", &DiagnoseConfig::min_duration,
                    "How long trouble that may be a hiccup must last before it is acted upon."),
            setting("harmless_patience", &DiagnoseConfig::harmless_patience,
                    "How long a fault from which nobody suffers is watched before it is acted upon."),
            setting("onset_slack", &DiagnoseConfig::onset_slack, "How far the onsets of anomalies may err."),
            setting("evidence_age_max", &DiagnoseConfig::evidence_age_max,
                    "A window older than this is no evidence.", {.min = std::chrono::seconds{1}}),
            setting("diagnoses_max", &DiagnoseConfig::diagnoses_max, "Independent causes told apart at once.",
                    {.min = 1, .max = 64}),
            setting("causes_max", &DiagnoseConfig::causes_max, "Alternatives listed in a diagnosis.",
                    {.min = 1, .max = 64})};
    }
    friend bool operator==(const DiagnoseConfig&, const DiagnoseConfig&) = default;
};

/// What is known of a service, an instance or an edge at the moment of the diagnosis.
struct SubjectState {
    model::FeatureWindow latest;                           // the last fresh window of 1 s, however old
    model::Freshness freshness = model::Freshness::fresh;  // of the subject now
    model::Baseline baseline;                              // from before the trouble; features may be missing
    double answered_rps = 0;  // of a call: that succeeded, at best in kAnswersCount
    EventTime answered_at{};  // when that was
    static constexpr Duration kAnswersCount = std::chrono::seconds{4};

    /// A fresh window of it.
    void take(const model::FeatureWindow& window);
};

/// All that a diagnosis may rest on. Nothing is kept from one call to the next.
struct Observation {
    EventTime at{};
    const graph::ServiceGraph& graph;             // as of the onset
    std::span<const model::Anomaly> anomalies;    // the open ones; cleared ones are ignored
    std::span<const model::ChangeEvent> changes;  // the recent ones; those with an order are ignored
    const std::map<model::Subject, SubjectState>& subjects;  // services, instances and edges
};

/// Finds the causes behind anomalies by a Bayesian network over the service graph; README.md tells how.
///
/// Deterministic and without state: the same observation gives the same diagnoses. Threads: const, so any.
class Diagnoser {
public:
    explicit Diagnoser(DiagnoseConfig config = {});

    /// One diagnosis for each independent cause, the best founded first; none when nothing is abnormal.
    /// A diagnosis without a decisive cause says so in `inconclusive`, and why.
    [[nodiscard]] std::vector<model::Diagnosis> diagnose(const Observation& observation) const;

private:
    DiagnoseConfig config_;
};

}  // namespace homeostat::diagnose
