// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "homeostat/model/signal.h"

namespace homeostat::ingest {

enum class Signal : std::uint8_t { traces, metrics, logs };

/// The records of one OTLP request, decoded to the end before any is used: a request that breaks off in
/// the middle changes nothing. Views into the request's bytes, or into the decoder's buffers.
struct Batch {
    /// More records in one request are refused: the views take more memory than the smallest spans do.
    static constexpr std::size_t kRecordsMax = 100'000;

    std::vector<model::SpanView> spans;
    std::vector<model::MetricView> metrics;
    std::vector<model::LogView> logs;
    std::uint64_t ignored = 0;  // metric points that are well-formed and of no use to us

    void clear() {
        spans.clear();
        metrics.clear();
        logs.clear();
        ignored = 0;
    }
    [[nodiscard]] bool is_full() const {
        return spans.size() + metrics.size() + logs.size() + ignored >= kRecordsMax;
    }
};

}  // namespace homeostat::ingest
