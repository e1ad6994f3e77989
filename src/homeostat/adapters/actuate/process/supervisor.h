// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "homeostat/adapters/actuate/process/supervisor_config.h"
#include "homeostat/base/result.h"

namespace homeostat::actuate {

/// Runs the processes of a few services on this machine, and does to them what it is told over a socket:
/// restart, scale, change the version, take out of the registry, throttle. It never restarts anything by
/// itself: it reports that a process ended, and leaves the decision to whoever listens.
///
/// A process is told by its environment who it is: SUPERVISOR_SERVICE, SUPERVISOR_INSTANCE,
/// SUPERVISOR_VERSION, SUPERVISOR_REGISTRY (the file). It is ready once it has written its address and a
/// newline to the descriptor SUPERVISOR_READY_FD.
///
/// Nothing outlives it: stop() ends every process, and the kernel kills them all if we die without it.
/// Threads: one thread of its own does everything; start and stop from one thread.
class Supervisor {
public:
    /// Starts all services, and returns when all instances are ready. Errors: `invalid_argument` for the
    /// configuration, `failed_precondition` when another supervisor uses `run_dir`, and the error of the
    /// first instance that did not start; then nothing is left running.
    [[nodiscard]] static Result<std::unique_ptr<Supervisor>> start(SupervisorConfig config);

    /// Calls stop().
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// Ends all processes (SIGTERM, after `stop_grace` SIGKILL), removes the socket. A second call does
    /// nothing.
    void stop();

private:
    struct Impl;
    explicit Supervisor(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::actuate
