// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "homeostat/twin/world.h"

namespace {

/// Nanoseconds a window of a quiet world: items are windows.
void quiet_world(benchmark::State& state) {
    auto world =
        homeostat::twin::World::create({.seed = 1, .services = static_cast<std::uint32_t>(state.range(0))});
    std::int64_t windows = 0;
    for (auto _ : state) {
        world->advance();
        windows += static_cast<std::int64_t>(world->windows().size());
    }
    state.SetItemsProcessed(windows);
}
BENCHMARK(quiet_world)->Arg(5)->Arg(50)->Arg(200);

}  // namespace
