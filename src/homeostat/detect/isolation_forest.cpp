// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/isolation_forest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "homeostat/base/check.h"
#include "homeostat/base/hash.h"
#include "homeostat/base/prng.h"
#include "homeostat/detect/numeric.h"

namespace homeostat::detect {
namespace {

constexpr float kNever = std::numeric_limits<float>::infinity();  // no value is greater: left for ever
constexpr std::size_t kTreesAbreast = 10;
constexpr std::uint32_t kFeatureBits = 8;
constexpr std::uint32_t kFeatureMask = (1U << kFeatureBits) - 1;
constexpr std::size_t kNodesMax = 1U << 24U;

/// Average path length of an unsuccessful search in a binary search tree of n rows: c(n) of the paper.
double average_path(double n) {
    constexpr double kEuler = 0.577215664901532860607;
    if (n <= 1) return 0;
    if (n <= 2) return 1;
    return 2 * (numeric::log(n - 1) + kEuler) - 2 * (n - 1) / n;
}

}  // namespace

/// Grows a tree into the flat arrays.
struct IsolationForest::Grower {
    struct Range {
        std::size_t begin;  // in `order`
        std::size_t end;
        std::uint32_t node;
        std::int32_t depth;
    };

    Grower(IsolationForest& into, std::span<const float> data, std::uint64_t seed)
        : forest(into), rows(data), prng(seed), width(static_cast<std::size_t>(into.features_)) {}

    /// Breadth first, as load() lays a tree out.
    void tree(std::int32_t depth_max) {
        draw_sample();
        forest.roots_.push_back(add_node());
        std::vector<Range> open{{0, sample.size(), forest.roots_.back(), 0}};
        for (std::size_t i = 0; i < open.size(); ++i) {
            const auto range = open[i];
            forest.samples_[range.node] = static_cast<std::uint32_t>(range.end - range.begin);
            forest.depth_ = std::max(forest.depth_, range.depth);
            const auto middle = range.depth < depth_max ? split(range) : range.begin;
            if (middle == range.begin) continue;  // a leaf
            const auto left = add_node();
            add_node();
            forest.nodes_[range.node].feature_left |= left << kFeatureBits;
            open.push_back({range.begin, middle, left, range.depth + 1});
            open.push_back({middle, range.end, left + 1, range.depth + 1});
        }
    }

    std::uint32_t add_node() {
        const auto node = static_cast<std::uint32_t>(forest.nodes_.size());
        forest.nodes_.push_back({.threshold = kNever});
        forest.samples_.push_back(0);
        return node;
    }

    /// Fisher-Yates, as far as needed.
    void draw_sample() {
        order.resize(rows.size() / width);
        std::iota(order.begin(), order.end(), 0U);
        const auto size = std::min<std::size_t>(order.size(), static_cast<std::size_t>(forest.sample_));
        for (std::size_t i = 0; i < size; ++i) std::swap(order[i], order[i + prng.below(order.size() - i)]);
        sample.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(size));
    }

    [[nodiscard]] float at(std::uint32_t row, std::size_t feature) const {
        return rows[row * width + feature];
    }

    /// Splits by a random feature that is not constant, at a random value. Returns where the right side
    /// begins, or `begin` when all rows are alike.
    std::size_t split(const Range& range) {
        const std::span part(sample.data() + range.begin, range.end - range.begin);
        if (part.size() < 2) return range.begin;
        std::array<std::uint32_t, kFeaturesMax> features{};
        std::iota(features.begin(), features.begin() + width, 0U);
        for (std::size_t left = width; left > 0; --left) {
            std::swap(features[left - 1], features[prng.below(left)]);
            const auto feature = features[left - 1];
            const auto less = [&](auto a, auto b) { return at(a, feature) < at(b, feature); };
            const auto [low, high] = std::ranges::minmax_element(part, less);
            const float least = at(*low, feature);
            const float most = at(*high, feature);
            if (!(least < most)) continue;
            const double share = static_cast<double>(prng.next() >> 11U) * 0x1.0p-53;
            const auto threshold = static_cast<float>(least + share * (static_cast<double>(most) - least));
            // Both sides get a row; 0 is added so that no threshold is a negative zero.
            const float kept = std::min(threshold, std::nextafter(most, least)) + 0.0F;
            forest.nodes_[range.node] = {.threshold = kept, .feature_left = feature};
            const auto right =
                std::ranges::partition(part, [&](auto row) { return at(row, feature) <= kept; });
            return range.end - right.size();
        }
        return range.begin;
    }

    IsolationForest& forest;
    std::span<const float> rows;
    Prng prng;
    std::size_t width;
    std::vector<std::uint32_t> order;
    std::vector<std::uint32_t> sample;
};

Result<IsolationForest::Growth> IsolationForest::Growth::begin(std::vector<float> rows,
                                                               const Options& options) {
    const auto bad = [](const char* what) {
        return fail(ErrorCode::invalid_argument, std::string("isolation forest: ") + what);
    };
    if (options.features < 1 || options.features > kFeaturesMax) return bad("features must be 1 to 256");
    if (options.trees < 1 || options.trees > kTreesMax) return bad("trees must be 1 to 10000");
    if (options.sample < 2 || options.sample > kSampleMax) return bad("sample must be 2 to 65536");
    const auto width = static_cast<std::size_t>(options.features);
    if (rows.size() % width != 0 || rows.size() / width < 2) return bad("needs two or more whole rows");
    if (!std::ranges::all_of(rows, [](float value) { return std::isfinite(value); })) {
        return bad("a value is not finite");
    }
    Growth growth;
    growth.forest_.features_ = options.features;
    growth.forest_.sample_ = std::min(options.sample, static_cast<std::int32_t>(rows.size() / width));
    growth.rows_ = std::move(rows);
    growth.trees_ = options.trees;
    growth.seed_ = options.seed;
    if (!growth.is_sound()) return bad("trees times sample must stay below 8 million");
    return growth;
}

bool IsolationForest::Growth::is_sound() const {
    const auto width = static_cast<std::size_t>(forest_.features_);
    if (trees_ < 0 || trees_ > kTreesMax || forest_.sample_ < 0 || forest_.sample_ > kSampleMax) return false;
    const auto nodes_most = static_cast<std::size_t>(trees_) * 2 * static_cast<std::size_t>(forest_.sample_);
    if (nodes_most > kNodesMax || forest_.trees() > trees_) return false;
    return done() || (forest_.sample_ >= 2 && width > 0 && rows_.size() % width == 0 &&
                      rows_.size() / width >= static_cast<std::size_t>(forest_.sample_));
}

void IsolationForest::Growth::add_tree() {
    HOMEOSTAT_CHECK(!done());
    std::int32_t depth_max = 0;
    while ((1 << depth_max) < forest_.sample_) ++depth_max;
    const auto first = forest_.nodes_.size();
    const std::uint64_t seed = seed_ << 14U ^ static_cast<std::uint64_t>(forest_.trees());  // of this tree
    Grower(forest_, rows_, seed).tree(depth_max);
    // A leaf leads to itself.
    for (std::size_t i = first; i < forest_.nodes_.size(); ++i) {
        auto& node = forest_.nodes_[i];
        if (node.threshold == kNever) node.feature_left = static_cast<std::uint32_t>(i) << kFeatureBits;
    }
    forest_.measure_paths(first);
}

IsolationForest IsolationForest::Growth::take() {
    HOMEOSTAT_CHECK(done());
    forest_.set_version();
    rows_.clear();
    trees_ = 0;
    return std::exchange(forest_, {});
}

Result<IsolationForest> IsolationForest::grow(std::span<const float> rows, const Options& options) {
    HOMEOSTAT_TRY(auto growth, Growth::begin({rows.begin(), rows.end()}, options));
    while (!growth.done()) growth.add_tree();
    return growth.take();
}

bool IsolationForest::is_leaf(std::size_t node) const {
    return nodes_[node].threshold == kNever;
}

/// Of the trees from node `first` on. Children come after their parent, so one pass knows every depth.
void IsolationForest::measure_paths(std::size_t first) {
    std::vector<std::int32_t> depth(nodes_.size() - first, 0);
    paths_.resize(nodes_.size(), 0);
    for (std::size_t i = first; i < nodes_.size(); ++i) {
        const auto here = depth[i - first];
        if (is_leaf(i)) {
            paths_[i] = static_cast<float>(here + average_path(samples_[i]));
            continue;
        }
        const std::size_t left = (nodes_[i].feature_left >> kFeatureBits) - first;
        depth[left] = depth[left + 1] = here + 1;
    }
}

bool IsolationForest::is_sound() const {
    if (features_ < 0 || features_ > kFeaturesMax || depth_ < 0 || depth_ > kDepthMax) return false;
    if (nodes_.size() != samples_.size() || nodes_.size() > kNodesMax) return false;
    if (std::ranges::any_of(roots_, [&](auto root) { return root >= nodes_.size(); })) return false;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const std::size_t left = nodes_[i].feature_left >> kFeatureBits;
        const auto feature = static_cast<std::int32_t>(nodes_[i].feature_left & kFeatureMask);
        if (feature >= std::max(features_, 1)) return false;
        if (is_leaf(i) ? left != i : (left <= i || left + 1 >= nodes_.size())) return false;
        if (std::isnan(nodes_[i].threshold)) return false;
    }
    return true;
}

void IsolationForest::set_version() {
    const auto bytes_of = [](const auto& items) {
        return std::string_view(reinterpret_cast<const char*>(items.data()),
                                items.size() * sizeof(items.front()));
    };
    std::uint64_t hash = hash64(
        bytes_of(roots_), static_cast<std::uint64_t>(features_) << 32U | static_cast<std::uint64_t>(sample_));
    hash = hash64(bytes_of(samples_), hash64(bytes_of(nodes_), hash));
    version_ = model::ModelVersion{"iforest-" + to_hex(hash)};
}

double IsolationForest::to_score(double path_sum) const {
    constexpr double kLn2 = 0.693147180559945309417;
    const double mean = path_sum / static_cast<double>(roots_.size());
    return numeric::exp(-kLn2 * mean / average_path(sample_));
}

double IsolationForest::score(std::span<const float> row) const {
    HOMEOSTAT_CHECK(row.size() == static_cast<std::size_t>(features_) && !roots_.empty());
    const Node* nodes = nodes_.data();
    double sum = 0;
    std::size_t tree = 0;
    for (; tree + kTreesAbreast <= roots_.size(); tree += kTreesAbreast) {
        std::array<std::uint32_t, kTreesAbreast> at{};
        std::copy_n(roots_.begin() + static_cast<std::ptrdiff_t>(tree), kTreesAbreast, at.begin());
        for (std::int32_t step = 0; step < depth_; ++step) {
#pragma GCC unroll 10
            for (auto& node : at) {
                const Node here = nodes[node];
                const bool right = row[here.feature_left & kFeatureMask] > here.threshold;
                node = (here.feature_left >> kFeatureBits) + (right ? 1U : 0U);
            }
        }
        for (const auto node : at) sum += static_cast<double>(paths_[node]);
    }
    for (; tree < roots_.size(); ++tree) {
        std::uint32_t node = roots_[tree];
        while (!is_leaf(node)) {
            const Node here = nodes[node];
            const bool right = row[here.feature_left & kFeatureMask] > here.threshold;
            node = (here.feature_left >> kFeatureBits) + (right ? 1U : 0U);
        }
        sum += static_cast<double>(paths_[node]);
    }
    return to_score(sum);
}

void IsolationForest::score(std::span<const float> rows, std::span<double> scores) const {
    const auto width = static_cast<std::size_t>(features_);
    HOMEOSTAT_CHECK(rows.size() == scores.size() * width);
    std::vector<float> columns(width * kRowsAbreast);
    std::size_t row = 0;
    for (; row + kRowsAbreast <= scores.size(); row += kRowsAbreast) {
        for (std::size_t r = 0; r < kRowsAbreast; ++r) {
            for (std::size_t c = 0; c < width; ++c)
                columns[c * kRowsAbreast + r] = rows[(row + r) * width + c];
        }
        score_block(columns, scores.subspan(row).first<kRowsAbreast>());
    }
    for (; row < scores.size(); ++row) scores[row] = score(rows.subspan(row * width, width));
}

void IsolationForest::score_block(const std::vector<float>& columns,
                                  std::span<double, kRowsAbreast> scores) const {
    const Node* nodes = nodes_.data();
    const float* values = columns.data();
    std::array<double, kRowsAbreast> sums{};
    for (const auto root : roots_) {
        std::array<std::uint32_t, kRowsAbreast> at{};
        at.fill(root);
        for (std::int32_t step = 0; step < depth_; ++step) {
#pragma GCC unroll 16
            for (std::uint32_t r = 0; r < kRowsAbreast; ++r) {
                const Node here = nodes[at[r]];
                const float value = values[(here.feature_left & kFeatureMask) * kRowsAbreast + r];
                at[r] = (here.feature_left >> kFeatureBits) + (value > here.threshold ? 1U : 0U);
            }
        }
        for (std::size_t r = 0; r < kRowsAbreast; ++r) sums[r] += static_cast<double>(paths_[at[r]]);
    }
    for (std::size_t r = 0; r < kRowsAbreast; ++r) scores[r] = to_score(sums[r]);
}

}  // namespace homeostat::detect
