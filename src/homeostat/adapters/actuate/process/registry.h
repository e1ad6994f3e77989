// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/model/ids.h"

namespace homeostat::actuate {

/// One instance of a service, as its callers find it.
struct Endpoint {
    model::InstanceId instance;
    std::string address;  // "127.0.0.1:40123"
    model::DeploymentVersion version;
    bool routed = true;  // false: callers leave it out

    static constexpr auto describe() {
        return std::tuple{field("instance", &Endpoint::instance), field("address", &Endpoint::address),
                          field("version", &Endpoint::version), field("routed", &Endpoint::routed)};
    }
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct RegistryEntry {
    std::vector<Endpoint> instances;  // by instance
    double rate_rps = 0;              // admission limit of the whole service; 0: none

    static constexpr auto describe() {
        return std::tuple{field("instances", &RegistryEntry::instances),
                          field("rate_rps", &RegistryEntry::rate_rps)};
    }
    friend bool operator==(const RegistryEntry&, const RegistryEntry&) = default;
};

/// Who serves what, and where. The supervisor replaces the file `registry.json` at each change; services
/// read it to balance their calls. An instance that died stays listed until somebody acts: noticing that
/// is not the registry's job.
struct Registry {
    std::map<model::ServiceId, RegistryEntry> services;

    static constexpr auto describe() { return std::tuple{field("services", &Registry::services)}; }
    friend bool operator==(const Registry&, const Registry&) = default;
};

}  // namespace homeostat::actuate
