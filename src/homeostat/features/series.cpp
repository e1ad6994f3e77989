// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/series.h"

#include <algorithm>

namespace homeostat::features {

WindowAccumulator* AccumulatorPool::take() {
    if (free_.empty()) {
        free_.push_back(owned_.emplace_back(std::make_unique<WindowAccumulator>()).get());
        free_.reserve(owned_.capacity());
    }
    auto* accumulator = free_.back();
    free_.pop_back();
    return accumulator;
}

void AccumulatorPool::give_back(WindowAccumulator* accumulator) {
    accumulator->clear();
    free_.push_back(accumulator);
}

bool OpenWindows::empty() const {
    return std::ranges::all_of(places_, [](const auto* place) { return place == nullptr; });
}

void OpenWindows::close(Second second, AccumulatorPool& pool) {
    auto*& place = places_[index(second)];
    if (place == nullptr) return;
    pool.give_back(place);
    place = nullptr;
}

void OpenWindows::close_all(AccumulatorPool& pool) {
    for (auto*& place : places_) {
        if (place != nullptr) pool.give_back(place);
        place = nullptr;
    }
}

bool Service::reported_in(Second second) const {
    return std::ranges::any_of(
        instances, [second](const auto& entry) { return entry.second.windows.find(second) != nullptr; });
}

}  // namespace homeostat::features
