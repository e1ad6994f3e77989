// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "homeostat/adapters/http/client.h"
#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"
#include "homeostat/cli/command.h"

namespace homeostat::cli {

/// Which node a command speaks to, and how it shows that it may.
struct ApiOptions {
    std::string url = "http://127.0.0.1:8420";
    std::string token_file;
    std::string ca_file;
};

/// `arguments`, and after them the options that every command against a running node has.
[[nodiscard]] std::vector<Argument> with_api(ApiOptions& options, std::vector<Argument> arguments);

/// The control surface of a running node. Errors: `unavailable` when it cannot be reached, `not_found` when a
/// file that was named cannot be read, `failed_precondition` with the node's own words when it refuses.
class ApiClient {
public:
    explicit ApiClient(ApiOptions options) : options_(std::move(options)) {}

    [[nodiscard]] Result<json::Value> get(const std::string& path);
    [[nodiscard]] Result<json::Value> post(const std::string& path, std::string body);
    [[nodiscard]] Result<json::Value> post(const std::string& path, const json::Value& body) {
        return post(path, json::to_text(body));
    }

    /// The value at `path`, read as a T.
    template <class T>
    [[nodiscard]] Result<T> read(const std::string& path) {
        HOMEOSTAT_TRY(const auto json, get(path));
        return from_json<T>(json);
    }

private:
    [[nodiscard]] Result<json::Value> send(const http::ClientRequest& request);
    [[nodiscard]] Result<http::Client*> client();

    ApiOptions options_;
    std::optional<http::Client> client_;
};

/// `text` as one segment of a path.
[[nodiscard]] std::string url_encoded(std::string_view text);

/// Writes the error for people, and says what the process exits with: `unavailable` when what is needed
/// cannot be reached or is not there, `failed` for everything else.
ExitCode report(Environment& environment, const Error& error);

}  // namespace homeostat::cli
