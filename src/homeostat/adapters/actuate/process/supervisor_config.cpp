// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/supervisor_config.h"

#include <algorithm>
#include <set>

namespace homeostat::actuate {
namespace {

std::unexpected<Error> wrong(const SupervisedService& service, const std::string& what) {
    return fail(ErrorCode::invalid_argument, "service '" + service.name.value() + "': " + what);
}

/// Names become file names and parts of instance ids.
bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= 100 && text.front() != '.' &&
           text.find_first_of("/\n ") == std::string::npos;
}

Result<> validate_service(const SupervisedService& service) {
    if (!is_name(service.name.value()))
        return wrong(service, "a name has 1 to 100 characters, no '/', no space");
    if (service.replicas_max < 1 || service.replicas_max > SupervisorConfig::kReplicasMax) {
        return wrong(service, "replicas_max must be 1 to " + std::to_string(SupervisorConfig::kReplicasMax));
    }
    if (service.replicas < 0 || service.replicas > service.replicas_max) {
        return wrong(service,
                     "replicas must be 0 to replicas_max (" + std::to_string(service.replicas_max) + ")");
    }
    if (!service.versions.contains(service.version)) {
        return wrong(service, "version '" + service.version.value() + "' is none of its versions");
    }
    for (const auto& [name, version] : service.versions) {
        if (version.command.empty()) return wrong(service, "version '" + name.value() + "' has no command");
    }
    return {};
}

}  // namespace

Result<> validate(const SupervisorConfig& config) {
    if (config.run_dir.empty()) return fail(ErrorCode::invalid_argument, "run_dir is empty: name a folder");
    if (config.services.size() > SupervisorConfig::kServicesMax) {
        return fail(ErrorCode::invalid_argument, "there are more than 256 services");
    }
    std::set<model::ServiceId> names;
    for (const auto& service : config.services) {
        if (auto valid = validate_service(service); !valid) return valid;
        if (!names.insert(service.name).second) return wrong(service, "is there twice");
    }
    return {};
}

}  // namespace homeostat::actuate
