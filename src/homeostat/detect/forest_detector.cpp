// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/forest_detector.h"

#include <utility>

#include "homeostat/base/prng.h"

namespace homeostat::detect {
namespace {

constexpr std::uint64_t kKeepOneIn = 16;  // rows of neighbouring windows are alike
constexpr int kPartsAtOnce = 8;           // of a growth, however many windows end at one moment

}  // namespace

ForestDetector::ForestDetector(const ForestConfig& config, ForestModel model)
    : config_(config), model_(std::move(model)) {}

void ForestDetector::learn(const ForestModel::Row& row, EventTime end) {
    // The generator is seeded by the count of rows, so that the count is all there is to save.
    Prng random(static_cast<std::uint64_t>(config_.seed) ^ static_cast<std::uint64_t>(++seen_) << 20U);
    if (!model_.ready() || random.below(kKeepOneIn) == 0) {
        const auto capacity = static_cast<std::size_t>(config_.reservoir);
        if (rows_.size() < capacity) {
            rows_.push_back(row);
        } else {
            rows_[random.below(capacity)] = row;  // forgets at random, so recent rows prevail
        }
    }
    if (growth_) return go_on_growing(end);
    const bool outdated = model_.ready() && seen_ - grown_at_ >= config_.refresh_windows;
    if (rows_.size() < rows_least() || (rows_.size() < 2 * model_.rows() && !outdated)) return;
    grown_at_ = seen_;
    growth_ = growth();
}

void ForestDetector::go_on_growing(EventTime end) {
    if (end == grown_until_) return;
    grown_until_ = end;
    for (int part = 0; part < kPartsAtOnce; ++part) {
        auto model = growth_->advance();
        if (!model) continue;
        model_ = *std::move(model);
        growth_.reset();
        return;
    }
}

ForestModel::Growth ForestDetector::growth() const {
    return {rows_, config_, static_cast<std::uint64_t>(config_.seed + seen_)};
}

Result<ForestModel> ForestDetector::train() const {
    if (rows_.size() < rows_least()) {
        return fail(ErrorCode::failed_precondition,
                    "forest model: the history has " + std::to_string(rows_.size()) +
                        " normal windows of services past their warm-up, and " +
                        std::to_string(rows_least()) +
                        " are needed: give a longer history or a smaller detect.forest.sample");
    }
    for (auto making = growth();;) {
        if (auto model = making.advance()) return *std::move(model);
    }
}

}  // namespace homeostat::detect
