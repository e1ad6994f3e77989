// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <string>

#include "homeostat/base/prng.h"
#include "homeostat/features/feature_extractor.h"

namespace homeostat::features {
namespace {

constexpr EventTime kStart{std::chrono::seconds{1'700'000'000}};
constexpr std::size_t kServices = 50;
constexpr std::size_t kSpans = 65'536;

/// Server spans and client spans that name their peer, half and half; `run` spans of one resource in a row.
std::vector<model::SpanView> make_spans(const std::vector<std::string>& names, std::size_t run) {
    Prng random(1);
    std::vector<model::SpanView> spans;
    for (std::size_t i = 0; i < kSpans; ++i) {
        const auto& name = names[(i / run) % names.size()];
        const auto end = kStart + std::chrono::milliseconds{random.below(1'000)};
        spans.push_back({.resource = {.service = name, .instance = "instance-1", .version = "v1"},
                         .span_id = random.next(),
                         .parent_span_id = random.next(),
                         .kind = i % 2 == 0 ? model::SpanKind::server : model::SpanKind::client,
                         .start = end - Duration{static_cast<std::int64_t>(random.below(200'000'000))},
                         .end = end,
                         .error = random.chance(1, 100)});
        if (i % 2 != 0) spans.back().peer_service = names[(i / run + 1) % names.size()];
    }
    return spans;
}

std::vector<std::string> make_names() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < kServices; ++i) names.push_back("service-number-" + std::to_string(i));
    return names;
}

void on_span(benchmark::State& state) {
    const auto names = make_names();
    const auto spans = make_spans(names, static_cast<std::size_t>(state.range(0)));
    auto extractor = *FeatureExtractor::create({}, kStart);
    std::size_t next = 0;
    for (auto _ : state) {
        extractor.on_span(spans[next]);
        next = (next + 1) % kSpans;
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(on_span)->ArgName("spans_in_a_row")->Arg(1)->Arg(20)->Arg(1'000);

/// One second of 50 services with an instance and an edge each: 250 windows.
void advance_a_second(benchmark::State& state) {
    const auto names = make_names();
    auto spans = make_spans(names, 20);
    auto extractor = *FeatureExtractor::create({}, kStart);
    std::int64_t second = 0;
    std::size_t windows = 0;
    for (auto _ : state) {
        state.PauseTiming();
        for (std::size_t i = 0; i < 10'000; ++i) {
            auto span = spans[i];
            span.end += std::chrono::seconds{second};
            span.start += std::chrono::seconds{second};
            extractor.on_span(span);
        }
        ++second;
        state.ResumeTiming();
        windows +=
            extractor.advance(kStart + std::chrono::seconds{second} + std::chrono::milliseconds{500}).size();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(windows));
}
BENCHMARK(advance_a_second)->Iterations(300);

}  // namespace
}  // namespace homeostat::features
