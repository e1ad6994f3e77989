// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "homeostat/adapters/http/message.h"
#include "homeostat/base/result.h"
#include "homeostat/base/time.h"

namespace homeostat::http {

struct ClientConfig {
    std::string bearer_token;     // empty: none sent
    std::string ca_file;          // PEM; empty: the system's authorities
    std::string ca_pem;           // the text instead of a file
    std::string certificate_pem;  // our own, for a server that asks who we are; empty: none
    std::string key_pem;          // of our own certificate
    Duration connect_timeout = std::chrono::seconds(2);
    std::size_t body_bytes_max = std::size_t{64} << 20U;  // of a response
};

struct ClientRequest {
    std::string method = "GET";
    std::string url;  // http:// or https://
    std::string body;
    std::string content_type = "application/json";  // sent with a body
    Fields headers;
    Duration timeout = std::chrono::seconds(10);  // for the whole exchange
    std::function<bool()> keep_going;             // of stream(): asked about once a second; false ends it
};

struct ClientResponse {
    int status = 0;
    std::string body;
    Fields headers;  // names in lower case
};

/// An HTTP/1.1 client that keeps its connections. One thread at a time: give each thread its own.
/// A status such as 404 is a response, not an error. Errors: `invalid_argument` for a URL that is none,
/// `unavailable` when the server cannot be reached or breaks off, `deadline_exceeded` when the time is
/// over (the outcome is unknown), `permission_denied` when its certificate is not trusted,
/// `resource_exhausted` for a response beyond `body_bytes_max`.
class Client {
public:
    explicit Client(ClientConfig config = {});
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    [[nodiscard]] Result<ClientResponse> send(const ClientRequest& request);

    /// Hands the response's bytes over as they come, until the server ends it, or `on_data` or
    /// `request.keep_going` returns false; for event streams. `request.timeout` is then the longest silence.
    /// The response has no body.
    [[nodiscard]] Result<ClientResponse> stream(const ClientRequest& request,
                                                const std::function<bool(std::string_view)>& on_data);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::http
