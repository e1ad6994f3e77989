// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "homeostat/adapters/http/routes.h"
#include "homeostat/base/result.h"
#include "homeostat/base/time.h"

namespace homeostat::http {

struct TlsFiles {
    std::string certificate_chain;  // PEM
    std::string private_key;        // PEM
};

struct ServerConfig {
    std::string listen = "127.0.0.1:0";  // address:port or [address]:port; port 0: the system picks one
    std::optional<TlsFiles> tls;
    std::string bearer_token;  // empty: none asked for

    /// 0: handlers run on the I/O thread and must not block. Else they run on that many threads of their
    /// own, and a request that finds `queue_max` others waiting is answered 503.
    std::size_t workers = 0;
    std::size_t queue_max = 256;

    std::size_t connections_max = 1024;                   // one more is closed at once
    std::size_t body_bytes_max = std::size_t{16} << 20U;  // also after gzip
    std::uint32_t header_bytes_max = 16U << 10U;
    Duration idle_timeout = std::chrono::seconds(60);      // between two requests of a connection
    Duration transfer_timeout = std::chrono::seconds(30);  // to read one request, and to write one response
    Duration stop_grace = std::chrono::seconds(2);         // how long stop() lets requests in progress finish
};

struct ServerCounters {
    std::uint64_t connections_open = 0;
    std::uint64_t connections_refused = 0;  // beyond `connections_max`
    std::uint64_t requests = 0;
    std::uint64_t client_errors = 0;   // answered 4xx
    std::uint64_t server_errors = 0;   // answered 5xx
    std::uint64_t overloaded = 0;      // of these, 503 for a full queue
    std::uint64_t handler_throws = 0;  // of these, handlers that threw
};

/// An HTTP/1.1 server: keep-alive, gzip request bodies, server-sent events, TLS. One I/O thread serves
/// all connections. Every refusal of its own is a JSON error (error_response).
class Server {
public:
    /// Listens and serves until stop(). Errors: `invalid_argument` for an address that is none,
    /// `failed_precondition` for a port in use, `permission_denied` for a port that needs rights,
    /// `not_found` for TLS files that cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerConfig config, Routes routes);

    /// Calls stop().
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    /// Safe from any thread.
    [[nodiscard]] ServerCounters counters() const;

    /// Takes no new connection, lets requests in progress finish within `stop_grace`, ends event
    /// streams, and joins the threads. A second call does nothing. Not to be called by a handler.
    void stop();

private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::http
