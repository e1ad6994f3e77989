// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/vote.h"

#include <algorithm>

#include "homeostat/detect/numeric.h"

namespace homeostat::detect {
namespace {

constexpr double kDrift = 1;
constexpr double kLundberg = 0.863;
constexpr double kSurpriseMax = 30;
constexpr double kNormalSurprise = 1;  // p > 0.1

}  // namespace

double Vote::threshold(const DetectConfig& config) {
    return -numeric::log(config.false_alarm_rate) / 2.302585092994045684 / kLundberg;
}

VoteState Vote::add(const Evidence& evidence, EventTime window_end, const DetectConfig& config) {
    const double needed = threshold(config);
    const double cap = evidence.gross ? kSurpriseMax : needed / config.windows_to_open + kDrift;
    const double before = sum_;
    sum_ = std::max(0.0, before + std::min(evidence.surprise, cap) - kDrift);
    const bool abnormal = sum_ >= needed || evidence.lasting >= needed;
    if (before == 0 && !open_) onset_ = window_end;

    if (!open_) {
        if (!abnormal) return sum_ > 0 ? VoteState::suspected : VoteState::normal;
        open_ = true;
        normal_run_ = 0;
        return VoteState::opened;
    }
    const bool calm = evidence.surprise < kNormalSurprise && evidence.lasting < needed / 2;
    normal_run_ = calm ? normal_run_ + 1 : 0;
    if (normal_run_ < config.windows_to_clear) return VoteState::ongoing;
    reset();
    return VoteState::cleared;
}

}  // namespace homeostat::detect
