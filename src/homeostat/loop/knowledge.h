// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/detect/detection.h"
#include "homeostat/diagnose/diagnoser.h"
#include "homeostat/graph/service_graph.h"
#include "homeostat/loop/config.h"
#include "homeostat/loop/fleet.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/change_event.h"

namespace homeostat::loop {

/// What the loop knows of the system: the K of MAPE-K. Telemetry goes in; the graph, the fleet, the state
/// of each subject and what is abnormal come out.
class Knowledge {
public:
    /// Change events remembered at most, and for how long: what a diagnosis may look back to.
    static constexpr std::size_t kMaxChanges = 4096;
    static constexpr Duration kChangeMemory = std::chrono::minutes{10};
    /// An exit that had no consequences by then has none.
    static constexpr Duration kExitMatters = std::chrono::seconds{15};
    /// A subject not seen for longer is forgotten.
    static constexpr Duration kSubjectMemory = std::chrono::hours{1};

    [[nodiscard]] static Result<Knowledge> create(const LoopConfig& config, const graph::Records& graph);

    /// The isolation forest at work; empty until there is one.
    [[nodiscard]] const model::ModelVersion& forest_version() const { return detection_.forest_version(); }

    void observe(const model::FeatureWindow& window);
    void observe(const model::ChangeEvent& change);
    /// Lets go of what is long gone. Cheap unless a minute has passed since the last time.
    void forget(EventTime now);

    /// True when something is abnormal or silent, so that a diagnosis has something to say.
    [[nodiscard]] bool is_troubled() const {
        return !anomalies_.empty() || !stale_.empty() || newest_ - last_exit_ <= kExitMatters;
    }
    [[nodiscard]] std::vector<model::Diagnosis> diagnose(EventTime at);

    /// The abnormal subjects, and the services whose telemetry is silent.
    [[nodiscard]] const std::map<model::Subject, model::Anomaly>& anomalies() const { return anomalies_; }
    [[nodiscard]] const std::set<model::ServiceId>& stale() const { return stale_; }
    /// What became abnormal, and who fell silent, since the last call.
    [[nodiscard]] std::vector<model::Anomaly> take_opened() { return std::exchange(opened_, {}); }
    [[nodiscard]] std::vector<model::ServiceId> take_silent() { return std::exchange(silent_, {}); }

    /// Of these services, and of no others, the state does not become the new normal.
    void hold_learning(std::set<model::ServiceId> services);
    [[nodiscard]] model::Baseline baseline(const model::Subject& subject) const;
    /// The last fresh window of a second, or nullptr.
    [[nodiscard]] const model::FeatureWindow* latest(const model::Subject& subject) const;
    [[nodiscard]] EventTime newest() const { return newest_; }

    [[nodiscard]] const graph::ServiceGraph& graph() const { return graph_; }
    [[nodiscard]] graph::ServiceGraph& graph() { return graph_; }
    [[nodiscard]] const Fleet& fleet() const { return fleet_; }
    [[nodiscard]] const detect::Detection& detection() const { return detection_; }

private:
    Knowledge(const LoopConfig& config, graph::ServiceGraph graph, detect::Detection detection);
    void take(model::Anomaly anomaly);

    graph::ServiceGraph graph_;
    detect::Detection detection_;
    diagnose::Diagnoser diagnoser_;
    Fleet fleet_;
    std::map<model::Subject, diagnose::SubjectState> subjects_;
    std::map<model::Subject, model::Anomaly> anomalies_;
    std::set<model::ServiceId> stale_;
    std::vector<model::Anomaly> opened_;
    std::vector<model::ServiceId> silent_;
    std::set<model::ServiceId> held_;
    std::deque<model::ChangeEvent> changes_;
    EventTime newest_{};  // end of the newest window
    EventTime last_forget_{};
    EventTime last_exit_{};  // of an instance, not by us
};

}  // namespace homeostat::loop
