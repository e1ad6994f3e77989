// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "homeostat/adapters/ingest/intake.h"
#include "homeostat/base/error.h"

namespace homeostat::ingest {

/// Export…ServiceResponse: empty, or with the number of rejected records and the first reason. A
/// repeated record counts as accepted: it has arrived.
[[nodiscard]] std::string export_response(Signal signal, Encoding encoding,
                                          const telemetry::GateTally& tally);

/// google.rpc.Status, which OTLP/HTTP sends with every error. `code` is gRPC's.
[[nodiscard]] std::string status_message(Encoding encoding, int code, std::string_view message);

/// gRPC's status code for our errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED, …
[[nodiscard]] int grpc_code(ErrorCode code);

}  // namespace homeostat::ingest
