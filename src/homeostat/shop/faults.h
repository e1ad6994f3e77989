// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/adapters/actuate/process/supervisor_client.h"
#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/shop/control.h"

namespace homeostat::shop {

/// What can be done to the shop. Each is really done to its processes.
enum class Fault : std::uint8_t {
    crash,              // kill -9 of an instance of payment-service
    hang,               // SIGSTOP of one
    cpu_burn,           // a thread of one burns a core
    memory_leak,        // one allocates 8 MB a second
    slow_db,            // every instance of db waits 150 ms more for each request
    bad_version,        // catalog gets version v2, which answers 500 to 60 % of its requests
    load_surge,         // four and a half times as many checkouts
    lost_dependency,    // the instances of payment-service lose rate-limiter, which is well
    telemetry_silence,  // cart serves on and exports nothing
};

/// The truth about a fault, to compare a diagnosis with.
struct GroundTruth {
    Fault fault = Fault::crash;
    model::ServiceId service;
    std::optional<model::InstanceId> instance;  // empty: all of the service
    model::CauseKind kind = model::CauseKind::crash;
    EventTime started_at{};

    static constexpr auto describe() {
        return std::tuple{field("fault", &GroundTruth::fault), field("service", &GroundTruth::service),
                          field("instance", &GroundTruth::instance), field("kind", &GroundTruth::kind),
                          field("started_at", &GroundTruth::started_at)};
    }
};

/// What a fault is, in the home of processes; there it hits the second instance where it hits one only.
[[nodiscard]] GroundTruth truth_of(Fault fault);
/// How a process is told to suffer from it; nullopt: that is no affliction of a process.
[[nodiscard]] std::optional<Control> control_of(Fault fault);
/// How the load is told of the surge.
[[nodiscard]] Control surge_of_checkouts();
/// Ends whatever a process was told to suffer from.
[[nodiscard]] Control no_affliction();
/// Errors: those of the HTTP client; `failed_precondition` when it is refused.
[[nodiscard]] Result<> post_control(const std::string& address, const Control& control);

/// Breaks a shop that runs in `run_dir`, from any process. Every fault lasts until its remedy, or revoke().
class FaultInjector {
public:
    explicit FaultInjector(std::string run_dir);

    /// Does it, and adds its truth to `run_dir`/faults.jsonl. Errors: `unavailable` when the shop does not
    /// run, `failed_precondition` when the instance to be hit does not run.
    [[nodiscard]] Result<GroundTruth> inject(Fault fault) const;

    /// Ends the fault by hand where it still lasts, and brings its service back to the configured version.
    [[nodiscard]] Result<> revoke(const GroundTruth& truth) const;

private:
    [[nodiscard]] Result<> apply(const GroundTruth& truth) const;
    [[nodiscard]] Result<> signal(const GroundTruth& truth, int number) const;
    [[nodiscard]] Result<> control(const model::ServiceId& service,
                                   const std::optional<model::InstanceId>& instance,
                                   const Control& control) const;
    [[nodiscard]] Result<> deploy(const model::ServiceId& service, const std::string& version) const;
    [[nodiscard]] Result<> restart_if_down(const GroundTruth& truth) const;
    [[nodiscard]] Result<actuate::InstanceStatus> instance_of(const GroundTruth& truth) const;
    [[nodiscard]] Result<actuate::ServiceStatus> status_of(const model::ServiceId& service) const;

    std::string run_dir_;
    actuate::SupervisorClient supervisor_;
};

}  // namespace homeostat::shop

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::shop::Fault> =
    std::to_array<std::string_view>({"crash", "hang", "cpu_burn", "memory_leak", "slow_db", "bad_version",
                                     "load_surge", "lost_dependency", "telemetry_silence"});
