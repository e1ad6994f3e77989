// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "homeostat/base/prng.h"
#include "homeostat/detect/numeric.h"
#include "homeostat/model/feature_window.h"

/// Made-up subjects for tests and benchmarks: counts are Poisson with bursts, latencies lognormal,
/// traffic has a season, memory a sawtooth on a random walk, and versions are deployed.
namespace homeostat::detect::synthetic {

class Random {
public:
    explicit Random(std::uint64_t seed) : prng_(seed) {}

    double uniform() { return static_cast<double>(prng_.next() >> 11U) * 0x1.0p-53; }
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    bool chance(double probability) { return uniform() < probability; }
    double normal() {
        const double u = std::max(uniform(), 1e-300);
        return std::sqrt(-2 * numeric::log(u)) * numeric::cos_turns(uniform());
    }
    double poisson(double mean) {
        if (mean > 40) return std::max(0.0, std::floor(mean + std::sqrt(mean) * normal() + 0.5));
        double limit = numeric::exp(-mean);
        double count = -1;
        for (double product = 1; product > limit || count < 0; ++count) product *= uniform();
        return count;
    }
    double binomial(double n, double p) { return std::min(n, poisson(n * p)); }

private:
    Prng prng_;
};

struct Traits {
    double rate = 100;
    double season_s = 600;
    double season_amplitude = 0.4;
    double burstiness = 0.05;  // of the rate, correlated over some seconds
    double latency_ms = 20;
    double latency_sigma = 0.6;
    double latency_noise = 0.05;  // common to all requests of a window
    double spike_chance = 0;      // per window, of a doubled latency
    double error_rate = 0.0005;
    double cpu_base = 5;
    double cpu_per_rps = 0.3;
    double mem_mb = 200;
    double gc_period_s = 60;
    double gc_amplitude = 0.2;
    double deploy_chance = 1.0 / 7200;
    int replicas = 3;
};

/// A plausible subject drawn from `random`.
inline Traits draw_traits(Random& random) {
    static constexpr double kRates[] = {1, 3, 10, 30, 100, 300, 1000};
    static constexpr double kErrors[] = {0, 0.0005, 0.002, 0.01};
    Traits traits;
    traits.rate = kRates[static_cast<std::size_t>(random.uniform(0, 7))];
    traits.season_s = random.chance(0.5) ? 600 : 86'400;
    traits.season_amplitude = random.uniform(0.1, 0.6);
    traits.burstiness = random.uniform(0.02, 0.2);
    traits.latency_ms = numeric::exp(random.uniform(1.5, 5));
    traits.latency_sigma = random.uniform(0.3, 0.9);
    traits.latency_noise = random.uniform(0.02, 0.08);
    traits.spike_chance = random.chance(0.2) ? 1.0 / 2000 : 0;
    traits.error_rate = kErrors[static_cast<std::size_t>(random.uniform(0, 4))];
    traits.cpu_per_rps = std::min(0.5, 50 / traits.rate);
    traits.mem_mb = numeric::exp(random.uniform(3, 7));
    traits.gc_period_s = random.uniform(20, 300);
    traits.gc_amplitude = random.uniform(0.05, 0.4);
    traits.replicas = 1 + static_cast<int>(random.uniform(0, 5));
    return traits;
}

/// What is wrong with a subject, from no fault at all.
struct Fault {
    double error_rate = 0;
    double latency_factor = 1;
    double rate_factor = 1;
    double cpu_added = 0;
    double leak_mb_per_s = 0;
    int replicas_lost = 0;
};

/// One subject's endless stream of 1 s windows.
class Stream {
public:
    Stream(model::Subject subject, Traits traits, std::uint64_t seed)
        : subject_(std::move(subject)), traits_(traits), random_(seed) {
        phase_ = random_.uniform();
        walk_ = traits_.mem_mb;
    }

    model::FeatureWindow next(const Fault& fault = {}) {
        using model::Feature;
        seconds_ += 1;
        if (random_.chance(traits_.deploy_chance)) deploy();
        model::FeatureWindow window{.subject = subject_,
                                    .end = EventTime{std::chrono::seconds(static_cast<long>(seconds_))},
                                    .length = std::chrono::seconds(1),
                                    .version = model::DeploymentVersion{std::to_string(version_)}};
        auto& values = window.values;
        const double requests = random_.poisson(mean_rate() * fault.rate_factor);
        values.set(Feature::rate_rps, requests);
        if (requests > 0) requests_of(values, requests, fault);
        const double noise = 1 + 0.08 * random_.normal();
        const double cpu = (traits_.cpu_base + traits_.cpu_per_rps * requests) * noise;
        values.set(Feature::cpu_pct, std::max(0.0, cpu) + fault.cpu_added);
        values.set(Feature::mem_mb, memory(fault));
        const int rolling = deploying_ > 0 && traits_.replicas > 1 ? 1 : 0;
        values.set(Feature::replicas, std::max(0, traits_.replicas - rolling - fault.replicas_lost));
        values.set(Feature::restarts, deploying_ == 3 ? traits_.replicas : 0);
        values.set(Feature::log_error_rate, random_.poisson(0.2));
        values.set(Feature::new_log_templates, random_.chance(0.001) ? 1 : 0);
        deploying_ = std::max(0, deploying_ - 1);
        return window;
    }

private:
    double mean_rate() {
        burst_ = 0.8 * burst_ + 0.6 * traits_.burstiness * random_.normal();
        const double season =
            1 + traits_.season_amplitude * numeric::sin_turns(seconds_ / traits_.season_s + phase_);
        return traits_.rate * season * std::max(0.05, 1 + burst_);
    }

    void requests_of(model::FeatureValues& values, double requests, const Fault& fault) {
        using model::Feature;
        const double sigma = traits_.latency_sigma;
        const double common = 1 + traits_.latency_noise * random_.normal();
        const double spike = random_.chance(traits_.spike_chance) ? 2 : 1;
        const double base = traits_.latency_ms * std::max(0.3, common) * spike * fault.latency_factor;
        const double few = 1 / std::sqrt(requests);
        const auto sample = [&](double quantile_z, double spread) {
            return base * numeric::exp(sigma * quantile_z + sigma * spread * few * random_.normal());
        };
        values.set(Feature::latency_ms, sample(sigma / 2, 1.1));
        values.set(Feature::latency_p50_ms, sample(0, 1.25));
        values.set(Feature::latency_p95_ms, sample(requests < 20 ? 1.2 : 1.64, 2.1));
        values.set(Feature::latency_p99_ms, sample(requests < 100 ? 1.9 : 2.33, 3.7));
        const double error_rate = traits_.error_rate + (1 - traits_.error_rate) * fault.error_rate;
        values.set(Feature::error_rate, random_.binomial(requests, error_rate) / requests);
        values.set(Feature::in_flight, requests * values.get_or(Feature::latency_ms, 0) / 1000);
    }

    double memory(const Fault& fault) {
        walk_ = std::max(10.0, walk_ * (1 + 0.0005 * random_.normal()) + 0.0005 * (traits_.mem_mb - walk_));
        leaked_ += fault.leak_mb_per_s;
        const double cycle = seconds_ / traits_.gc_period_s + phase_;
        const double sawtooth = cycle - std::floor(cycle);
        return walk_ * (1 + traits_.gc_amplitude * sawtooth) * warmth() + leaked_;
    }

    /// After a deployment the caches fill again.
    double warmth() { return std::min(1.0, 0.5 + (seconds_ - deployed_at_) / 240); }

    void deploy() {
        ++version_;
        deploying_ = 3;
        deployed_at_ = seconds_;
        leaked_ = 0;
    }

    model::Subject subject_;
    Traits traits_;
    Random random_;
    double phase_ = 0;
    double seconds_ = 0;
    double burst_ = 0;
    double walk_ = 0;
    double leaked_ = 0;
    double deployed_at_ = -1000;
    int deploying_ = 0;
    int version_ = 1;
};

}  // namespace homeostat::detect::synthetic
