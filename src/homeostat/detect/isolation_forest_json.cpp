// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "homeostat/base/codec.h"
#include "homeostat/detect/isolation_forest.h"

namespace homeostat::detect {
namespace {

constexpr std::string_view kFormat = "homeostat-isolation-forest-1";
constexpr float kNever = std::numeric_limits<float>::infinity();

/// One tree as the file has it: node i's children are left[i] and right[i].
struct TreeText {
    std::vector<std::int32_t> feature;  // below 0: a leaf
    std::vector<double> threshold;
    std::vector<std::uint32_t> left;
    std::vector<std::uint32_t> right;
    std::vector<std::uint32_t> samples;

    static constexpr auto describe() {
        return std::tuple{field("feature", &TreeText::feature), field("threshold", &TreeText::threshold),
                          field("left", &TreeText::left), field("right", &TreeText::right),
                          field("samples", &TreeText::samples)};
    }
};

struct ForestText {
    std::string format{kFormat};
    std::int32_t features = 0;
    std::int32_t sample = 0;
    std::vector<TreeText> trees;

    static constexpr auto describe() {
        return std::tuple{field("format", &ForestText::format), field("features", &ForestText::features),
                          field("sample", &ForestText::sample), field("trees", &ForestText::trees)};
    }
};

/// Rows are compared as floats: a threshold between two floats is rounded down, so that the same rows
/// stay on its left.
float round_down(double threshold) {
    const auto rounded = static_cast<float>(threshold) + 0.0F;  // never a negative zero
    return static_cast<double>(rounded) > threshold ? std::nextafter(rounded, -kNever) : rounded;
}

Result<> check(const ForestText& text) {
    const auto bad = [](const std::string& what) {
        return fail(ErrorCode::invalid_argument, "isolation forest model: " + what);
    };
    if (text.format != kFormat) return bad("format '" + text.format + "' is unknown");
    if (text.features < 1 || text.features > IsolationForest::kFeaturesMax)
        return bad("features must be 1 to 256");
    if (text.sample < 2 || text.sample > IsolationForest::kSampleMax) return bad("sample must be 2 to 65536");
    if (text.trees.empty() || text.trees.size() > IsolationForest::kTreesMax)
        return bad("needs 1 to 10000 trees");
    for (std::size_t t = 0; t < text.trees.size(); ++t) {
        const auto& tree = text.trees[t];
        const auto size = tree.feature.size();
        const auto name = "tree " + std::to_string(t);
        if (size == 0 || tree.threshold.size() != size || tree.left.size() != size ||
            tree.right.size() != size || tree.samples.size() != size) {
            return bad(name + ": its lists must be as long as each other and not empty");
        }
        for (std::size_t i = 0; i < size; ++i) {
            if (tree.feature[i] < 0) continue;
            if (tree.feature[i] >= text.features) return bad(name + ": a feature is out of range");
            if (!std::isfinite(tree.threshold[i])) return bad(name + ": a threshold is not finite");
            if (tree.left[i] >= size || tree.right[i] >= size) return bad(name + ": a child is out of range");
        }
    }
    return {};
}

}  // namespace

/// Lays a tree out breadth first, so that siblings are neighbours and follow their parent.
struct IsolationForest::Reader {
    IsolationForest& forest;

    bool add(const TreeText& tree) {
        struct Place {
            std::uint32_t from;  // in the file
            std::int32_t depth;
        };
        const auto root = static_cast<std::uint32_t>(forest.nodes_.size());
        forest.roots_.push_back(root);
        std::vector<Place> order{{0, 0}};
        for (std::size_t i = 0; i < order.size(); ++i) {
            const auto [from, depth] = order[i];
            if (depth > kDepthMax || order.size() > tree.feature.size()) return false;  // no tree
            const auto here = root + static_cast<std::uint32_t>(i);
            forest.depth_ = std::max(forest.depth_, depth);
            forest.samples_.push_back(tree.samples[from]);
            if (tree.feature[from] < 0) {
                forest.nodes_.push_back({.threshold = kNever, .feature_left = here << 8U});
                continue;
            }
            const auto left = root + static_cast<std::uint32_t>(order.size());
            const auto feature = static_cast<std::uint32_t>(tree.feature[from]);
            forest.nodes_.push_back(
                {.threshold = round_down(tree.threshold[from]), .feature_left = feature | left << 8U});
            order.push_back({tree.left[from], depth + 1});
            order.push_back({tree.right[from], depth + 1});
        }
        return forest.nodes_.size() < (1U << 24U);
    }
};

Result<IsolationForest> IsolationForest::load(std::string_view json) {
    HOMEOSTAT_TRY(const auto value, json::parse(json));
    return from_value(value);
}

Result<IsolationForest> IsolationForest::from_value(const json::Value& value) {
    HOMEOSTAT_TRY(const auto text, from_json<ForestText>(value));
    if (auto checked = check(text); !checked) return std::unexpected(std::move(checked).error());
    IsolationForest forest;
    forest.features_ = text.features;
    forest.sample_ = text.sample;
    for (std::size_t t = 0; t < text.trees.size(); ++t) {
        if (!Reader{forest}.add(text.trees[t])) {
            return fail(ErrorCode::invalid_argument,
                        "isolation forest model: tree " + std::to_string(t) + ": is no tree, or too deep");
        }
    }
    forest.measure_paths(0);
    forest.set_version();
    return forest;
}

json::Value IsolationForest::to_value() const {
    ForestText text{.features = features_, .sample = sample_};
    for (std::size_t t = 0; t < roots_.size(); ++t) {
        const std::size_t begin = roots_[t];
        const std::size_t end = t + 1 < roots_.size() ? roots_[t + 1] : nodes_.size();
        auto& tree = text.trees.emplace_back();
        for (std::size_t i = begin; i < end; ++i) {
            const auto left = static_cast<std::uint32_t>((nodes_[i].feature_left >> 8U) - begin);
            tree.feature.push_back(is_leaf(i) ? -1
                                              : static_cast<std::int32_t>(nodes_[i].feature_left & 255U));
            tree.threshold.push_back(is_leaf(i) ? 0 : static_cast<double>(nodes_[i].threshold));
            tree.left.push_back(is_leaf(i) ? 0 : left);
            tree.right.push_back(is_leaf(i) ? 0 : left + 1);
            tree.samples.push_back(samples_[i]);
        }
    }
    return to_json(text);
}

}  // namespace homeostat::detect
