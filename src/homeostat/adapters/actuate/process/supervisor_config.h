// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/schema.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"

namespace homeostat::actuate {

/// How one version of a service is run. A version of a service is another command or another environment.
struct ServiceVersion {
    std::vector<std::string> command;  // command[0] without a slash: beside the supervisor's program
    std::map<std::string, std::string> environment;  // added to what SupervisorConfig::environment says

    static constexpr auto schema() {
        return std::tuple{
            setting("command", &ServiceVersion::command,
                    "Program and arguments. A program without a slash lies beside the supervisor's own.",
                    {.min = 1, .required = true}),
            setting("environment", &ServiceVersion::environment, "Variables that this version gets.")};
    }
};

struct SupervisedService {
    model::ServiceId name;
    std::int32_t replicas = 1;
    std::int32_t replicas_max = 8;
    model::DeploymentVersion version;  // the one to start with
    std::map<model::DeploymentVersion, ServiceVersion> versions;

    static constexpr auto schema() {
        return std::tuple{
            setting("name", &SupervisedService::name, "Name of the service.", {.required = true}),
            setting("replicas", &SupervisedService::replicas, "Instances at the start.", {.min = 0}),
            setting("replicas_max", &SupervisedService::replicas_max, "It is never scaled beyond.",
                    {.min = 1}),
            setting("version", &SupervisedService::version, "The version to start with.", {.required = true}),
            setting("versions", &SupervisedService::versions, "How each version is run.",
                    {.required = true})};
    }
};

struct SupervisorConfig {
    static constexpr std::size_t kServicesMax = 256;
    static constexpr std::int32_t kReplicasMax = 64;

    /// Made with mode 0700 if it is not there: control.sock, registry.json and logs/ lie here.
    std::string run_dir;
    std::map<std::string, std::string> environment;        // of every instance; nothing is inherited
    std::vector<SupervisedService> services;               // each starts when the one before it is ready
    Duration start_timeout = std::chrono::seconds(5);      // from the start until an instance is ready
    Duration stop_grace = std::chrono::milliseconds(500);  // from SIGTERM to SIGKILL
    Duration drain = std::chrono::milliseconds(100);       // from leaving the registry to SIGTERM

    static constexpr auto schema() {
        using namespace std::chrono_literals;
        return std::tuple{
            setting("run_dir", &SupervisorConfig::run_dir,
                    "Folder of the socket, the registry and the logs."),
            setting("environment", &SupervisorConfig::environment, "Variables that every instance gets."),
            setting("services", &SupervisorConfig::services,
                    "What to run; each starts when the one before it is ready.", {.max = kServicesMax}),
            setting("start_timeout", &SupervisorConfig::start_timeout,
                    "Time until an instance must be ready.", {.min = 100ms, .max = 10min}),
            setting("stop_grace", &SupervisorConfig::stop_grace, "Time between SIGTERM and SIGKILL.",
                    {.min = 0ms, .max = 10min}),
            setting("drain", &SupervisorConfig::drain, "Time between leaving the registry and SIGTERM.",
                    {.min = 0ms, .max = 10min})};
    }

    [[nodiscard]] std::string socket_path() const { return run_dir + "/control.sock"; }
    [[nodiscard]] std::string registry_path() const { return run_dir + "/registry.json"; }
    [[nodiscard]] std::string log_path(const model::InstanceId& instance) const {
        return run_dir + "/logs/" + instance.value() + ".log";
    }
};

/// Errors: `invalid_argument` for the first rule that `config` breaks.
[[nodiscard]] Result<> validate(const SupervisorConfig& config);

}  // namespace homeostat::actuate
