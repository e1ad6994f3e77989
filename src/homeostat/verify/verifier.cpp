// SPDX-License-Identifier: Apache-2.0
#include "homeostat/verify/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

namespace homeostat::verify {
namespace {

using model::Feature;

bool is_latency(Feature feature) {
    switch (feature) {
        case Feature::latency_ms:
        case Feature::latency_p50_ms:
        case Feature::latency_p95_ms:
        case Feature::latency_p99_ms: return true;
        case Feature::rate_rps:
        case Feature::error_rate:
        case Feature::cpu_pct:
        case Feature::mem_mb:
        case Feature::in_flight:
        case Feature::restarts:
        case Feature::replicas:
        case Feature::log_error_rate:
        case Feature::new_log_templates: break;
    }
    return false;
}

/// The load of a surge goes on after there is room for it: a busy service may take so much longer and be
/// well.
constexpr double kBusy = 1.75;

/// Features that say how well requests are served. What merely went along with the fault (more load, a
/// restart, new log lines) may stay as it is.
bool is_sli(Feature feature) {
    return feature == Feature::error_rate || is_latency(feature);
}

/// A percentile of fewer requests than this is merely the slowest of them.
double requests_for(Feature feature) {
    if (feature == Feature::latency_p99_ms) return 100;
    return feature == Feature::latency_p95_ms ? 20 : 0;
}

/// The resource that a cause eats up, and that a cure must free.
std::optional<Feature> resource_of(model::CauseKind cause) {
    if (cause == model::CauseKind::cpu_burn) return Feature::cpu_pct;
    if (cause == model::CauseKind::memory_leak) return Feature::mem_mb;
    return std::nullopt;
}

}  // namespace

Verifier::Verifier(VerifyConfig config, VerifyRequest request)
    : config_(config),
      request_(std::move(request)),
      soak_seconds_(std::max<std::int64_t>(1, (request_.spec.soak + kPulse - Duration{1}) / kPulse)) {
    if (std::ranges::none_of(request_.watched, [&](const auto& watched) { return is_culprit(watched); })) {
        request_.watched.push_back({.subject = {.service = request_.service}});
    }
    bool ailed = false;
    for (std::size_t i = 0; i < request_.watched.size(); ++i) {
        const auto& watched = request_.watched[i];
        all_.push_back(i);
        if (!is_core(watched)) continue;
        core_.push_back(i);
        ailed = ailed || !watched.findings.empty();
    }
    if (!ailed) core_.clear();
}

Result<Verifier> Verifier::create(VerifyConfig config, VerifyRequest request) {
    const auto& spec = request.spec;
    if (spec.soak > kMaxSoak) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("soak: {} is longer than {}; choose a shorter one",
                                format_duration(spec.soak), format_duration(kMaxSoak)));
    }
    if (spec.initial_delay < Duration::zero() || spec.soak < Duration::zero() ||
        spec.initial_delay + spec.soak > spec.deadline) {
        return fail(
            ErrorCode::invalid_argument,
            fmt::format("deadline: {} leaves no room for the initial delay {} and the soak {}; choose "
                        "a later one",
                        format_duration(spec.deadline), format_duration(spec.initial_delay),
                        format_duration(spec.soak)));
    }
    return Verifier{config, std::move(request)};
}

std::optional<model::Verification> Verifier::observe(Instant now,
                                                     std::span<const model::FeatureWindow> windows,
                                                     std::span<const model::InstanceId> missing) {
    for (const auto& window : windows) take(now, window);
    soaked_ = missing.empty() && look_back(all_, soak_seconds_).good;
    const bool due = now.loop >= request_.acted_at.loop + request_.spec.deadline;
    if (missing.empty()) {
        if (auto recovery = recovered(now, due)) return recovery;
    }
    if (script_ == model::VerificationOutcome::not_recovered) {
        return conclude(*script_, now, "the playbook's script says that it has failed");
    }
    if (script_ == model::VerificationOutcome::inconclusive) {
        return conclude(*script_, now, "the playbook's script could not tell");
    }
    if (!due) return std::nullopt;
    if (missing.empty()) return at_deadline(now);
    return conclude(model::VerificationOutcome::not_recovered, now,
                    fmt::format("{} of {} is not there", missing.front().value(), request_.service.value()));
}

/// Success, if all are well, or if the culprit is and the others have been waited for.
std::optional<model::Verification> Verifier::recovered(Instant now, bool due) {
    const auto others = due ? 0 : kOthersFollow / kPulse;
    if (!soaked_ && !core_.empty() && !request_.spec.script && look_back(core_, soak_seconds_ + others).good)
        return helped(now);
    if (!soaked_) return std::nullopt;
    if (!request_.spec.script) {
        return conclude(
            model::VerificationOutcome::recovered, now,
            fmt::format("{} has been well for {} s, under traffic", request_.service.value(), soak_seconds_));
    }
    if (script_ != model::VerificationOutcome::recovered) return std::nullopt;
    return conclude(*script_, now,
                    request_.service.value() + " is well, and the playbook's script says so too");
}

model::Verification Verifier::helped(Instant now) {
    constexpr std::size_t kNamed = 3;
    std::string names;
    for (const auto index : all_) {
        const std::size_t one[] = {index};
        if (look_back(one, soak_seconds_).good) continue;
        remaining_.push_back(request_.watched[index].subject);
        if (remaining_.size() <= kNamed)
            names += (names.empty() ? "" : ", ") + to_string(request_.watched[index].subject);
    }
    if (remaining_.size() > kNamed) names += fmt::format(" and {} more", remaining_.size() - kNamed);
    return conclude(
        model::VerificationOutcome::recovered, now,
        fmt::format("{} is well again; something else still ails {}", request_.service.value(), names));
}

void Verifier::on_script(std::optional<int> exit_code) {
    script_ = exit_code == 0   ? model::VerificationOutcome::recovered
              : exit_code == 1 ? model::VerificationOutcome::not_recovered
                               : model::VerificationOutcome::inconclusive;
}

void Verifier::take(Instant now, const model::FeatureWindow& window) {
    const auto shows_from = request_.acted_at.event + request_.spec.initial_delay;
    const bool in_time = window.end - window.length >= shows_from && window.end <= now.event + kLateness;
    if (window.length != kPulse || !in_time) return;
    const auto watched = std::ranges::find(request_.watched, window.subject, &Watched::subject);
    if (watched == request_.watched.end()) return;

    auto& second = seconds_.try_emplace(window.end, request_.watched.size()).first->second;
    const auto index = static_cast<std::size_t>(watched - request_.watched.begin());
    second[index] = judge(*watched, window);
    const bool newer = window.end >= latest_end_ && window.freshness == model::Freshness::fresh;
    if (newer && is_culprit(*watched)) {
        latest_ = window.values;
        latest_end_ = window.end;
    }
    if (seconds_.size() > kMaxSeconds) seconds_.erase(seconds_.begin());
}

Verifier::Seen Verifier::judge(const Watched& watched, const model::FeatureWindow& window) const {
    const auto name = to_string(watched.subject);
    if (window.freshness == model::Freshness::stale) {
        return {.state = State::stale, .trouble = name + " sends no telemetry"};
    }
    Seen seen{.state = State::good, .rate_rps = window.values.get_or(Feature::rate_rps, 0)};
    const auto replicas = window.values.get(Feature::replicas);
    if (is_culprit(watched) && replicas && *replicas < 1) {
        return {.state = State::bad, .trouble = "no replica of " + name + " is left"};
    }
    const bool other = !is_culprit(watched);
    for (const auto& criterion : limits_of(watched)) {
        const auto value = window.values.get(criterion.feature);
        // Without requests there is no error and no latency: that is no proof, and no fault either.
        if (!value && is_sli(criterion.feature)) continue;
        if (other && seen.rate_rps < requests_for(criterion.feature)) continue;
        const auto limit = limit_of(watched, criterion);
        if (value && *value <= limit) continue;
        seen.state = value ? State::bad : State::stale;
        seen.trouble =
            value ? fmt::format("{}: {} is {:.4g}; well is at most {:.4g}", name,
                                homeostat::to_string(criterion.feature), *value, limit)
                  : fmt::format("{} does not report {}", name, homeostat::to_string(criterion.feature));
        if (value) break;
    }
    return seen;
}

bool Verifier::is_culprit(const Watched& watched) const {
    return watched.subject.is_service() && watched.subject.service == request_.service;
}

std::vector<model::Criterion> Verifier::limits_of(const Watched& watched) const {
    const bool by_criteria = is_culprit(watched) && !request_.spec.criteria.empty();
    auto limits = by_criteria ? request_.spec.criteria : expected_limits(watched);
    const bool has_error_rate = std::ranges::any_of(
        limits, [](const auto& criterion) { return criterion.feature == Feature::error_rate; });
    // Whatever the fault was, a cure that makes requests fail is none.
    if (!has_error_rate) limits.push_back({.feature = Feature::error_rate, .at_most_of_baseline = 1});
    return limits;
}

std::vector<model::Criterion> Verifier::expected_limits(const Watched& watched) const {
    const auto resource =
        watched.subject.service == request_.service ? resource_of(request_.cause) : std::nullopt;
    std::vector<model::Criterion> limits;
    for (const auto& finding : watched.findings) {
        if (!is_sli(finding.feature) && finding.feature != resource) continue;
        auto limit = finding.expected_high * (1 + config_.interval_slack);
        if (is_latency(finding.feature)) limit += config_.latency_slack_ms;
        if (is_latency(finding.feature) && request_.cause == model::CauseKind::load_surge)
            limit = std::max(limit, kBusy * watched.baseline.get_or(finding.feature, 0));
        if (finding.feature == Feature::error_rate) {
            limit =
                std::max(limit, watched.baseline.get_or(Feature::error_rate, 0) + config_.error_rate_slack);
        }
        // Tolerance is for what is left of a fault, not for the whole of a small one: half of it must be
        // gone.
        const double half_way = std::midpoint(watched.baseline.get_or(finding.feature, 0), finding.observed);
        limit = std::min(limit, std::max(finding.expected_high, half_way));
        limits.push_back({.feature = finding.feature, .at_most = limit});
    }
    return limits;
}

double Verifier::limit_of(const Watched& watched, const model::Criterion& criterion) const {
    auto limit = criterion.at_most.value_or(std::numeric_limits<double>::infinity());
    if (!criterion.at_most_of_baseline) return limit;
    // A baseline of zero errors must not make the first error a failure.
    auto of_baseline = *criterion.at_most_of_baseline * watched.baseline.get_or(criterion.feature, 0);
    if (criterion.feature == Feature::error_rate) of_baseline += config_.error_rate_slack;
    if (is_latency(criterion.feature)) of_baseline += config_.latency_slack_ms;
    return std::min(limit, of_baseline);
}

/// Whether it is what the act was for: the culprit, its instance if one is to blame, and the calls to it; of
/// a lost dependency also its own calls.
bool Verifier::is_core(const Watched& watched) const {
    const auto& subject = watched.subject;
    if (subject.is_edge() && *subject.callee == request_.service) return true;
    if (subject.is_instance() && subject.instance != request_.instance) return false;
    return subject.service == request_.service &&
           (!subject.is_edge() || request_.cause == model::CauseKind::lost_dependency);
}

/// Whether all that must report have done so in a second.
bool Verifier::has_reported(const Second& second, std::span<const std::size_t> whom) const {
    return std::ranges::none_of(whom, [&](std::size_t i) {
        return second[i].state == State::missing && !request_.watched[i].subject.is_instance();
    });
}

/// The newest `length` seconds of these watched, whose last was reported by all that must report.
Verifier::Soak Verifier::look_back(std::span<const std::size_t> whom, std::int64_t length) const {
    const auto last = std::find_if(seconds_.rbegin(), seconds_.rend(),
                                   [&](const auto& item) { return has_reported(item.second, whom); });
    if (last == seconds_.rend()) return {};

    Soak soak{.seen = true};
    for (std::int64_t back = 0; back < length; ++back) {
        const auto found = seconds_.find(last->first - back * kPulse);
        if (found == seconds_.end() || !has_reported(found->second, whom)) {
            soak.seen = false;
            break;
        }
        for (const auto i : whom) {
            const auto& seen = found->second[i];
            if (seen.state != State::stale || request_.watched[i].subject.is_instance()) continue;
            soak.seen = false;
            if (soak.trouble.empty()) soak.trouble = seen.trouble;
        }
    }
    bool steady = true;
    soak.traffic = true;
    for (const auto i : whom) steady = is_steady(last->first, length, i, soak.trouble) && steady;
    for (const auto i : whom)
        soak.traffic = soak.traffic && carries_traffic(last->first, length, i, soak.trouble);
    soak.good = soak.seen && soak.traffic && steady;
    return soak;
}

/// Whether a subject had no more bad seconds than are tolerated in the `length` seconds that end at `end`.
bool Verifier::is_steady(EventTime end, std::int64_t length, std::size_t index, std::string& trouble) const {
    const bool culprit = is_culprit(request_.watched[index]);
    std::uint32_t bad = 0;
    bool last_is_bad = false;
    const Seen* newest = nullptr;
    for (std::int64_t back = 0; back < length; ++back) {
        const auto found = seconds_.find(end - back * kPulse);
        if (found == seconds_.end() || found->second[index].state != State::bad) continue;
        ++bad;
        last_is_bad = last_is_bad || back == 0;
        if (newest == nullptr) newest = &found->second[index];
    }
    const bool steady = culprit ? bad <= config_.glitches && !last_is_bad : bad <= config_.glitches_of_others;
    if (!steady && trouble.empty()) trouble = newest->trouble;
    return steady;
}

/// Whether a service or an edge has carried its share of traffic over the `length` seconds that end at `end`.
bool Verifier::carries_traffic(EventTime end, std::int64_t length, std::size_t index,
                               std::string& trouble) const {
    const auto& watched = request_.watched[index];
    if (watched.subject.is_instance()) return true;
    double sum = 0;
    for (std::int64_t back = 0; back < length; ++back) {
        const auto found = seconds_.find(end - back * kPulse);
        if (found != seconds_.end()) sum += found->second[index].rate_rps;
    }
    const auto mean = sum / static_cast<double>(length);
    const auto baseline = watched.baseline.get(Feature::rate_rps);
    const bool enough = baseline ? mean >= *baseline * config_.min_traffic_share : mean > 0;
    if (!enough && trouble.empty()) {
        trouble = fmt::format("{} carries {:.3g} requests a second{}: too few to prove a recovery",
                              to_string(watched.subject), mean,
                              baseline ? fmt::format(", before the fault {:.3g}", *baseline) : "");
    }
    return enough;
}

model::Verification Verifier::at_deadline(Instant now) const {
    using enum model::VerificationOutcome;
    const auto oldest = now.event - soak_seconds_ * kPulse - kLateness;
    for (auto item = seconds_.rbegin(); item != seconds_.rend() && item->first > oldest; ++item) {
        const auto bad = std::ranges::find(item->second, State::bad, &Seen::state);
        if (bad != item->second.end()) return failed(now, bad->trouble);
    }
    const auto soak = look_back(all_, soak_seconds_);
    const bool recent = !seconds_.empty() && seconds_.rbegin()->first > oldest;
    if (!recent || !soak.seen) {
        return conclude(inconclusive, now,
                        soak.trouble.empty()
                            ? "no telemetry of " + request_.service.value() + " since the act"
                            : soak.trouble);
    }
    if (!soak.traffic) return conclude(inconclusive, now, soak.trouble);
    if (soak.good) return conclude(inconclusive, now, "the playbook's script has not answered");
    return failed(now, "it was not well for a whole soak: " + soak.trouble);
}

model::Verification Verifier::failed(Instant now, std::string reason) const {
    auto verification = conclude(model::VerificationOutcome::not_recovered, now, std::move(reason));
    verification.improved = has_improved();
    return verification;
}

/// Whether the culprit's requests are most of the way back to where they were before the fault.
bool Verifier::has_improved() const {
    constexpr double kLeft = 0.2;
    const auto culprit =
        std::ranges::find_if(request_.watched, [&](const auto& watched) { return is_culprit(watched); });
    if (latest_.get_or(Feature::rate_rps, 0) <= 0) return false;
    bool compared = false;
    for (const auto& finding : culprit->findings) {
        const auto baseline = culprit->baseline.get(finding.feature);
        const auto now = latest_.get(finding.feature);
        if (!is_sli(finding.feature) || !baseline || !now) continue;
        if (*now - *baseline > kLeft * (finding.observed - *baseline)) return false;
        compared = true;
    }
    return compared;
}

model::Verification Verifier::conclude(model::VerificationOutcome outcome, Instant now,
                                       std::string reason) const {
    model::Verification verification{.outcome = outcome, .at = now.event, .reason = std::move(reason)};
    const auto culprit =
        std::ranges::find_if(request_.watched, [&](const auto& watched) { return is_culprit(watched); });
    std::set<Feature> features{Feature::rate_rps, Feature::replicas};
    for (const auto& criterion : limits_of(*culprit)) features.insert(criterion.feature);
    for (const auto feature : features) {
        const auto baseline = culprit->baseline.get(feature);
        const auto before = culprit->before.get(feature);
        const auto after = latest_.get(feature);
        if (baseline && before && after) {
            verification.readings.push_back(
                {.feature = feature, .baseline = *baseline, .before = *before, .after = *after});
        }
    }
    return verification;
}

}  // namespace homeostat::verify
