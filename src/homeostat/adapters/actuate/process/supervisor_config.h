// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"
#include "homeostat/model/ids.h"

namespace homeostat::actuate {

/// How one version of a service is run. A version of a service is another command or another environment.
struct ServiceVersion {
    std::vector<std::string> command;  // command[0] without a slash: beside the supervisor's program
    std::map<std::string, std::string> environment;  // added to what SupervisorConfig::environment says

    static constexpr auto describe() {
        return std::tuple{field("command", &ServiceVersion::command),
                          field("environment", &ServiceVersion::environment)};
    }
};

struct SupervisedService {
    model::ServiceId name;
    std::int32_t replicas = 1;
    std::int32_t replicas_max = 8;
    model::DeploymentVersion version;  // the one to start with
    std::map<model::DeploymentVersion, ServiceVersion> versions;

    static constexpr auto describe() {
        return std::tuple{
            field("name", &SupervisedService::name), field("replicas", &SupervisedService::replicas),
            field("replicas_max", &SupervisedService::replicas_max),
            field("version", &SupervisedService::version), field("versions", &SupervisedService::versions)};
    }
};

struct SupervisorConfig {
    static constexpr std::size_t kServicesMax = 256;
    static constexpr std::int32_t kReplicasMax = 64;

    std::string
        run_dir;  // made with mode 0700 if it is not there: control.sock, registry.json and logs/ lie here
    std::map<std::string, std::string> environment;  // of every instance; nothing is inherited
    std::vector<SupervisedService> services;
    Duration start_timeout = std::chrono::seconds(5);      // from the start until an instance is ready
    Duration stop_grace = std::chrono::milliseconds(500);  // from SIGTERM to SIGKILL
    Duration drain = std::chrono::milliseconds(100);       // from leaving the registry to SIGTERM

    [[nodiscard]] std::string socket_path() const { return run_dir + "/control.sock"; }
    [[nodiscard]] std::string registry_path() const { return run_dir + "/registry.json"; }
    [[nodiscard]] std::string log_path(const model::InstanceId& instance) const {
        return run_dir + "/logs/" + instance.value() + ".log";
    }
};

/// Errors: `invalid_argument` for the first rule that `config` breaks.
[[nodiscard]] Result<> validate(const SupervisorConfig& config);

}  // namespace homeostat::actuate
