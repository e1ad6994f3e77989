// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "homeostat/adapters/http/message.h"
#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"
#include "homeostat/shop/telemetry.h"

namespace homeostat::shop {

struct ServiceOptions {
    Identity identity;
    std::string listen = "127.0.0.1:0";  // port 0: the system picks one
    std::string registry_path;           // of the supervisor; empty: we are in a pod of a cluster
    std::string otlp_endpoint;           // empty: no telemetry
    http::Fields otlp_headers;
    std::string otlp_ca_file;  // PEM; empty: the system's authorities
    /// What it serves, and whom it calls for it, if anybody.
    std::map<std::string, std::optional<model::ServiceId>> routes;
    std::size_t slots = 4;                         // requests worked on at once; calls do not count
    Duration hold = std::chrono::milliseconds(5);  // how long one takes, mostly waiting
    Duration call_timeout = std::chrono::milliseconds(400);
    bool table = false;     // reads and writes a small table for each request
    double fail_ratio = 0;  // share of requests that a bad version answers with 500
};

/// One instance of a service of the shop, serving HTTP. GET on a route does the work, GET /healthz tells that
/// it serves; POST /control changes what goes wrong (control.h).
class ShopService {
public:
    /// Errors: those of http::Server::start.
    [[nodiscard]] static Result<std::unique_ptr<ShopService>> start(ServiceOptions options);
    /// Answers what it works on, sends its last telemetry, and ends.
    ~ShopService();
    ShopService(const ShopService&) = delete;
    ShopService& operator=(const ShopService&) = delete;

    [[nodiscard]] std::string address() const;

private:
    struct Impl;
    explicit ShopService(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::shop
