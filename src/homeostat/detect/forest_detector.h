// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "homeostat/detect/config.h"
#include "homeostat/detect/isolation_forest.h"
#include "homeostat/detect/subject_state.h"

namespace homeostat::detect {

/// The isolation forest's vote: sees features that are each tolerable but never occur together.
///
/// One forest serves the fleet. Its rows are residuals in units of each subject's own spread, so subjects
/// are alike and the forest has enough normal rows within minutes. Half the reservoir grows the forest,
/// the other half calibrates it (split conformal); beyond the calibration rows an exponential tail goes on.
class ForestDetector {
public:
    static constexpr std::size_t kFeatures = 8;
    using Row = std::array<float, kFeatures>;

    explicit ForestDetector(const ForestConfig& config);

    [[nodiscard]] static Row row_of(const Reading& reading);

    [[nodiscard]] bool ready() const { return forest_.trees() > 0; }
    /// -log10 of the p-value of a row; 0 until ready.
    [[nodiscard]] double surprise(const Row& row) const;
    /// Takes a normal row into the reservoir; now and then grows the forest anew.
    void learn(const Row& row);
    [[nodiscard]] const model::ModelVersion& version() const { return forest_.version(); }

    template <class A>
    void archive(A& a) {
        a(forest_, rows_, seen_, grown_at_, grown_from_, calibration_);
    }

private:
    void grow();

    ForestConfig config_;
    IsolationForest forest_;
    std::vector<Row> rows_;
    std::int64_t seen_ = 0;
    std::int64_t grown_at_ = 0;        // `seen_` at that time
    std::uint64_t grown_from_ = 0;     // rows at that time
    std::vector<double> calibration_;  // scores of normal rows that it was not grown from, ascending
};

}  // namespace homeostat::detect
