// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <algorithm>

#include "homeostat/base/prng.h"
#include "homeostat/diagnose/story.h"

namespace homeostat::diagnose {
namespace {

using testing::Story;

/// 200 services with about five callees each; the last, which most need, is slow, and so are all of these.
void slow_store_under_two_hundred_services(benchmark::State& state) {
    constexpr int kServices = 200;
    Prng prng(1);
    Story::Calls calls;
    const auto name = [](int number) { return "service-" + std::to_string(number); };
    for (int caller = 0; caller + 1 < kServices; ++caller) {
        for (int i = 0; i < 5; ++i) {
            const auto later = static_cast<std::uint64_t>(kServices - caller - 1);
            const std::pair call{name(caller), name(caller + 1 + static_cast<int>(prng.below(later)))};
            if (std::ranges::find(calls, call) == calls.end()) calls.push_back(call);
        }
    }
    Story story(calls);
    for (const auto& [caller, callee] : calls) story.slows(Story::call(caller, callee), 5);
    for (int number = 0; number < kServices; ++number) story.slows(Story::service(name(number)), 5);
    const auto graph = story.graph();
    const auto anomalies = story.anomalies();
    const Diagnoser diagnoser;
    for (auto _ : state) benchmark::DoNotOptimize(story.diagnose_with(diagnoser, graph, anomalies));
    state.counters["anomalies"] = static_cast<double>(anomalies.size());
}
BENCHMARK(slow_store_under_two_hundred_services)->Unit(benchmark::kMillisecond);

/// One service and its direct callers are slow, as in most incidents.
void one_slow_service_among_two_hundred(benchmark::State& state) {
    Story::Calls calls;
    for (int group = 0; group < 50; ++group) {
        const auto name = [&](int number) {
            return "service-" + std::to_string(group) + "-" + std::to_string(number);
        };
        for (int number = 0; number < 3; ++number) calls.emplace_back(name(number), name(number + 1));
        calls.emplace_back(name(0), name(2));
    }
    Story story(calls);
    story.slows(Story::service("service-7-3"), 8).slows(Story::call("service-7-2", "service-7-3"), 8);
    story.slows(Story::service("service-7-2"), 6);
    const auto graph = story.graph();
    const auto anomalies = story.anomalies();
    const Diagnoser diagnoser;
    for (auto _ : state) benchmark::DoNotOptimize(story.diagnose_with(diagnoser, graph, anomalies));
}
BENCHMARK(one_slow_service_among_two_hundred)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace homeostat::diagnose
