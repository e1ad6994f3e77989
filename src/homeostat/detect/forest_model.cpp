// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/forest_model.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "homeostat/base/check.h"
#include "homeostat/base/codec.h"
#include "homeostat/base/hash.h"
#include "homeostat/detect/numeric.h"

namespace homeostat::detect {

using model::Feature;

namespace {

constexpr double kLn10 = 2.302585092994045684;
constexpr std::array<Feature, ForestModel::kFeatures> kRowFeatures = {
    Feature::rate_rps,       Feature::error_rate, Feature::latency_ms, Feature::latency_p50_ms,
    Feature::latency_p95_ms, Feature::cpu_pct,    Feature::mem_mb,     Feature::in_flight};
constexpr float kScoreMax = 20;  // residuals beyond are all the same to a forest
constexpr double kTailShare = 0.05;
constexpr std::size_t kScoredAtOnce = 64;
constexpr std::string_view kFormat = "homeostat-forest-1";

struct ModelText {
    std::string format{kFormat};
    std::vector<std::string> features;
    std::vector<double> calibration;
    json::Value forest;

    static constexpr auto describe() {
        return std::tuple{field("format", &ModelText::format), field("features", &ModelText::features),
                          field("calibration", &ModelText::calibration), field("forest", &ModelText::forest)};
    }
};

}  // namespace

ForestModel::ForestModel(IsolationForest forest, std::vector<double> calibration)
    : forest_(std::move(forest)), calibration_(std::move(calibration)) {
    const std::string_view bytes(reinterpret_cast<const char*>(calibration_.data()),
                                 calibration_.size() * sizeof(double));
    version_ = model::ModelVersion{"iforest-" + to_hex(hash64(bytes, hash64(forest_.version().value())))};
}

ForestModel::Row ForestModel::row_of(const Reading& reading) {
    Row row{};
    for (std::size_t i = 0; i < kFeatures; ++i) {
        const auto score =
            static_cast<float>(reading.deviations[static_cast<std::size_t>(kRowFeatures[i])].score);
        row[i] = std::clamp(score, -kScoreMax, kScoreMax);
    }
    return row;
}

double ForestModel::surprise(const Row& row) const {
    if (!ready()) return 0;
    const double score = forest_.score(row);
    const auto above =
        static_cast<double>(calibration_.end() - std::ranges::lower_bound(calibration_, score));
    const auto size = static_cast<double>(calibration_.size());
    const auto tail = static_cast<std::size_t>(size * (1 - kTailShare));
    const double threshold = calibration_[tail];
    if (score <= threshold) return -numeric::log((above + 1) / (size + 1)) / kLn10;
    double excess = 0;
    for (std::size_t i = tail; i < calibration_.size(); ++i) excess += calibration_[i] - threshold;
    excess = std::max(excess / static_cast<double>(calibration_.size() - tail), 1e-3);
    return (-numeric::log(kTailShare) + (score - threshold) / excess) / kLn10;
}

std::vector<std::string> ForestModel::feature_names() {
    std::vector<std::string> names;
    for (const auto feature : kRowFeatures) names.emplace_back(to_string(feature));
    return names;
}

std::string ForestModel::save() const {
    return json::to_text(to_json(
        ModelText{.features = feature_names(), .calibration = calibration_, .forest = forest_.to_value()}));
}

bool ForestModel::is_sound() const {
    return forest_.features() == kFeatures && !calibration_.empty() &&
           std::ranges::all_of(calibration_, [](double score) { return score >= 0 && score <= 1; }) &&
           std::ranges::is_sorted(calibration_);
}

Result<ForestModel> ForestModel::load(std::string_view json) {
    if (json.size() > kTextMax) {
        return fail(ErrorCode::resource_exhausted,
                    "forest model: it is longer than 8 MiB: train it with fewer trees or a smaller sample");
    }
    HOMEOSTAT_TRY(const auto value, json::parse(json));
    HOMEOSTAT_TRY(auto text, from_json<ModelText>(value));
    const auto bad = [](const std::string& what) {
        return fail(ErrorCode::invalid_argument, "forest model: " + what);
    };
    if (text.format != kFormat) return bad("format '" + text.format + "' is unknown");
    if (text.features != feature_names()) return bad("it is of other features: train it with this version");
    HOMEOSTAT_TRY(auto forest, IsolationForest::from_value(text.forest));
    ForestModel model(std::move(forest), std::move(text.calibration));
    if (!model.is_sound()) {
        return bad("needs trees of " + std::to_string(kFeatures) +
                   " features, and calibration scores from 0 to 1 in ascending order");
    }
    return model;
}

ForestModel::Growth::Growth(std::span<const Row> rows, const ForestConfig& config, std::uint64_t seed) {
    std::vector<float> growing;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto& half = i % 2 == 0 ? growing : calibrating_;
        half.insert(half.end(), rows[i].begin(), rows[i].end());
    }
    auto trees = IsolationForest::Growth::begin(
        std::move(growing),
        {.features = kFeatures, .trees = config.trees, .sample = config.sample, .seed = seed});
    HOMEOSTAT_CHECK(trees.has_value());
    trees_ = *std::move(trees);
}

bool ForestModel::Growth::is_sound() const {
    const bool grown = forest_.trees() > 0;
    return calibrating_.size() % kFeatures == 0 && scores_.size() < calibrating_.size() / kFeatures &&
           (grown ? forest_.features() == kFeatures
                  : trees_.features() == kFeatures && scores_.empty() && !trees_.done());
}

std::optional<ForestModel> ForestModel::Growth::advance() {
    if (forest_.trees() == 0) {
        trees_.add_tree();
        if (trees_.done()) forest_ = trees_.take();
        return std::nullopt;
    }
    const auto scored = scores_.size();
    const auto rows = calibrating_.size() / kFeatures;
    const auto count = std::min(kScoredAtOnce, rows - scored);
    scores_.resize(scored + count);
    forest_.score(std::span(calibrating_).subspan(scored * kFeatures, count * kFeatures),
                  std::span(scores_).subspan(scored));
    if (scored + count < rows) return std::nullopt;
    std::ranges::sort(scores_);
    return ForestModel(std::move(forest_), std::move(scores_));
}

}  // namespace homeostat::detect
