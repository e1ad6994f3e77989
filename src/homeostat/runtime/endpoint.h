// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "homeostat/adapters/http/server.h"
#include "homeostat/base/result.h"
#include "homeostat/config/endpoint.h"

namespace homeostat::runtime {

/// The token in the endpoint's file, without the white space around it; empty when no file is named.
/// Errors: `not_found` when it cannot be read, `invalid_argument` when it holds no token.
[[nodiscard]] Result<std::string> read_token(const config::Endpoint& endpoint);

[[nodiscard]] std::optional<http::TlsFiles> tls_files(const config::Endpoint& endpoint);

/// Address, TLS and token of an HTTP server. Errors: those of read_token.
[[nodiscard]] Result<http::ServerConfig> server_config(const config::Endpoint& endpoint);

}  // namespace homeostat::runtime
