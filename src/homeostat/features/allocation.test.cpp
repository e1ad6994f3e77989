// SPDX-License-Identifier: Apache-2.0
// Replaces the global allocator of this test program by one that counts.
#include <atomic>
#include <cstdlib>
#include <new>

#include "homeostat/features/feature_kit.test.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;  // NOLINT: this is the allocator
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);  // NOLINT
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);  // NOLINT
}

namespace homeostat::features {
namespace {

using namespace kit;

void serve_a_second(FeatureExtractor& extractor, int second) {
    constexpr std::string_view kServices[] = {"a-service-with-a-long-name",
                                              "another-service-with-a-long-name"};
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        const auto end = kStart + seconds{second} + milliseconds{i % 1'000};
        for (const auto name : kServices) {
            auto span = server_span(name, end, milliseconds{i % 77});
            span.span_id = 2 * i + 1;
            span.parent_span_id = 2 * i;
            span.resource.version = "v1";
            extractor.on_span(span);
            extractor.on_span(client_span(name, "a-callee-with-a-rather-long-name", end));
        }
        auto call = client_span(kServices[0], "", end);
        call.span_id = 2 * i;
        extractor.on_span(call);
        extractor.on_log({.resource = {.service = kServices[0]}, .at = end, .body = "request 17 took 12ms"});
    }
}

TEST(Allocation, ASpanCostsNoneOnceItsSubjectsAreKnown) {
    auto extractor = make_extractor();
    for (int second = 0; second < 3; ++second) {
        serve_a_second(extractor, second);
        std::ignore = extractor.advance(kStart + seconds{second} + milliseconds{1500});
    }
    const auto before = allocations.load();
    serve_a_second(extractor, 3);
    EXPECT_EQ(allocations.load(), before);
    EXPECT_EQ(extractor.counters().dropped_late + extractor.counters().dropped_ahead, 0U);
}

}  // namespace
}  // namespace homeostat::features
