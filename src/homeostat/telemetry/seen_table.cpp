// SPDX-License-Identifier: Apache-2.0
#include "homeostat/telemetry/seen_table.h"

#include <algorithm>
#include <utility>

#include "homeostat/base/check.h"

namespace homeostat::telemetry {
namespace {

constexpr std::size_t kFirstSlots = 4096;
constexpr std::uint64_t kInsteadOfZero = 0x9e3779b97f4a7c15U;  // 0 marks a free slot

}  // namespace

std::size_t SeenTable::Generation::slot_of(std::uint64_t fingerprint) const {
    const std::size_t mask = slots.size() - 1;
    std::size_t slot = fingerprint & mask;
    while (slots[slot] != 0 && slots[slot] != fingerprint) slot = (slot + 1) & mask;
    return slot;
}

bool SeenTable::Generation::contains(std::uint64_t fingerprint) const {
    return used > 0 && slots[slot_of(fingerprint)] != 0;
}

void SeenTable::Generation::grow() {
    const auto before = std::exchange(slots, std::vector<std::uint64_t>(slots.size() * 2));
    for (const auto fingerprint : before) {
        if (fingerprint != 0) slots[slot_of(fingerprint)] = fingerprint;
    }
}

void SeenTable::Generation::clear() {
    if (used > 0) std::ranges::fill(slots, 0U);
    used = 0;
}

SeenTable::SeenTable(SeenConfig config) : config_(config) {
    HOMEOSTAT_CHECK(config.window > Duration::zero() && config.entries_max > 0);
    young_.slots.resize(kFirstSlots);
    old_.slots.resize(kFirstSlots);
}

void SeenTable::advance(EventTime now) {
    const auto windows = (now - young_since_) / config_.window;
    if (windows < 1) return;
    if (windows >= 2) young_.clear();  // after such a pause nothing of it is within two windows
    rotate();
    young_since_ += windows * config_.window;
}

void SeenTable::expect(std::uint64_t fingerprint) const {
    __builtin_prefetch(&young_.slots[fingerprint & (young_.slots.size() - 1)], 1);
    __builtin_prefetch(&old_.slots[fingerprint & (old_.slots.size() - 1)]);
}

bool SeenTable::insert(std::uint64_t fingerprint) {
    if (fingerprint == 0) fingerprint = kInsteadOfZero;
    if (old_.contains(fingerprint)) return false;
    const auto slot = young_.slot_of(fingerprint);
    if (young_.slots[slot] != 0) return false;
    if (young_.used >= config_.entries_max) {
        rotate();
        ++early_rotations_;
        return insert(fingerprint);
    }
    young_.slots[slot] = fingerprint;
    if (++young_.used * 2 > young_.slots.size()) young_.grow();
    return true;
}

void SeenTable::rotate() {
    std::swap(young_, old_);
    young_.clear();
}

}  // namespace homeostat::telemetry
