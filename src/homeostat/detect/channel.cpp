// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/channel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "homeostat/detect/numeric.h"

namespace homeostat::detect {
namespace {

constexpr double kUsualWindows = 1800;  // the long memory of the location
constexpr double kSpreadWindows = 300;
constexpr double kClip = 3;                    // Huber: a residual counts for no more spreads than this
constexpr double kDeviationToSpread = 1.2533;  // of the mean absolute deviation of a normal variable
constexpr double kIntervalP = 0.01;            // of the expected interval

constexpr std::array<FeatureRule, model::kFeatureCount> kRules{{
    // rate_rps: lesser falls show in what causes them
    {.harm = Harm::fall,
     .scaling = Scaling::square_root,
     .scale_min = 1,
     .scale_prior = 2,
     .effect_min = 5,
     .effect_min_ratio = 0.85,
     .effect_gross = 10,
     .effect_gross_ratio = 0.9,
     .memory = 30,
     .returns = true},
    // error_rate: see ErrorChannel
    {.harm = Harm::rise, .effect_min = 0.015, .effect_gross = 0.1},
    // latency_ms, p50, p95, p99
    {.harm = Harm::rise,
     .offset = 0.1,
     .scale_min = 0.2,
     .scale_prior = 1,
     .effect_min = 2,
     .effect_min_ratio = 0.35,
     .effect_gross = 8,
     .effect_gross_ratio = 1.5,
     .mean_of_requests = true},
    {.harm = Harm::rise,
     .offset = 0.1,
     .scale_min = 0.2,
     .scale_prior = 1,
     .effect_min = 2,
     .effect_min_ratio = 0.35,
     .effect_gross = 8,
     .effect_gross_ratio = 1.5,
     .mean_of_requests = true},
    {.harm = Harm::rise,
     .offset = 0.1,
     .scale_min = 0.3,
     .scale_prior = 1.5,
     .effect_min = 3,
     .effect_min_ratio = 0.7,
     .effect_gross = 10,
     .effect_gross_ratio = 2,
     .mean_of_requests = true},
    {.harm = Harm::none,
     .offset = 0.1,
     .scale_min = 0.3,
     .scale_prior = 2,
     .effect_min = 5,
     .effect_min_ratio = 1,
     .effect_gross = 20,
     .effect_gross_ratio = 4,
     .mean_of_requests = true},
    // cpu_pct
    {.harm = Harm::rise,
     .offset = 5,
     .scale_min = 0.05,
     .scale_prior = 0.2,
     .effect_min = 15,
     .effect_min_ratio = 0.4,
     .effect_gross = 30,
     .effect_gross_ratio = 1,
     .grows_with_load = true,
     .memory = 60,
     .returns = true},
    // mem_mb: a jump; its slow growth is MemoryTrend's
    {.harm = Harm::rise,
     .offset = 8,
     .scale_min = 0.03,
     .scale_prior = 0.15,
     .effect_min = 16,
     .effect_min_ratio = 0.3,
     .effect_gross = 64,
     .effect_gross_ratio = 1,
     .memory = 60,
     .returns = true},
    // in_flight
    {.harm = Harm::rise,
     .offset = 1,
     .scale_min = 0.1,
     .scale_prior = 0.4,
     .effect_min = 4,
     .effect_min_ratio = 1,
     .effect_gross = 10,
     .effect_gross_ratio = 3,
     .grows_with_load = true,
     .memory = 60,
     .returns = true},
    // restarts
    {.harm = Harm::none,
     .scaling = Scaling::square_root,
     .scale_min = 0.2,
     .scale_prior = 0.2,
     .effect_min = 0.5},
    // replicas: see ReplicaChannel
    {.harm = Harm::fall, .effect_min = 0.5},
    // log_error_rate
    {.harm = Harm::none,
     .scaling = Scaling::square_root,
     .scale_min = 1,
     .scale_prior = 1,
     .effect_min = 2,
     .effect_min_ratio = 1},
    // new_log_templates
    {.harm = Harm::none,
     .scaling = Scaling::square_root,
     .scale_min = 0.5,
     .scale_prior = 1,
     .effect_min = 0.5},
}};

double scale(const FeatureRule& rule, double value) {
    if (rule.scaling == Scaling::square_root) return 2 * std::sqrt(value);
    return numeric::log(value + rule.offset);
}

double unscale(const FeatureRule& rule, double scaled) {
    if (rule.scaling == Scaling::square_root) return scaled <= 0 ? 0 : scaled * scaled / 4;
    return std::max(0.0, numeric::exp(scaled) - rule.offset);
}

/// Load explains that much more of a feature that grows with it.
double at_usual_load(const FeatureRule& rule, double value, const Load& load) {
    return rule.grows_with_load ? value / load.growth : value;
}

}  // namespace

const FeatureRule& rule_of(model::Feature feature) {
    return kRules[static_cast<std::size_t>(feature)];
}

Deviation deviation_from(const FeatureRule& rule, double scaled, double expected, double spread) {
    Deviation deviation{.score = (scaled - expected) / spread};
    if (std::abs(deviation.score) <= Tail::kLower) return deviation;
    const double value = unscale(rule, scaled);
    const double usual = unscale(rule, expected);
    const double effect = std::abs(value - usual);
    deviation.notable = effect >= rule.effect_min && effect >= rule.effect_min_ratio * usual;
    deviation.gross = deviation.notable && rule.harm != Harm::none && effect >= rule.effect_gross &&
                      effect >= rule.effect_gross_ratio * usual;
    return deviation;
}

Channel::Reading Channel::read(const FeatureRule& rule, double value, const Load& load) const {
    const double usual = at_usual_load(rule, value, load);
    Reading reading{.scaled = scale(rule, usual)};
    if (windows_ == 0) return reading;
    const double spread = std::max(spread_, rule.scale_min) * spread_factor(rule, load);
    double reference = level_;
    if (rule.returns && std::abs(reading.scaled - usual_) < std::abs(reading.scaled - level_))
        reference = usual_;
    reading.deviation = deviation_from(rule, reading.scaled, reference, spread);
    return reading;
}

double Channel::surprise(const Deviation& deviation) const {
    return tail_.surprise(std::abs(deviation.score));
}

void Channel::learn(const FeatureRule& rule, const Reading& reading, const Load& load) {
    if (windows_ == 0) {
        level_ = usual_ = reading.scaled;
        spread_ = rule.scale_prior;
        windows_ = 1;
        return;
    }
    const double factor = std::max(spread_, rule.scale_min) * spread_factor(rule, load);
    const double clipped = std::clamp((reading.scaled - level_) / factor, -kClip, kClip);
    const double from_usual = std::clamp((reading.scaled - usual_) / factor, -kClip, kClip);
    const double age = windows_;
    level_ += clipped * factor / std::min(age + 1, rule.memory);
    usual_ += from_usual * factor / std::min(age + 1, kUsualWindows);
    const double deviation = std::abs(clipped) * std::max(spread_, rule.scale_min) * kDeviationToSpread;
    spread_ += (deviation - spread_) / std::min(age + 5, kSpreadWindows);
    // The first residuals are against a location that is itself a guess: they say little of the tail.
    if (windows_ >= 10) learn_tail(reading.deviation.score);
    ++windows_;
}

void Channel::restart(const FeatureRule& rule, double value, const Load& load) {
    level_ = usual_ = scale(rule, at_usual_load(rule, value, load));
    windows_ = std::min<std::uint32_t>(windows_, 5);
}

double Channel::expected(const FeatureRule& rule) const {
    return unscale(rule, level_);
}

Range Channel::range(const FeatureRule& rule, const Load& load) const {
    const double reach =
        tail_.quantile(kIntervalP) * std::max(spread_, rule.scale_min) * spread_factor(rule, load);
    const double growth = rule.grows_with_load ? load.growth : 1;
    return {.low = unscale(rule, level_ - reach),
            .median = unscale(rule, level_),
            .high = unscale(rule, level_ + reach) * growth};
}

namespace {

constexpr double kErrorWindows = 300;      // the memory of a busy subject,
constexpr double kErrorRequests = 6000;    // of one with less traffic,
constexpr double kErrorWindowsMax = 3600;  // and its bound
constexpr double kErrorShareMin = 0.002;   // nothing is expected to fail less often than this
constexpr double kPriorFailed = 0.5;       // one failure in a hundred requests, before data
constexpr double kPriorTotal = 50;
constexpr double kGrossFailed = 5;  // requests

/// n · KL(observed ‖ expected) of a Bernoulli variable, in nats: the exponent of Chernoff's bound.
double divergence(double observed, double expected, double requests) {
    double sum = 0;
    if (observed > 0) sum += observed * numeric::log(observed / expected);
    if (observed < 1) sum += (1 - observed) * numeric::log((1 - observed) / (1 - expected));
    return std::max(0.0, sum) * requests;
}

}  // namespace

double ErrorChannel::expected() const {
    const double share = (failed_ + kPriorFailed) / (total_ + kPriorTotal);
    // What few requests leave open is decided in the subject's favour: two standard deviations.
    const double total = std::max(total_, 1.0);
    return std::clamp(share + 2 * std::sqrt(share / total) + 2 / total, kErrorShareMin, 0.999);
}

Deviation ErrorChannel::read(double error_rate, double requests) const {
    if (requests <= 0) return {};
    const double usual = expected();
    if (error_rate <= usual) return {};  // fewer failures than usual are no news
    const auto& rule = rule_of(model::Feature::error_rate);
    // Signed root of the deviance: near a standard normal variable when nothing is wrong.
    Deviation deviation{.score = std::sqrt(2 * divergence(error_rate, usual, requests))};
    const double effect = error_rate - usual;
    deviation.notable = effect >= rule.effect_min;
    deviation.gross = effect >= rule.effect_gross && error_rate * requests >= kGrossFailed;
    return deviation;
}

void ErrorChannel::learn(double error_rate, double requests, double score) {
    if (requests > 0) {
        // A burst of failures that is not yet known to be an outage moves the expectation by little.
        const double learned = score > kClip ? error_rate * kClip / score : error_rate;
        const double decay =
            1 - std::clamp(requests / kErrorRequests, 1 / kErrorWindowsMax, 1 / kErrorWindows);
        failed_ = failed_ * decay + learned * requests + deferred_failed_;
        total_ = total_ * decay + requests + deferred_total_;
        forget_deferred();
        if (windows_ >= 10) tail_.learn(score);
    }
    ++windows_;
}

void ErrorChannel::defer(double error_rate, double requests) {
    deferred_failed_ += error_rate * requests;
    deferred_total_ += requests;
}

void ErrorChannel::restart(double error_rate, double requests) {
    failed_ = error_rate * requests * 5;
    total_ = requests * 5;
}

Range ErrorChannel::range(double requests) const {
    const double usual = expected();
    const double reach = tail_.quantile(kIntervalP);
    const double spread = std::sqrt(usual * (1 - usual) / std::max(requests, 1.0));
    return {.low = std::max(0.0, usual - reach * spread),
            .median = usual,
            .high = std::min(1.0, usual + reach * spread)};
}

namespace {

constexpr std::array<double, 2> kFailingMore = {0.02, 0.2};  // the two alternatives
constexpr double kExpectedSlack = 1.5;  // failures come in clusters: more than their average is normal
constexpr double kHighestForget = 0.9999;
constexpr double kRatioMax = 60;
constexpr double kRecovered = 7;  // fall of a ratio that ends a run: failing on is 1000 times less likely
constexpr double kHeavy = 14;     // a ratio that speaks for the heavy alternative
constexpr double kLn10 = 2.302585092994045684;

}  // namespace

double ErrorRun::surprise() const {
    return std::max(0.0, std::max(ratios_[0], ratios_[1]) - 1.5 * highest_) / kLn10;
}

void ErrorRun::see(double error_rate, double requests, double expected) {
    const double normal = std::min(expected * kExpectedSlack, 0.7);
    const double failed = error_rate * requests;
    for (std::size_t i = 0; i < ratios_.size(); ++i) {
        if (failed == 0 && ratios_[i] == 0) continue;
        const double failing = normal + kFailingMore[i];
        const double ratio = failed * numeric::log(failing / normal) +
                             (requests - failed) * numeric::log((1 - failing) / (1 - normal));
        ratios_[i] = std::clamp(ratios_[i] + ratio, 0.0, kRatioMax);
        peaks_[i] = std::max(peaks_[i], ratios_[i]);
    }
    const bool slight_is_over = peaks_[0] - ratios_[0] >= kRecovered;
    const bool heavy_is_over = peaks_[1] >= kHeavy && peaks_[1] - ratios_[1] >= kRecovered;
    if (slight_is_over || heavy_is_over) {
        run_ended_at_ = std::max({run_ended_at_, peaks_[0], peaks_[1]});
        ratios_ = peaks_ = {};
    }
}

void ErrorRun::learn() {
    highest_ = std::max(highest_ * kHighestForget, std::exchange(run_ended_at_, 0.0));
}

namespace {

constexpr std::uint32_t kSettledWindows = 5;  // in which a number must be seen to be the usual one
constexpr std::uint32_t kReplicaGrace = 10;
constexpr double kMissingWindows = 600;
constexpr double kMissingMin = 1e-7;

}  // namespace

Deviation ReplicaChannel::read(double replicas) const {
    if (grace_ > 0 || replicas >= usual_) return {};
    const double lost = usual_ - replicas;
    return {
        .score = -3 * lost, .notable = lost >= rule_of(model::Feature::replicas).effect_min, .gross = true};
}

double ReplicaChannel::surprise(const Deviation& deviation) const {
    if (deviation.score >= 0) return 0;
    return -numeric::log(missing_share_ + kMissingMin) / 2.302585092994045684;
}

void ReplicaChannel::learn(double replicas) {
    run_ = replicas == last_ ? run_ + 1 : 1;
    last_ = replicas;
    const bool settled = run_ >= kSettledWindows;
    if (replicas > usual_ || (settled && grace_ > 0) || windows_ < kSettledWindows) usual_ = replicas;
    const double missing = replicas < usual_ && grace_ == 0 ? 1.0 : 0.0;
    missing_share_ += (missing - missing_share_) / kMissingWindows;
    if (grace_ > 0) --grace_;
    ++windows_;
}

void ReplicaChannel::learn_missing() {
    missing_share_ += (1 - missing_share_) / kMissingWindows;
}

void ReplicaChannel::expect_change() {
    grace_ = kReplicaGrace;
}

void ReplicaChannel::restart(double replicas) {
    usual_ = last_ = replicas;
    run_ = 1;
}

}  // namespace homeostat::detect
