// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/otlp_response.h"

#include <protozero/pbf_writer.hpp>

#include "homeostat/base/json.h"

namespace homeostat::ingest {
namespace {

std::string_view rejected_name(Signal signal) {
    switch (signal) {
        case Signal::metrics: return "rejectedDataPoints";
        case Signal::logs: return "rejectedLogRecords";
        case Signal::traces: break;
    }
    return "rejectedSpans";
}

}  // namespace

std::string export_response(Signal signal, Encoding encoding, const telemetry::GateTally& tally) {
    if (encoding == Encoding::json) {
        json::Object response;
        if (tally.quarantined > 0) {
            response.emplace_back("partialSuccess", json::Object{{std::string(rejected_name(signal)),
                                                                  std::to_string(tally.quarantined)},
                                                                 {"errorMessage", tally.first_reason}});
        }
        return json::to_text(std::move(response));
    }
    std::string out;
    if (tally.quarantined > 0) {  // partial_success = 1 { rejected_… = 1, error_message = 2 }
        protozero::pbf_writer response(out);
        protozero::pbf_writer partial(response, 1);
        partial.add_int64(1, static_cast<std::int64_t>(tally.quarantined));
        partial.add_string(2, tally.first_reason);
    }
    return out;
}

std::string status_message(Encoding encoding, int code, std::string_view message) {
    if (encoding == Encoding::json) {
        return json::to_text(json::Object{{"code", std::int64_t{code}}, {"message", message}});
    }
    std::string out;
    protozero::pbf_writer status(out);
    status.add_int32(1, code);
    status.add_string(2, message.data(), message.size());
    return out;
}

int grpc_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument: return 3;
        case ErrorCode::deadline_exceeded: return 4;
        case ErrorCode::not_found: return 5;
        case ErrorCode::permission_denied: return 7;
        case ErrorCode::resource_exhausted: return 8;
        case ErrorCode::failed_precondition: return 9;
        case ErrorCode::conflict: return 10;
        case ErrorCode::out_of_order: return 11;
        case ErrorCode::unavailable: return 14;
        case ErrorCode::data_loss: return 15;
    }
    return 2;  // UNKNOWN
}

}  // namespace homeostat::ingest
