// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/detect/config.h"
#include "homeostat/detect/forest_model.h"

namespace homeostat::detect {

/// The isolation forest's vote: sees features that are each tolerable but never occur together.
///
/// One forest serves the fleet, so that there are enough normal rows within minutes. Begins with a saved
/// model or with none; now and then a new one is grown from the reservoir, a few parts of it each second,
/// and takes over when it is whole.
class ForestDetector {
public:
    explicit ForestDetector(const ForestConfig& config, ForestModel model = {});

    [[nodiscard]] const ForestModel& model() const { return model_; }
    /// Takes the row of a normal window that ended at `end` into the reservoir.
    void learn(const ForestModel::Row& row, EventTime end);
    /// A model from all rows of the reservoir. Errors: `failed_precondition` when they are too few.
    [[nodiscard]] Result<ForestModel> train() const;

    template <class A>
    void archive(A& a) {
        a(model_, rows_, seen_, grown_at_, growth_, grown_until_);
    }

private:
    [[nodiscard]] std::size_t rows_least() const { return 2 * static_cast<std::size_t>(config_.sample); }
    [[nodiscard]] ForestModel::Growth growth() const;
    void go_on_growing(EventTime end);

    ForestConfig config_;
    ForestModel model_;
    std::vector<ForestModel::Row> rows_;
    std::int64_t seen_ = 0;
    std::int64_t grown_at_ = 0;  // `seen_` when the last growth began
    std::optional<ForestModel::Growth> growth_;
    EventTime grown_until_{};  // end of the windows with which it grew last
};

}  // namespace homeostat::detect
