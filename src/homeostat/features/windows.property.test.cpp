// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "homeostat/base/prng.h"
#include "homeostat/features/feature_kit.test.h"

namespace homeostat::features {
namespace {

using namespace kit;

struct AnySpan {
    std::string service;
    std::string instance;
    std::string peer;
    std::uint64_t id = 0;
    std::uint64_t parent = 0;
    bool entry = true;
    bool error = false;
    Duration offset{};  // from the start
    Duration latency{};

    [[nodiscard]] model::SpanView view() const {
        return {.resource = {.service = service, .instance = instance},
                .span_id = id,
                .parent_span_id = parent,
                .kind = entry ? model::SpanKind::server : model::SpanKind::client,
                .start = kStart + offset - latency,
                .end = kStart + offset,
                .error = error,
                .peer_service = peer};
    }
};

std::vector<AnySpan> any_spans() {
    const auto span = rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t seed) {
        Prng random(seed);
        constexpr const char* kNames[] = {"a", "b", "c"};
        AnySpan any;
        any.service = kNames[random.below(3)];
        any.instance = std::to_string(random.below(2));
        any.entry = random.chance(1, 2);
        if (!any.entry && random.chance(1, 2)) any.peer = kNames[random.below(3)];
        any.error = random.chance(1, 5);
        any.offset = milliseconds{random.below(3'000)};
        any.latency = Duration{random.below(900'000'000)};
        return any;
    });
    auto spans = *rc::gen::container<std::vector<AnySpan>>(span);
    // Ids are unique, as the tracers make them; every other entry span is the child of an earlier span.
    for (std::size_t i = 0; i < spans.size(); ++i) {
        spans[i].id = i + 1;
        if (spans[i].entry && i > 0) spans[i].parent = i;
    }
    return spans;
}

std::vector<model::FeatureWindow> windows_from(const std::vector<AnySpan>& spans) {
    auto extractor = make_extractor();
    std::ignore = extractor.advance(kStart + milliseconds{1400});  // the first second is open, if late
    for (const auto& span : spans) extractor.on_span(span.view());
    auto windows = extractor.advance(kStart + seconds{4});
    RC_ASSERT(extractor.counters().dropped_late == 0U);
    return windows;
}

RC_GTEST_PROP(Windows, DoNotDependOnTheOrderOfArrival, (std::uint64_t seed)) {
    auto spans = any_spans();
    const auto in_order = windows_from(spans);
    Prng random(seed);
    for (std::size_t i = spans.size(); i > 1; --i) std::swap(spans[i - 1], spans[random.below(i)]);
    RC_ASSERT(windows_from(spans) == in_order);
}

RC_GTEST_PROP(Windows, KeepTheTotals, ()) {
    const auto spans = any_spans();
    double services = 0;
    double instances = 0;
    double named_calls = 0;
    for (const auto& window : windows_from(spans)) {
        if (window.length != seconds{1}) continue;
        const auto requests = window.values.get_or(model::Feature::rate_rps, 0);
        if (window.subject.is_service()) services += requests;
        if (window.subject.is_instance()) instances += requests;
        if (window.subject.is_edge()) named_calls += requests;
    }
    const auto entries = std::ranges::count_if(spans, &AnySpan::entry);
    RC_ASSERT(services == static_cast<double>(entries));
    RC_ASSERT(instances == services);
    double calls = 0;
    for (const auto& span : spans) {
        if (!span.peer.empty() && span.peer != span.service) ++calls;
        if (span.parent == 0) continue;
        const auto& parent = spans[span.parent - 1];
        if (parent.peer.empty() && parent.service != span.service) ++calls;
    }
    RC_ASSERT(named_calls == calls);
}

RC_GTEST_PROP(Windows, ComeInTheOrderOfTheirEndsAndSubjects, ()) {
    const auto windows = windows_from(any_spans());
    RC_ASSERT(std::ranges::is_sorted(windows, {}, [](const model::FeatureWindow& window) {
        return std::tuple(window.end, window.subject.service, window.subject.callee, window.subject.instance,
                          window.length);
    }));
}

}  // namespace
}  // namespace homeostat::features
