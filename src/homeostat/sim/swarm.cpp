// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/swarm.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include "homeostat/base/hash.h"
#include "homeostat/twin/random.h"

namespace homeostat::sim {
namespace {

constexpr std::uint32_t kMaxThreads = 64;

std::vector<RunOptions> draw_runs(const SimulationOptions& options) {
    Prng prng(options.seed);
    std::vector<RunOptions> runs;
    const auto add = [&](std::uint32_t most_services, std::uint32_t incidents, Weather weather) {
        const auto fewest = weather == Weather::quiet ? most_services : options.services_min;
        const auto low = static_cast<double>(fewest);
        const auto high = static_cast<double>(std::max(fewest, most_services)) + 0.999;
        const auto services = static_cast<std::uint32_t>(twin::log_uniform(prng, low, high));
        runs.push_back({.seed = prng.next() >> 1U,
                        .services = services,
                        .incidents = incidents,
                        .weather = weather,
                        .mutant = options.mutant,
                        .loop = options.loop});
    };
    for (std::uint32_t left = options.incidents; left > 0;) {
        const auto incidents = std::min(left, kIncidentsPerSystem);
        add(options.services_max, incidents, Weather::calm);
        left -= incidents;
    }
    for (std::uint32_t i = 0; i < options.storms; ++i) {
        add(std::min(options.services_max, kMaxStormServices), kIncidentsPerStorm, Weather::stormy);
    }
    for (std::uint32_t i = 0; i < options.quiet_hours; ++i)
        add(std::clamp(kQuietServices, options.services_min, options.services_max), 0, Weather::quiet);
    return runs;
}

std::vector<Result<RunResult>> run_all(const std::vector<RunOptions>& runs, std::uint32_t threads,
                                       const Progress& progress) {
    std::vector<std::optional<Result<RunResult>>> slots(runs.size());
    std::vector<std::size_t> order(runs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return runs[a].services >
               runs[b].services;  // the long ones first, so that no thread is left with one
    });
    std::atomic<std::size_t> next{0};
    std::uint32_t done = 0;
    std::mutex mutex;
    const auto work = [&] {
        for (auto i = next++; i < order.size(); i = next++) {
            slots[order[i]] = run_one(runs[order[i]]);
            const std::lock_guard lock(mutex);
            ++done;
            if (progress) progress(done, static_cast<std::uint32_t>(runs.size()));
        }
    };
    std::vector<std::jthread> pool;
    for (std::uint32_t i = 1; i < threads; ++i) pool.emplace_back(work);
    work();
    pool.clear();
    std::vector<Result<RunResult>> results;
    for (auto& slot : slots) results.push_back(*std::move(slot));
    return results;
}

}  // namespace

Result<SimulationReport> run_simulation(const SimulationOptions& options, const Progress& progress) {
    if (options.services_min > options.services_max) {
        return fail(ErrorCode::invalid_argument, fmt::format("services: {} to {} is no range",
                                                             options.services_min, options.services_max));
    }
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    const auto threads = std::min(options.threads > 0 ? options.threads : cores, kMaxThreads);
    const auto runs = draw_runs(options);
    auto results = run_all(runs, threads, progress);
    SimulationReport report;
    report.systems = static_cast<std::uint32_t>(runs.size());
    KpiCollector quiet;
    KpiCollector calm;
    KpiCollector stormy;
    std::uint64_t hash = options.seed;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        HOMEOSTAT_TRY(const auto result, std::move(results[i]));
        const bool storm = runs[i].weather == Weather::stormy;
        (storm ? stormy : runs[i].weather == Weather::quiet ? quiet : calm).merge(result.kpi);
        (storm ? report.storm_counters : report.calm_counters).add(result.counters);
        hash = hash64(to_hex(result.journal_hash), hash);
        const auto sighting = [&](std::string text) {
            return Sighting{runs[i].seed, runs[i].services, runs[i].weather, std::move(text)};
        };
        for (const auto& found : result.violations)
            report.violations.push_back(sighting(fmt::format("{}: {}", found.rule, found.text)));
        if (storm) continue;
        for (const auto& flaw : result.flaws) report.flaws.push_back(sighting(flaw));
    }
    report.kpi = calm.result();
    if (options.quiet_hours > 0) report.kpi.false_incidents_per_day = quiet.result().false_incidents_per_day;
    report.storm = stormy.result();
    for (auto* kpi : {&report.kpi, &report.storm}) {
        kpi->policy_violations = report.violations.size();
        kpi->seed = options.seed;
        kpi->journal_hash = to_hex(hash);
    }
    return report;
}

}  // namespace homeostat::sim
