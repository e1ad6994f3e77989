// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "homeostat/adapters/http/message.h"
#include "homeostat/shop/telemetry.h"

namespace homeostat::shop {

/// Sends spans, logs and process readings to an OTLP/HTTP endpoint from a thread of its own. Serving never
/// waits for it: what does not fit, and what cannot be sent, is dropped and counted.
class Exporter {
public:
    static constexpr std::size_t kSpansMax = 4096;  // between two batches
    static constexpr std::size_t kLogsMax = 512;

    struct Options {
        Identity identity;
        std::string endpoint;                           // "http://127.0.0.1:4318"; empty: nothing is sent
        http::Fields headers;                           // of each request
        std::string ca_file;                            // PEM; empty: the system's authorities
        std::function<std::int64_t()> active_requests;  // called by the exporter's thread
    };

    explicit Exporter(Options options);
    /// Sends what is left, and ends.
    ~Exporter();
    Exporter(const Exporter&) = delete;
    Exporter& operator=(const Exporter&) = delete;

    void add(SpanRecord span);
    void log(bool error, std::string body);
    /// Stops sending, as a broken exporter does, while the service goes on.
    void set_silent(bool silent) { silent_ = silent; }

    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }

private:
    struct Batch {
        std::vector<SpanRecord> spans;
        std::vector<LogRecord> logs;
    };

    void run();
    void send(const Batch& batch, bool with_reading);

    const Options options_;
    const EventTime started_ = wall_now();
    std::atomic<bool> silent_ = false;
    std::atomic<std::uint64_t> dropped_ = 0;
    std::atomic<std::uint64_t> sent_ = 0;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    Batch collected_;
    std::thread thread_;
};

}  // namespace homeostat::shop
