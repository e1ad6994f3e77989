// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/bus/embedded/embedded_bus.h"

#include <benchmark/benchmark.h>
#include <stdlib.h>

namespace homeostat::bus {
namespace {

/// Messages of 600 bytes published and polled, in batches of `range(0)`.
void publish_and_poll(benchmark::State& state) {
    auto name = (std::filesystem::temp_directory_path() / "homeostat-bench-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    {
        const auto bus = *open_embedded_bus(
            folder, {{"raw", {.retain = Bytes{256 << 20}, .durable = state.range(1) != 0}}});
        const auto consumer = *bus->subscribe("raw", "bench");
        const std::string payload(600, 'x');
        const std::vector<Message> messages(static_cast<std::size_t>(state.range(0)),
                                            {.key = "payment", .id = "0123456789abcdef", .payload = payload});
        EventTime at{};
        for (auto _ : state) {
            at += std::chrono::seconds{1};
            const auto published = bus->publish("raw", messages, at);
            const auto polled = consumer->poll(messages.size(), Duration{});
            if (!published || !polled) state.SkipWithError("the bus failed");
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
    std::filesystem::remove_all(folder);
}
BENCHMARK(publish_and_poll)
    ->ArgNames({"batch", "durable"})
    ->Args({1, 0})
    ->Args({250, 0})
    ->Args({1'000, 0})
    ->Args({250, 1});

}  // namespace
}  // namespace homeostat::bus
