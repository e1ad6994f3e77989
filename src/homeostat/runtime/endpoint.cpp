// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/endpoint.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>

namespace homeostat::runtime {

Result<std::string> read_token(const config::Endpoint& endpoint) {
    if (endpoint.token_file.empty()) return std::string{};
    std::ifstream file(endpoint.token_file);
    if (!file)
        return fail(ErrorCode::not_found, fmt::format("token_file {} cannot be read", endpoint.token_file));
    std::string token;
    if (!(file >> token))
        return fail(ErrorCode::invalid_argument,
                    fmt::format("token_file {} holds no token", endpoint.token_file));
    return token;
}

std::optional<http::TlsFiles> tls_files(const config::Endpoint& endpoint) {
    if (!endpoint.tls) return std::nullopt;
    return http::TlsFiles{.certificate_chain = endpoint.tls->certificate, .private_key = endpoint.tls->key};
}

Result<http::ServerConfig> server_config(const config::Endpoint& endpoint) {
    http::ServerConfig server{.listen = to_string(endpoint.listen), .tls = tls_files(endpoint)};
    HOMEOSTAT_TRY(server.bearer_token, read_token(endpoint));
    return server;
}

}  // namespace homeostat::runtime
