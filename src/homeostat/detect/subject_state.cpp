// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/subject_state.h"

#include <algorithm>
#include <cmath>

#include "homeostat/detect/numeric.h"

namespace homeostat::detect {

using model::Feature;

namespace {

constexpr double kLn10 = 2.302585092994045684;
constexpr double kSystematic = 0.01;  // of the variance of one request, in that of a mean over many
constexpr double kLongestForget = 0.9999;

constexpr std::size_t index(Feature feature) {
    return static_cast<std::size_t>(feature);
}

}  // namespace

bool harms(Feature feature, const Deviation& deviation) {
    const Harm harm = rule_of(feature).harm;
    if (harm == Harm::none || !deviation.notable) return false;
    return harm == Harm::rise ? deviation.score > 0 : deviation.score < 0;
}

namespace {

/// Where an instance's traffic goes is its balancer's choice: its share may change at any time.
bool judged_of(Feature feature, const model::Subject& subject) {
    const bool of_traffic = feature == Feature::rate_rps || feature == Feature::replicas;
    return rule_of(feature).harm != Harm::none && !(subject.is_instance() && of_traffic);
}

}  // namespace

double Silence::surprise() const {
    // Arrivals come in bursts: half the requests of a Poisson stream, and twice the longest normal silence.
    return std::max(0.0, expected_ - 2 * longest_) / 2 / kLn10;
}

void Silence::see(double rate_rps, double expected_rps) {
    expected_ = rate_rps > 0 ? 0 : expected_ + expected_rps;
    peak_ = std::max(peak_, expected_);
}

void Silence::learn() {
    if (expected_ > 0) return;
    longest_ = std::max(longest_ * kLongestForget, peak_);
    peak_ = 0;
}
Load SubjectState::load_of(const model::FeatureWindow& window) const {
    const double rate = window.values.get_or(Feature::rate_rps, 0);
    const auto& channel = channels_[index(Feature::rate_rps)];
    Load load{.requests = rate};
    if (channel.windows() > 0) {
        const double expected = channel.expected(rule_of(Feature::rate_rps));
        load.growth = std::max(1.0, (rate + 1) / (expected + 1));
    }
    load.spread = std::sqrt(1 / std::max(rate, 1.0) + kSystematic);
    return load;
}

std::uint32_t SubjectState::windows_of(Feature feature) const {
    if (feature == Feature::error_rate) return errors_.windows();
    if (feature == Feature::replicas) return replicas_.windows();
    return channels_[index(feature)].windows();
}

void SubjectState::read_feature(Feature feature, double value, Reading& reading) const {
    auto& deviation = reading.deviations[index(feature)];
    if (feature == Feature::error_rate) {
        deviation = errors_.read(value, reading.load.requests);
    } else if (feature == Feature::replicas) {
        deviation = replicas_.read(value);
    } else {
        auto& channel = reading.channels[index(feature)];
        channel = channels_[index(feature)].read(rule_of(feature), value, reading.load);
        deviation = channel.deviation;
    }
}

double SubjectState::surprise(Feature feature, const Deviation& deviation) const {
    if (feature == Feature::error_rate) return errors_.surprise(deviation);
    if (feature == Feature::replicas) return replicas_.surprise(deviation);
    return channels_[index(feature)].surprise(deviation);
}

Reading SubjectState::read(const model::FeatureWindow& window) const {
    Reading reading{.load = load_of(window)};
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<Feature>(i);
        if (window.values.has(feature)) read_feature(feature, window.values.get_or(feature, 0), reading);
    }
    return reading;
}

void SubjectState::weigh(const model::FeatureWindow& window, const DetectConfig& config,
                         std::uint32_t explained, Reading& reading) {
    const auto warm_up = static_cast<std::uint32_t>(config.warm_up);
    double worst = 0;
    double judged = 0;
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<Feature>(i);
        if (!window.values.has(feature) || !judged_of(feature, window.subject)) continue;
        if (windows_of(feature) < warm_up) continue;
        ++judged;
        const auto& deviation = reading.deviations[i];
        if (!harms(feature, deviation) || (explained >> i & 1U) != 0) continue;
        const double surprise = this->surprise(feature, deviation);
        if (surprise > worst) {
            worst = surprise;
            reading.gross = deviation.gross;
        }
    }
    if (worst > 0) reading.surprise = std::max(0.0, worst - numeric::log(judged) / kLn10);
    read_lasting(window, warm_up, reading);
}

void SubjectState::read_lasting(const model::FeatureWindow& window, std::uint32_t warm_up, Reading& reading) {
    const auto& values = window.values;
    if (values.has(Feature::mem_mb)) {
        auto& lasting = reading.lasting[index(Feature::mem_mb)];
        for (auto& trend : memory_) {
            trend.see(values.get_or(Feature::mem_mb, 0));
            lasting = std::max(lasting, trend.surprise());
        }
        constexpr double kSteep = 12;  // a stride like no other, three times in a row
        climb_.see(values.get_or(Feature::mem_mb, 0), reading.load.growth);
        if (climb_.is_steep()) lasting = std::max(lasting, kSteep);
    }
    if (values.has(Feature::error_rate) && errors_.windows() >= warm_up) {
        error_run_.see(values.get_or(Feature::error_rate, 0), reading.load.requests, errors_.expected());
        reading.lasting[index(Feature::error_rate)] = error_run_.surprise();
    }
    const auto& rate = channels_[index(Feature::rate_rps)];
    if (values.has(Feature::rate_rps) && !window.subject.is_instance() && rate.windows() >= warm_up) {
        silence_.see(reading.load.requests, rate.expected(rule_of(Feature::rate_rps)));
        reading.lasting[index(Feature::rate_rps)] = silence_.surprise();
    }
}

void SubjectState::learn(const model::FeatureWindow& window, const Reading& reading) {
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<Feature>(i);
        if (!window.values.has(feature)) continue;
        const double value = window.values.get_or(feature, 0);
        if (feature == Feature::error_rate) {
            errors_.learn(value, reading.load.requests, reading.deviations[i].score);
        } else if (feature == Feature::replicas) {
            replicas_.learn(value);
        } else {
            channels_[i].learn(rule_of(feature), reading.channels[i], reading.load);
        }
    }
    silence_.learn();
    climb_.learn();
    error_run_.learn();
    load_ = reading.load;
    ++windows_;
}

void SubjectState::suspect(const Reading& reading, const model::FeatureWindow& window) {
    errors_.defer(window.values.get_or(Feature::error_rate, 0), reading.load.requests);
    if (suspects_ == kSuspectsMax) return;
    auto& scores = suspected_[suspects_++];
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const bool present = window.values.has(static_cast<Feature>(i));
        scores[i] = present ? static_cast<float>(reading.deviations[i].score) : 0.0F;
    }
}

void SubjectState::suspicion_was_vain() {
    for (std::size_t s = 0; s < suspects_; ++s) {
        for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
            const auto feature = static_cast<Feature>(i);
            const double score = suspected_[s][i];
            if (feature == Feature::replicas) {
                if (score < 0) replicas_.learn_missing();
            } else if (feature == Feature::error_rate) {
                errors_.learn_tail(score);
            } else {
                channels_[i].learn_tail(score);
            }
        }
    }
    suspects_ = 0;
}

void SubjectState::suspicion_was_right() {
    suspects_ = 0;
    silence_.restart();
    error_run_.restart();
    errors_.forget_deferred();
}

void SubjectState::restart(const model::FeatureWindow& window, bool all) {
    const Load load{.requests = window.values.get_or(Feature::rate_rps, 0), .spread = load_of(window).spread};
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<Feature>(i);
        if (!window.values.has(feature)) continue;
        const double value = window.values.get_or(feature, 0);
        if (feature == Feature::replicas) {
            replicas_.restart(value);
        } else if (feature == Feature::error_rate) {
            if (all) errors_.restart(value, load.requests);
        } else if (all || !rule_of(feature).mean_of_requests) {
            channels_[i].restart(rule_of(feature), value, load);
        }
    }
    for (auto& trend : memory_) trend.restart();
    silence_.restart();
    if (all) error_run_.restart();
    suspects_ = 0;
}

Range SubjectState::range(Feature feature, const Load& load) const {
    if (feature == Feature::error_rate) return errors_.range(load.requests);
    if (feature == Feature::replicas) {
        return {.low = replicas_.expected(), .median = replicas_.expected(), .high = replicas_.expected()};
    }
    return channels_[index(feature)].range(rule_of(feature), load);
}

Baseline SubjectState::baseline() const {
    Baseline baseline{.windows = windows_};
    for (std::size_t i = 0; i < model::kFeatureCount; ++i) {
        const auto feature = static_cast<Feature>(i);
        if (windows_of(feature) == 0) continue;
        const Load usual{.requests = load_.requests, .spread = load_.spread};
        baseline.features[i] = range(feature, usual);
    }
    return baseline;
}

}  // namespace homeostat::detect
