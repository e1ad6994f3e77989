// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "homeostat/adapters/http/routes.h"
#include "homeostat/api/control.h"

namespace homeostat::api {

/// The control surface over HTTP, which command line and user interface both use:
///
///     GET  /healthz /readyz /metrics               for the platform; open to all
///     GET  /v1/status                              Snapshot
///     GET  /v1/incidents[?state=S]  /v1/incidents/{id}
///     POST /v1/incidents/{id}/approval             {approved, by, reason}
///     GET  /v1/anomalies  /v1/graph
///     POST /v1/stop  /v1/resume                    {by, reason}
///     POST /v1/events                              events of telemetry.raw, one a line
///
/// A refusal is `{"error": {code, message}}`. `control` must outlive the routes.
[[nodiscard]] http::Routes make_routes(Control& control);

}  // namespace homeostat::api
