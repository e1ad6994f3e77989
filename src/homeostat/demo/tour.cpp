// SPDX-License-Identifier: Apache-2.0
#include "homeostat/demo/tour.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "homeostat/runtime/clock.h"

namespace homeostat::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kCalls = 6;  // from service to service, in the shop
constexpr Duration kWarmUp = 25s;  // of telemetry, until the detectors know what is normal
constexpr Duration kSeenWithin = 30s;
constexpr Duration kSettleWithin = 40s;
constexpr std::string_view kHealed = "healed";
constexpr Duration kCalm = 3s;  // without an anomaly, before the next fault

EventTime now() {
    return runtime::Clock::wall();
}

bool is_open(const model::Incident& incident) {
    return incident.state != model::IncidentState::resolved &&
           incident.state != model::IncidentState::dismissed;
}

bool is_calm(const api::Snapshot& snapshot) {
    return snapshot.anomalies.empty() && std::ranges::none_of(snapshot.incidents, is_open);
}

std::string seconds(Duration duration) {
    return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

}  // namespace

bool Tour::wait_until(Duration patience, const std::function<bool()>& condition) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end && !interrupted_()) {
        if (condition()) return true;
        std::this_thread::sleep_for(100ms);
    }
    return false;
}

void Tour::take(const model::AuditRecord& record) {
    narrator_.tell(record);
    const std::lock_guard lock(mutex_);
    last_hash_ = record.hash;
    if (record.kind == model::RecordKind::verdict) {
        const auto* json = record.body.find("decision");
        const auto verdict = json == nullptr ? Result<model::Verdict>(fail(ErrorCode::not_found, ""))
                                             : from_json<model::Verdict>(*json);
        verdicts_[*record.incident] = verdict ? verdict->decision : model::Decision::deny;
    }
    if (record.kind == model::RecordKind::order_intended &&
        verdicts_[*record.incident] != model::Decision::allow)
        ++violations_;
}

Result<TourResult> Tour::play(const OpenStage& open, const std::vector<Scene>& scenes) {
    narrator_.begin("the shop opens", now());
    HOMEOSTAT_TRY(const auto stage, open([this](const auto& record) { take(record); }));
    narrator_.say(stage->introduction(), now());
    narrator_.say(fmt::format("Homeostat learns for {} what is normal", seconds(kWarmUp)), now());
    if (!wait_for_warm_up(*stage) && !interrupted_())
        return fail(ErrorCode::unavailable, "the shop's telemetry did not arrive");
    bool all_good = true;
    for (const auto& scene : scenes) {
        if (interrupted_()) break;
        HOMEOSTAT_TRY(const bool good, play_scene(*stage, scene));
        all_good = all_good && good;
    }
    return result(*stage, all_good && !interrupted_());
}

bool Tour::wait_for_warm_up(Stage& stage) {
    const bool arrived =
        wait_until(kSeenWithin, [&] { return stage.snapshot()->graph.edges.size() >= kCalls; });
    if (!arrived) return false;
    const auto end = now() + kWarmUp;
    return wait_until(kWarmUp + 1s, [&] { return now() >= end; });
}

bool Tour::wait_for_calm(Stage& stage, Duration patience) {
    auto calm_since = now();
    return wait_until(patience, [&] {
        const auto snapshot = stage.snapshot();
        if (!is_calm(*snapshot)) calm_since = now();
        watch_calm(*snapshot);
        return now() - calm_since >= kCalm;
    });
}

void Tour::watch_calm(const api::Snapshot& snapshot) {
    // Each look stands for a tenth of a second of every service and edge; the echo of a fault is no calm.
    if (!truths_.empty() && (!truths_.back().end || now() - *truths_.back().end < sim::kEcho)) return;
    watched_.normal_windows += snapshot.graph.nodes.size() + snapshot.graph.edges.size();
    watched_.normal_windows_claimed += snapshot.anomalies.size();
}

Result<bool> Tour::play_scene(Stage& stage, const Scene& scene) {
    if (!wait_for_calm(stage, kSettleWithin) && !interrupted_()) {
        narrator_.verdict(false, "the shop does not settle", now());
    }
    narrator_.begin(fmt::format("{}: {}", to_string(scene.fault), scene.headline), now());
    HOMEOSTAT_TRY(const auto truth, stage.inject(scene.fault));
    auto& told = truths_.emplace_back(sim::TrueFault{.service = truth.service,
                                                     .kind = truth.kind,
                                                     .begin = truth.started_at,
                                                     .needs_action = scene.must_act});
    std::optional<std::string> end;
    if (scene.must_act) {
        end = wait_for_end(stage, truth, scene.patience);
        told.cured = end == kHealed;
        told.needs_action = told.cured || !end;
    } else {
        const bool acted =
            wait_until(scene.patience, [&] { return was_acted_upon(*stage.snapshot(), truth.started_at); });
        if (!acted && !interrupted_()) end = "rightly left alone";
    }
    told.end = now();
    if (auto revoked = stage.revoke(truth); !revoked) return std::unexpected(revoked.error());
    narrator_.verdict(end.has_value(),
                      end.value_or(scene.must_act ? "not healed" : "it was acted upon, and must not be") +
                          " after " + seconds(*told.end - truth.started_at),
                      *told.end);
    return end.has_value();
}

std::optional<std::string> Tour::wait_for_end(Stage& stage, const shop::GroundTruth& truth,
                                              Duration patience) {
    bool passed = false;
    auto calm_since = now();
    const bool ended = wait_until(patience, [&] {
        const auto snapshot = stage.snapshot();
        if (is_healed(*snapshot, truth)) return true;
        if (!is_calm(*snapshot) || !stage.ended_by_itself(truth)) calm_since = now();
        passed = now() - calm_since >= kCalm;
        return passed;
    });
    if (!ended) return std::nullopt;
    return passed ? "ended by the cluster's own restart" : std::string(kHealed);
}

bool Tour::is_healed(const api::Snapshot& snapshot, const shop::GroundTruth& truth) const {
    return std::any_of(
        snapshot.incidents.begin(), snapshot.incidents.end(), [&](const model::Incident& incident) {
            return incident.state == model::IncidentState::resolved &&
                   incident.opened_at >= truth.started_at && !incident.diagnosis.causes.empty() &&
                   incident.diagnosis.causes.front().service == truth.service;
        });
}

bool Tour::was_acted_upon(const api::Snapshot& snapshot, EventTime since) const {
    return std::any_of(
        snapshot.incidents.begin(), snapshot.incidents.end(),
        [&](const model::Incident& incident) { return incident.acted_at && *incident.acted_at >= since; });
}

TourResult Tour::result(Stage& stage, bool all_good) {
    const auto snapshot = stage.snapshot();
    const auto graph = graph::ServiceGraph::restore(snapshot->graph);
    sim::KpiCollector collector;
    watched_.service_seconds = static_cast<double>(watched_.normal_windows) / 10.0;
    collector.add(watched_);
    collector.add(truths_, snapshot->incidents,
                  [&](const model::ServiceId& culprit, const model::ServiceId& blamed) {
                      if (culprit == blamed || !graph) return culprit == blamed;
                      const auto upstream = graph->upstream(culprit);
                      return std::find(upstream.begin(), upstream.end(), blamed) != upstream.end();
                  });
    auto kpi = collector.result();
    const std::lock_guard lock(mutex_);
    kpi.policy_violations = violations_;
    kpi.journal_hash = last_hash_;
    return {.kpi = kpi, .all_good = all_good};
}

}  // namespace homeostat::demo
