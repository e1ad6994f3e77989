// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/system/segment_log.h"

#include <benchmark/benchmark.h>
#include <stdlib.h>

namespace homeostat::system {
namespace {

/// Records of 300 bytes in groups; with and without waiting for the disk.
void append_and_commit(benchmark::State& state) {
    auto name = (std::filesystem::temp_directory_path() / "homeostat-bench-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    auto log = *SegmentLog::open(folder, {.durable = state.range(1) != 0});
    const std::string record(300, 'x');
    for (auto _ : state) {
        for (std::int64_t i = 0; i < state.range(0); ++i) benchmark::DoNotOptimize(log.append(record));
        if (!log.commit() || !log.shrink_to(Bytes{256 << 20})) state.SkipWithError("the disk failed");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
    std::filesystem::remove_all(folder);
}
BENCHMARK(append_and_commit)
    ->ArgNames({"group", "durable"})
    ->Args({1'000, 0})
    ->Args({1, 1})
    ->Args({1'000, 1});

void read(benchmark::State& state) {
    auto name = (std::filesystem::temp_directory_path() / "homeostat-bench-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    auto log = *SegmentLog::open(folder, {.durable = false});
    constexpr int kRecords = 100'000;
    for (int i = 0; i < kRecords; ++i) std::ignore = log.append(std::string(300, 'x'));
    std::ignore = log.commit();
    for (auto _ : state) {
        auto reader = *log.read(0);
        while (*reader.next()) {
        }
    }
    state.SetItemsProcessed(state.iterations() * kRecords);
    std::filesystem::remove_all(folder);
}
BENCHMARK(read);

}  // namespace
}  // namespace homeostat::system
