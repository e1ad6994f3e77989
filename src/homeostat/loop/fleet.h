// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "homeostat/base/time.h"
#include "homeostat/model/change_event.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/ids.h"

namespace homeostat::loop {

/// Which instances and versions each service has, as far as telemetry and change events tell.
class Fleet {
public:
    struct Instance {
        EventTime last_fresh{};
        bool down = false;                                  // exited, or silent
        std::optional<EventTime> exited_at = std::nullopt;  // not by us, and nothing was heard of it since
    };
    struct Service {
        std::map<model::InstanceId, Instance> instances;
        std::vector<model::DeploymentVersion> versions;  // one after the other; the last one runs
        std::map<model::InstanceId, EventTime> removed;  // taken away by us, at
        std::size_t reported_replicas = 0;  // by the features, for a source that names no instances
    };

    /// An instance that has been down for longer is no longer one that should serve.
    static constexpr Duration kForgetInstance = std::chrono::minutes{2};

    /// Versions of a service that are remembered.
    static constexpr std::size_t kMaxVersions = 10;

    void observe(const model::FeatureWindow& window);
    void observe(const model::ChangeEvent& change);
    void forget_gone(EventTime now);

    [[nodiscard]] std::optional<model::DeploymentVersion> version(const model::ServiceId& id) const;
    /// What ran before; empty when it is not known.
    [[nodiscard]] std::optional<model::DeploymentVersion> previous_version(const model::ServiceId& id) const;

    /// Empty for a service never seen.
    [[nodiscard]] const Service& service(const model::ServiceId& id) const;
    [[nodiscard]] std::vector<model::InstanceId> instances(const model::ServiceId& id) const;
    [[nodiscard]] std::vector<model::InstanceId> unavailable(const model::ServiceId& id) const;
    /// Of those, the ones known to have exited: silence may have other reasons.
    [[nodiscard]] std::vector<model::InstanceId> exited(const model::ServiceId& id) const;

private:
    static void set_version(Service& service, const model::DeploymentVersion& version);

    std::map<model::ServiceId, Service> services_;
};

}  // namespace homeostat::loop
