// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "homeostat/features/feature_extractor.h"

/// What the tests of the extractor share: a start in time, signals in a few words, windows by subject.
namespace homeostat::features::kit {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr EventTime kStart{seconds{1'700'000'000}};

inline FeatureExtractor make_extractor(const FeatureConfig& config = {}) {
    auto extractor = FeatureExtractor::create(config, kStart);
    EXPECT_TRUE(extractor) << extractor.error().message;
    return *std::move(extractor);
}

inline model::SpanView server_span(std::string_view service, EventTime end,
                                   Duration latency = milliseconds{10}) {
    return {.resource = {.service = service, .instance = "1"},
            .kind = model::SpanKind::server,
            .start = end - latency,
            .end = end};
}

inline model::SpanView client_span(std::string_view service, std::string_view peer, EventTime end) {
    auto span = server_span(service, end);
    span.kind = model::SpanKind::client;
    span.peer_service = peer;
    return span;
}

inline model::Subject service(const char* name) {
    return {.service = model::ServiceId{name}};
}
inline model::Subject edge(const char* caller, const char* callee) {
    return {.service = model::ServiceId{caller}, .callee = model::ServiceId{callee}};
}
inline model::Subject instance(const char* name, const char* id) {
    return {.service = model::ServiceId{name}, .instance = model::InstanceId{id}};
}

/// The windows of one subject and length.
inline std::vector<model::FeatureWindow> windows_of(const std::vector<model::FeatureWindow>& windows,
                                                    const model::Subject& subject,
                                                    Duration length = seconds{1}) {
    std::vector<model::FeatureWindow> found;
    for (const auto& window : windows) {
        if (window.subject == subject && window.length == length) found.push_back(window);
    }
    return found;
}

/// The features of the only window of a subject.
inline model::FeatureValues only(const std::vector<model::FeatureWindow>& windows,
                                 const model::Subject& subject) {
    const auto found = windows_of(windows, subject);
    EXPECT_EQ(found.size(), 1U) << to_string(subject);
    return found.empty() ? model::FeatureValues{} : found.front().values;
}

}  // namespace homeostat::features::kit
