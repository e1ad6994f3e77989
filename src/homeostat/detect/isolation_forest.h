// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/json.h"
#include "homeostat/base/result.h"
#include "homeostat/model/ids.h"

namespace homeostat::detect {

/// Isolation forest (Liu, Ting, Zhou, "Isolation Forest", ICDM 2008): rows that random splits isolate
/// after few steps are anomalous. Grown from rows of `features` numbers each.
///
/// All trees lie in one flat array, a leaf leading to itself, so that several trees of one row, or one
/// tree of several rows, are walked side by side in a fixed number of steps and hide each other's loads.
class IsolationForest {
public:
    struct Options {
        std::int32_t features = 0;
        std::int32_t trees = 100;
        std::int32_t sample = 256;  // rows a tree, drawn without replacement; fewer rows are used whole
        std::uint64_t seed = 1;
    };
    static constexpr std::int32_t kFeaturesMax = 256;
    static constexpr std::int32_t kTreesMax = 10'000;
    static constexpr std::int32_t kSampleMax = 65'536;
    static constexpr std::int32_t kDepthMax = 32;

    class Growth;

    IsolationForest() = default;

    /// `rows` holds one row after the other. Errors: `invalid_argument` for options out of bounds, rows
    /// that are cut off, fewer than two of them, or a value that is not finite.
    [[nodiscard]] static Result<IsolationForest> grow(std::span<const float> rows, const Options& options);

    /// 2^(-E(h) / c(sample)): near 1 for an anomaly, well below 0.5 for a normal row. What scikit-learn's
    /// score_samples gives, with the opposite sign.
    [[nodiscard]] double score(std::span<const float> row) const;

    /// The scores of many rows, in half the time.
    void score(std::span<const float> rows, std::span<double> scores) const;

    [[nodiscard]] std::int32_t features() const { return features_; }
    [[nodiscard]] std::int32_t sample() const { return sample_; }
    [[nodiscard]] std::int32_t trees() const { return static_cast<std::int32_t>(roots_.size()); }
    /// "iforest-" and the hash of the trees: equal after save() and load().
    [[nodiscard]] const model::ModelVersion& version() const { return version_; }

    /// The model as JSON: format, features, sample, and a list of trees with the arrays feature (-1: a
    /// leaf), threshold, left, right and samples, in which scikit-learn's trees can be written as well
    /// (testdata/make_forest_reference.py).
    [[nodiscard]] std::string save() const { return json::to_text(to_value()); }
    [[nodiscard]] json::Value to_value() const;

    /// Errors: `invalid_argument` for text that is no such model, naming the tree and its fault.
    [[nodiscard]] static Result<IsolationForest> load(std::string_view json);
    [[nodiscard]] static Result<IsolationForest> from_value(const json::Value& value);

    template <class A>
    void archive(A& a) {
        a(features_, sample_, depth_, roots_, nodes_, samples_, version_);
        if constexpr (requires { a.ok(); }) {
            if (a.ok() && !is_sound()) a.fail();
            if (a.ok()) measure_paths(0);
        }
    }

private:
    struct Node {
        float threshold = 0;             // a row goes right when its value is greater
        std::uint32_t feature_left = 0;  // the feature in the low 8 bits; right is left + 1

        template <class A>
        void archive(A& a) {
            a(threshold, feature_left);
        }
    };
    static constexpr std::size_t kRowsAbreast = 16;
    struct Grower;
    struct Reader;

    [[nodiscard]] bool is_sound() const;
    [[nodiscard]] bool is_leaf(std::size_t node) const;
    void measure_paths(std::size_t first);
    void score_block(const std::vector<float>& columns, std::span<double, kRowsAbreast> scores) const;
    void set_version();
    [[nodiscard]] double to_score(double path_sum) const;

    std::int32_t features_ = 0;
    std::int32_t sample_ = 0;
    std::int32_t depth_ = 0;            // of the deepest tree
    std::vector<std::uint32_t> roots_;  // of the trees, which lie one after the other
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> samples_;  // rows of the sample that came to each node
    std::vector<float> paths_;            // length of the path that ends at each leaf
    model::ModelVersion version_;
};

/// A forest that grows tree by tree, for who must not be busy for long: a tree takes some ten microseconds.
class IsolationForest::Growth {
public:
    Growth() = default;

    /// Errors: those of grow().
    [[nodiscard]] static Result<Growth> begin(std::vector<float> rows, const Options& options);

    [[nodiscard]] std::int32_t features() const { return forest_.features(); }
    [[nodiscard]] bool done() const { return forest_.trees() >= trees_; }
    void add_tree();
    /// The forest, once it is done.
    [[nodiscard]] IsolationForest take();

    template <class A>
    void archive(A& a) {
        a(forest_, rows_, trees_, seed_);
        if constexpr (requires { a.ok(); }) {
            if (a.ok() && !is_sound()) a.fail();
        }
    }

private:
    [[nodiscard]] bool is_sound() const;

    IsolationForest forest_;
    std::vector<float> rows_;
    std::int32_t trees_ = 0;
    std::uint64_t seed_ = 0;
};

}  // namespace homeostat::detect
