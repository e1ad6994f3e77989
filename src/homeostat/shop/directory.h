// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "homeostat/adapters/http/message.h"
#include "homeostat/model/ids.h"

namespace homeostat::shop {

/// Where the services of the shop are, in the home that it lives in. Thread-safe.
class Directory {
public:
    Directory() = default;
    virtual ~Directory() = default;
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    /// The address to call next. `avoid`: not this one, unless there is no other. nullopt: there is none.
    [[nodiscard]] virtual std::optional<std::string> next(const model::ServiceId& service,
                                                          const std::string& avoid = {}) = 0;

    /// How many requests a second one instance of a service may admit; 0: no limit.
    [[nodiscard]] virtual double rate_of_one(const model::ServiceId& service) = 0;

    /// Headers of every request to such an address.
    [[nodiscard]] virtual http::Fields headers() const { return {}; }
};

/// That of the supervisor whose registry is at `registry_path`; empty: that of the cluster.
[[nodiscard]] std::unique_ptr<Directory> open_directory(const std::string& registry_path);

}  // namespace homeostat::shop
