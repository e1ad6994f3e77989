// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "homeostat/adapters/http/server.h"
#include "homeostat/adapters/ingest/intake.h"
#include "homeostat/base/result.h"

namespace homeostat::ingest {

struct OtlpGrpcConfig {
    std::string listen = "127.0.0.1:0";  // address:port or [address]:port; port 0: the system picks one
    std::optional<http::TlsFiles> tls;
    std::string bearer_token;  // empty: none asked for
    std::size_t message_bytes_max = std::size_t{16} << 20U;
    std::size_t memory_bytes_max = std::size_t{256} << 20U;  // for all messages being received
    int streams_max = 128;                                   // calls at once on one connection
};

struct OtlpGrpcCounters {
    std::uint64_t calls = 0;
    std::uint64_t failed = 0;        // answered with an error
    std::uint64_t unauthorized = 0;  // of these, without the right token
};

/// OTLP over gRPC: the three Export calls, on the raw bytes of the messages, gzip or plain. Answers as the
/// protocol says: a partial success when records were set aside, INVALID_ARGUMENT for a malformed request
/// (do not retry), RESOURCE_EXHAUSTED with RetryInfo when too much is waiting, UNAUTHENTICATED.
class OtlpGrpcReceiver {
public:
    /// Serves until stop(); `intake` must outlive it. Errors: `failed_precondition` when it cannot listen
    /// there, mostly because the port is in use; `not_found` for TLS files that cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<OtlpGrpcReceiver>> start(const OtlpGrpcConfig& config,
                                                                         Intake& intake);
    /// Calls stop().
    ~OtlpGrpcReceiver();
    OtlpGrpcReceiver(const OtlpGrpcReceiver&) = delete;
    OtlpGrpcReceiver& operator=(const OtlpGrpcReceiver&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] OtlpGrpcCounters counters() const;

    /// Takes no new calls and waits, at most two seconds, for those in progress. A second call does nothing.
    void stop();

private:
    struct Impl;
    explicit OtlpGrpcReceiver(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::ingest
