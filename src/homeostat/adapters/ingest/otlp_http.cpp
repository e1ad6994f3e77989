// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/otlp_http.h"

#include <optional>
#include <string>
#include <string_view>

#include "homeostat/adapters/ingest/otlp_response.h"

namespace homeostat::ingest {
namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";

std::optional<Encoding> encoding_of(const http::Request& request) {
    const auto* header = http::find(request.headers, "content-type");
    if (header == nullptr) return std::nullopt;
    std::string_view type = *header;
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    if (type == kProtobuf) return Encoding::protobuf;
    if (type == kJson) return Encoding::json;
    return std::nullopt;
}

http::Response answer(Signal signal, const http::Request& request, Intake& intake) {
    const auto encoding = encoding_of(request);
    if (!encoding) {
        return http::error_response(415, "invalid_argument",
                                    "send application/x-protobuf or application/json as Content-Type");
    }
    http::Response response;
    response.content_type = *encoding == Encoding::json ? kJson : kProtobuf;
    const std::string source = "otlp_http " + request.peer;
    const auto tally =
        intake.accept({.signal = signal, .encoding = *encoding, .bytes = request.body, .source = source});
    if (tally) {
        response.body = export_response(signal, *encoding, *tally);
        return response;
    }
    const auto& error = tally.error();
    response.body = status_message(*encoding, grpc_code(error.code), error.message);
    response.status = 400;
    if (error.code == ErrorCode::resource_exhausted) {
        response.status = 429;
        response.headers.emplace_back("Retry-After", "1");
    }
    return response;
}

}  // namespace

Result<std::unique_ptr<OtlpHttpReceiver>> OtlpHttpReceiver::start(const http::ServerConfig& config,
                                                                  Intake& intake) {
    http::Routes routes;
    const auto add = [&](const char* path, Signal signal) {
        routes.add("POST", path, [signal, &intake](const http::Request& request) {
            return answer(signal, request, intake);
        });
    };
    add("/v1/traces", Signal::traces);
    add("/v1/metrics", Signal::metrics);
    add("/v1/logs", Signal::logs);
    HOMEOSTAT_TRY(auto server, http::Server::start(config, std::move(routes)));
    return std::unique_ptr<OtlpHttpReceiver>(new OtlpHttpReceiver(std::move(server)));
}

}  // namespace homeostat::ingest
