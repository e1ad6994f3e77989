// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::http {

/// Header fields, query parameters or path parameters, in the order in which they came.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// The first value of `name` (compared exactly), or nullptr.
[[nodiscard]] const std::string* find(const Fields& fields, std::string_view name);

struct Request {
    std::string method;  // "GET"
    std::string path;    // percent-decoded, without the query
    Fields query;
    Fields params;     // what the route's `{name}` segments matched
    Fields headers;    // names in lower case
    std::string body;  // after gzip, when the request said so
    std::string peer;  // "127.0.0.1:40312"
};

struct Response {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    Fields headers;  // further ones, such as Retry-After
};

/// `{"error":{"code":"…","message":"…"}}`: how every refusal of the server itself reads.
[[nodiscard]] Response error_response(int status, std::string_view code, std::string_view message);

/// The standard's word for a status code: "Not Found".
[[nodiscard]] std::string_view reason_phrase(int status);

/// Splits "/a/b?x=1&y=2" and decodes it. Empty: the target is malformed.
struct Target {
    std::string path;
    Fields query;
};
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

}  // namespace homeostat::http
