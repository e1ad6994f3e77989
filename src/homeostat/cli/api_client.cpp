// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/api_client.h"

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "homeostat/runtime/endpoint.h"

namespace homeostat::cli {
namespace {

/// The node's own words for its refusal.
std::string refusal_of(const http::ClientResponse& response) {
    const auto body = json::parse(response.body);
    const auto* error = body ? body->find("error") : nullptr;
    const auto* message = error == nullptr ? nullptr : error->find("message");
    if (message != nullptr && message->as_string() != nullptr) return *message->as_string();
    return fmt::format("the node answered with status {}", response.status);
}

}  // namespace

std::vector<Argument> with_api(ApiOptions& options, std::vector<Argument> arguments) {
    arguments.push_back(argument("--api", options.url, "The node's control surface."));
    arguments.push_back(of_files(argument("--token-file", options.token_file,
                                          "File with the bearer token, where the node asks for one.")));
    arguments.push_back(of_files(argument("--ca-file", options.ca_file,
                                          "Authority (PEM) of the node's certificate; else the system's.")));
    return arguments;
}

Result<http::Client*> ApiClient::client() {
    if (client_) return &*client_;
    http::ClientConfig config{.ca_file = options_.ca_file};
    HOMEOSTAT_TRY(config.bearer_token, runtime::read_token({.token_file = options_.token_file}));
    return &client_.emplace(std::move(config));
}

Result<json::Value> ApiClient::send(const http::ClientRequest& request) {
    HOMEOSTAT_TRY(auto* const connection, client());
    const auto response = connection->send(request);
    if (!response && response.error().code == ErrorCode::unavailable) {
        return fail(
            ErrorCode::unavailable,
            fmt::format("no node answers at {}: {}; start one with 'homeostat run -c config.yaml', or name "
                        "another with --api",
                        options_.url, response.error().message));
    }
    if (!response) return std::unexpected(response.error());
    if (response->status == 401) {
        return fail(ErrorCode::failed_precondition,
                    "the node asks for a token: name its file with --token-file");
    }
    if (response->status >= 400) return fail(ErrorCode::failed_precondition, refusal_of(*response));
    return json::parse(response->body);
}

Result<json::Value> ApiClient::get(const std::string& path) {
    return send({.url = options_.url + path});
}

Result<json::Value> ApiClient::post(const std::string& path, std::string body) {
    return send({.method = "POST", .url = options_.url + path, .body = std::move(body)});
}

std::string url_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

ExitCode report(Environment& environment, const Error& error) {
    environment.err << error.message << '\n';
    const bool out_of_reach = error.code == ErrorCode::unavailable ||
                              error.code == ErrorCode::deadline_exceeded ||
                              error.code == ErrorCode::not_found;
    return out_of_reach ? ExitCode::unavailable : ExitCode::failed;
}

}  // namespace homeostat::cli
