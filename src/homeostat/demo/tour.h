// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/demo/narrator.h"
#include "homeostat/demo/scenes.h"
#include "homeostat/demo/stage.h"
#include "homeostat/sim/kpi.h"

namespace homeostat::demo {

/// Opens a stage whose decisions the observer is told of.
using OpenStage = std::function<Result<std::unique_ptr<Stage>>(Stage::Observer)>;

struct TourResult {
    sim::Kpi kpi;
    bool all_good = true;  // every fault was healed, or rightly left alone
};

/// Breaks the shop, scene by scene, and watches Homeostat heal it.
class Tour {
public:
    /// `interrupted` is asked often; once it says true the tour ends.
    Tour(Narrator& narrator, std::function<bool()> interrupted)
        : narrator_(narrator), interrupted_(std::move(interrupted)) {}

    /// Errors: those of the stage and of injecting a fault; `unavailable` when the shop does not settle.
    [[nodiscard]] Result<TourResult> play(const OpenStage& open, const std::vector<Scene>& scenes);

private:
    /// Who decided what, as the loop tells it, on its thread.
    void take(const model::AuditRecord& record);

    [[nodiscard]] bool wait_for_warm_up(Stage& stage);
    [[nodiscard]] bool wait_for_calm(Stage& stage, Duration patience);
    /// How a fault ended, for people; nullopt: not in time.
    [[nodiscard]] std::optional<std::string> wait_for_end(Stage& stage, const shop::GroundTruth& truth,
                                                          Duration patience);
    [[nodiscard]] Result<bool> play_scene(Stage& stage, const Scene& scene);
    [[nodiscard]] bool is_healed(const api::Snapshot& snapshot, const shop::GroundTruth& truth) const;
    [[nodiscard]] bool was_acted_upon(const api::Snapshot& snapshot, EventTime since) const;
    void watch_calm(const api::Snapshot& snapshot);
    [[nodiscard]] TourResult result(Stage& stage, bool all_good);
    /// Asks every tenth of a second; false when the patience is over or the user has had enough.
    [[nodiscard]] bool wait_until(Duration patience, const std::function<bool()>& condition) const;

    Narrator& narrator_;
    std::function<bool()> interrupted_;
    std::vector<sim::TrueFault> truths_;
    sim::Watched watched_;

    mutable std::mutex mutex_;  // of what take() writes
    std::map<model::IncidentId, model::Decision> verdicts_;
    std::uint64_t violations_ = 0;
    std::string last_hash_;
};

}  // namespace homeostat::demo
