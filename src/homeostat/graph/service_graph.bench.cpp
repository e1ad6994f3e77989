// SPDX-License-Identifier: Apache-2.0
#include "homeostat/graph/service_graph.h"

#include <benchmark/benchmark.h>

#include "homeostat/base/prng.h"

namespace homeostat::graph {
namespace {

using namespace std::chrono_literals;

/// One window for each edge of a layered system of `services` services with about five callees each.
std::vector<model::FeatureWindow> edge_windows(int services) {
    Prng prng(1);
    std::vector<model::FeatureWindow> windows;
    for (int caller = 0; caller + 1 < services; ++caller) {
        for (int i = 0; i < 5; ++i) {
            const auto later = static_cast<std::uint64_t>(services - caller - 1);
            const auto callee = caller + 1 + static_cast<int>(prng.below(later));
            model::FeatureWindow window{
                .subject = {.service = model::ServiceId{"service-with-a-name-" + std::to_string(caller)},
                            .callee = model::ServiceId{"service-with-a-name-" + std::to_string(callee)}},
                .length = 1s};
            window.values.set(model::Feature::rate_rps, 100);
            window.values.set(model::Feature::latency_ms, 10);
            window.values.set(model::Feature::error_rate, 0);
            windows.push_back(window);
        }
    }
    return windows;
}

void observe_edge_window(benchmark::State& state) {
    auto windows = edge_windows(200);
    ServiceGraph graph;
    EventTime now{1s};
    for (auto _ : state) {
        for (auto& window : windows) {
            window.end = now;
            graph.observe(window);
        }
        now += 1s;
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(windows.size()));
}
BENCHMARK(observe_edge_window);

void upstream_of_the_last(benchmark::State& state) {
    ServiceGraph graph;
    for (const auto& window : edge_windows(200)) graph.observe(window);
    const model::ServiceId last{"service-with-a-name-199"};
    for (auto _ : state) benchmark::DoNotOptimize(graph.upstream(last));
}
BENCHMARK(upstream_of_the_last);

}  // namespace
}  // namespace homeostat::graph
