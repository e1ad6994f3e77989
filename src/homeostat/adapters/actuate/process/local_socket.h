// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "homeostat/adapters/actuate/spawn/file_descriptor.h"
#include "homeostat/base/result.h"

namespace homeostat::actuate {

using SteadyDeadline = std::chrono::steady_clock::time_point;

/// A connection to a unix-domain socket that speaks in lines, with a deadline for each call.
class LocalSocket {
public:
    /// Errors: `unavailable` when nobody listens on `path`.
    [[nodiscard]] static Result<LocalSocket> connect(const std::string& path);

    /// Errors: `deadline_exceeded`, or `unavailable` when the peer hung up.
    [[nodiscard]] Result<> send_line(std::string_view text, SteadyDeadline deadline);
    /// The next line without its newline. Errors: as above, and `resource_exhausted` for an endless line.
    [[nodiscard]] Result<std::string> read_line(SteadyDeadline deadline);

    /// Makes a read_line() in another thread return. Safe from any thread.
    void shut_down() const;

private:
    explicit LocalSocket(FileDescriptor fd) : fd_(std::move(fd)) {}

    FileDescriptor fd_;
    std::string received_;
};

}  // namespace homeostat::actuate
