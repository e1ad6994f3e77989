// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "homeostat/base/time.h"
#include "homeostat/shop/directory.h"
#include "homeostat/shop/exporter.h"
#include "homeostat/shop/telemetry.h"

namespace homeostat::shop {

/// Calls other services: balanced over their routed instances, with a time-out and one retry on another
/// instance when there was no answer. Each attempt is a client span. Thread-safe.
class Caller {
public:
    Caller(Directory& directory, Exporter& exporter, Duration timeout)
        : directory_(directory), exporter_(exporter), timeout_(timeout) {}

    /// The answer's HTTP status; 0: none. `parent` is the span that makes the call.
    [[nodiscard]] int call(const model::ServiceId& service, const TraceContext& parent);

    /// Calls to these services fail at once from now on, as if their connections were lost for good.
    void cut(std::set<std::string> services);

private:
    /// `address` empty: nobody is routed.
    [[nodiscard]] int attempt(const model::ServiceId& service, const std::string& address,
                              const TraceContext& parent);
    [[nodiscard]] Result<int> get(const std::string& address, const TraceContext& context) const;
    [[nodiscard]] bool is_cut(const std::string& service);

    Directory& directory_;
    Exporter& exporter_;
    const Duration timeout_;
    std::mutex mutex_;
    std::set<std::string> cut_;
};

/// A random id, never 0.
[[nodiscard]] std::uint64_t fresh_id();

}  // namespace homeostat::shop
