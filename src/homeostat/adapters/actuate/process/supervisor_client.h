// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "homeostat/adapters/actuate/process/protocol.h"
#include "homeostat/base/result.h"
#include "homeostat/base/time.h"

namespace homeostat::actuate {

/// Asks a supervisor over its socket; a connection for each call, so it may be used by any thread.
class SupervisorClient {
public:
    explicit SupervisorClient(std::string socket_path) : path_(std::move(socket_path)) {}

    /// Sends a request and waits for the reply. Errors: `unavailable` when nobody was reached, so nothing
    /// was asked; `deadline_exceeded` when the request may have arrived and no answer came in time (the
    /// outcome is unknown); else what the supervisor refused it with.
    [[nodiscard]] Result<Reply> call(const Request& request, Duration timeout) const;

    [[nodiscard]] Result<std::vector<ServiceStatus>> status(Duration timeout) const;
    [[nodiscard]] const std::string& socket_path() const { return path_; }

private:
    std::string path_;
};

}  // namespace homeostat::actuate
