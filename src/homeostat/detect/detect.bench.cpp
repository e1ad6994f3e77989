// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "homeostat/detect/detection.h"
#include "homeostat/detect/isolation_forest.h"
#include "homeostat/detect/synthetic.h"

namespace homeostat::detect {
namespace {

constexpr std::size_t kFeatures = 8;

std::vector<float> normal_rows(std::size_t rows) {
    synthetic::Random random(7);
    std::vector<float> values(rows * kFeatures);
    for (auto& value : values) value = static_cast<float>(random.normal());
    return values;
}

void forest_one_row(benchmark::State& state) {
    const auto forest = *IsolationForest::grow(normal_rows(4096), {.features = kFeatures});
    const auto rows = normal_rows(1024);
    std::size_t row = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(forest.score(std::span(rows).subspan(row * kFeatures, kFeatures)));
        row = (row + 1) % 1024;
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(forest_one_row);

void forest_batch(benchmark::State& state) {
    const auto forest = *IsolationForest::grow(normal_rows(4096), {.features = kFeatures});
    const auto rows = normal_rows(16'384);
    std::vector<double> scores(16'384);
    for (auto _ : state) forest.score(rows, scores);
    state.SetItemsProcessed(state.iterations() * 16'384);
}
BENCHMARK(forest_batch);

void forest_grow(benchmark::State& state) {
    const auto rows = normal_rows(4096);
    for (auto _ : state) benchmark::DoNotOptimize(IsolationForest::grow(rows, {.features = kFeatures}));
}
BENCHMARK(forest_grow)->Unit(benchmark::kMillisecond);

/// A fleet that is well, subject after subject, as the loop sees it.
void observe_quiet(benchmark::State& state) {
    const auto subjects = static_cast<std::size_t>(state.range(0));
    constexpr std::size_t kSeconds = 64;  // of windows made before the clock runs, then repeated
    synthetic::Random random(3);
    std::vector<model::FeatureWindow> windows(subjects * kSeconds);
    for (std::size_t s = 0; s < subjects; ++s) {
        auto traits = synthetic::draw_traits(random);
        traits.deploy_chance = 0;
        synthetic::Stream stream({.service = model::ServiceId{"service-" + std::to_string(s)}}, traits, s);
        for (std::size_t t = 0; t < kSeconds; ++t) windows[t * subjects + s] = stream.next();
    }
    auto detection = *Detection::create({});
    std::size_t next = 0;
    const auto observe = [&] {
        auto& window = windows[next];
        benchmark::DoNotOptimize(detection.observe(window));
        window.end += std::chrono::seconds(kSeconds);
        next = (next + 1) % windows.size();
    };
    for (std::size_t i = 0; i < windows.size() * 4; ++i) observe();
    for (auto _ : state) observe();
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(observe_quiet)->Arg(1)->Arg(50)->Arg(1000);

}  // namespace
}  // namespace homeostat::detect
