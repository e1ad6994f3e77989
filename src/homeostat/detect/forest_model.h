// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/detect/config.h"
#include "homeostat/detect/isolation_forest.h"
#include "homeostat/detect/subject_state.h"
#include "homeostat/model/ids.h"

namespace homeostat::detect {

/// An isolation forest and what its scores mean: half of the normal rows grow it, the other half calibrates
/// it (split conformal); beyond the calibration rows an exponential tail goes on.
class ForestModel {
public:
    static constexpr std::size_t kFeatures = 8;
    using Row = std::array<float, kFeatures>;
    /// A longer text is no model: it would not fit into a record of the journal.
    static constexpr std::size_t kTextMax = std::size_t{8} << 20U;

    class Growth;

    ForestModel() = default;

    /// Residuals in units of the subject's own spread, so that all subjects are alike.
    [[nodiscard]] static Row row_of(const Reading& reading);

    [[nodiscard]] bool ready() const { return forest_.trees() > 0; }
    /// -log10 of the p-value of a row; 0 until ready.
    [[nodiscard]] double surprise(const Row& row) const;
    /// "iforest-" and the hash of trees and calibration; empty until ready.
    [[nodiscard]] const model::ModelVersion& version() const { return version_; }
    /// Normal rows that it was made from.
    [[nodiscard]] std::size_t rows() const { return 2 * calibration_.size(); }
    [[nodiscard]] const IsolationForest& forest() const { return forest_; }
    /// Scores of normal rows that the forest was not grown from, ascending.
    [[nodiscard]] std::span<const double> calibration() const { return calibration_; }
    [[nodiscard]] static std::vector<std::string> feature_names();

    /// The model as JSON: format, features, calibration, and the forest as IsolationForest::save() has it.
    [[nodiscard]] std::string save() const;
    /// Errors: `invalid_argument` for text that is no such model or of other features, naming the fault;
    /// `resource_exhausted` beyond kTextMax.
    [[nodiscard]] static Result<ForestModel> load(std::string_view json);

    template <class A>
    void archive(A& a) {
        a(forest_, calibration_, version_);
        if constexpr (requires { a.ok(); }) {
            if (a.ok() && ready() && !is_sound()) a.fail();
        }
    }

private:
    ForestModel(IsolationForest forest, std::vector<double> calibration);
    [[nodiscard]] bool is_sound() const;

    IsolationForest forest_;
    std::vector<double> calibration_;
    model::ModelVersion version_;
};

/// The making of a model in parts of less than a tenth of a millisecond, so that no window waits for it.
class ForestModel::Growth {
public:
    Growth() = default;
    /// `config` is valid and there are four rows or more.
    Growth(std::span<const Row> rows, const ForestConfig& config, std::uint64_t seed);

    /// Does the next part; the model when that was the last one.
    [[nodiscard]] std::optional<ForestModel> advance();

    template <class A>
    void archive(A& a) {
        a(trees_, forest_, calibrating_, scores_);
        if constexpr (requires { a.ok(); }) {
            if (a.ok() && !is_sound()) a.fail();
        }
    }

private:
    [[nodiscard]] bool is_sound() const;

    IsolationForest::Growth trees_;
    IsolationForest forest_;          // once its trees are grown
    std::vector<float> calibrating_;  // rows
    std::vector<double> scores_;      // of the rows so far
};

}  // namespace homeostat::detect
