// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "homeostat/adapters/http/server.h"
#include "homeostat/adapters/ingest/intake.h"
#include "homeostat/base/result.h"

namespace homeostat::ingest {

/// OTLP over HTTP: POST /v1/traces, /v1/metrics, /v1/logs, in protobuf or JSON, gzip or plain. Answers as
/// the protocol says: 200 with a partial success when records were set aside, 400 for a malformed request
/// (do not retry), 413, 415, and 429 with Retry-After when too much is waiting.
class OtlpHttpReceiver {
public:
    /// Serves until it is destroyed; `intake` must outlive it. The handlers do the work on the server's I/O
    /// thread. Errors: those of http::Server::start.
    [[nodiscard]] static Result<std::unique_ptr<OtlpHttpReceiver>> start(const http::ServerConfig& config,
                                                                         Intake& intake);

    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    [[nodiscard]] http::ServerCounters counters() const { return server_->counters(); }
    void stop() { server_->stop(); }

private:
    explicit OtlpHttpReceiver(std::unique_ptr<http::Server> server) : server_(std::move(server)) {}
    std::unique_ptr<http::Server> server_;
};

}  // namespace homeostat::ingest
