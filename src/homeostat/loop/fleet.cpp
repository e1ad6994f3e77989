// SPDX-License-Identifier: Apache-2.0
#include "homeostat/loop/fleet.h"

#include <algorithm>

namespace homeostat::loop {

void Fleet::set_version(Service& service, const model::DeploymentVersion& version) {
    auto& versions = service.versions;
    const auto known = std::find(versions.begin(), versions.end(), version);
    if (known != versions.end()) {
        // A return to an earlier version: what came after it was given up, and is nothing to go back to.
        versions.erase(known + 1, versions.end());
        return;
    }
    if (versions.size() == kMaxVersions) versions.erase(versions.begin());
    versions.push_back(version);
}

void Fleet::observe(const model::FeatureWindow& window) {
    if (window.subject.is_edge()) return;
    auto& service = services_[window.subject.service];
    const bool fresh = window.freshness == model::Freshness::fresh;
    if (window.subject.instance) {
        if (service.removed.contains(*window.subject.instance)) return;  // its last words
        auto& instance = service.instances[*window.subject.instance];
        if (fresh) instance.last_fresh = window.end;
        const bool last_words = instance.exited_at && window.end - window.length < *instance.exited_at;
        if (last_words) return;
        instance.down = !fresh;
        if (fresh) instance.exited_at.reset();
        return;
    }
    if (window.version) set_version(service, *window.version);
    if (fresh)
        service.reported_replicas =
            static_cast<std::size_t>(std::max(0.0, window.values.get_or(model::Feature::replicas, 0)));
}

void Fleet::observe(const model::ChangeEvent& change) {
    auto& service = services_[change.service];
    switch (change.kind) {
        case model::ChangeKind::version_changed:
            set_version(service, model::DeploymentVersion{change.detail});
            break;
        case model::ChangeKind::instance_started:
            if (!change.instance) break;
            service.instances[*change.instance] = {.last_fresh = change.at, .down = false};
            service.removed.erase(*change.instance);
            break;
        case model::ChangeKind::instance_exited:
            if (!change.instance) break;
            // What we took away ourselves is not missing; a restart brings it back with its start.
            if (change.order) {
                service.instances.erase(*change.instance);
                service.removed[*change.instance] = change.at;
            } else {
                auto& instance = service.instances[*change.instance];
                instance.down = true;
                instance.exited_at = change.at;
            }
            break;
        case model::ChangeKind::instance_removed:
            if (change.instance) service.instances.erase(*change.instance);
            break;
        case model::ChangeKind::scaled:
        case model::ChangeKind::configured: break;
    }
}

void Fleet::forget_gone(EventTime now) {
    for (auto& [id, service] : services_) {
        std::erase_if(service.instances, [&](const auto& entry) {
            return entry.second.down && now - entry.second.last_fresh > kForgetInstance;
        });
        std::erase_if(service.removed,
                      [&](const auto& entry) { return now - entry.second > kForgetInstance; });
    }
}

const Fleet::Service& Fleet::service(const model::ServiceId& id) const {
    static const Service kUnknown;
    const auto found = services_.find(id);
    return found == services_.end() ? kUnknown : found->second;
}

std::optional<model::DeploymentVersion> Fleet::version(const model::ServiceId& id) const {
    const auto& versions = service(id).versions;
    return versions.empty() ? std::nullopt : std::optional(versions.back());
}

std::optional<model::DeploymentVersion> Fleet::previous_version(const model::ServiceId& id) const {
    const auto& versions = service(id).versions;
    return versions.size() < 2 ? std::nullopt : std::optional(versions[versions.size() - 2]);
}

std::vector<model::InstanceId> Fleet::instances(const model::ServiceId& id) const {
    std::vector<model::InstanceId> ids;
    for (const auto& [instance, state] : service(id).instances) ids.push_back(instance);
    return ids;
}

std::vector<model::InstanceId> Fleet::unavailable(const model::ServiceId& id) const {
    std::vector<model::InstanceId> ids;
    for (const auto& [instance, state] : service(id).instances) {
        if (state.down) ids.push_back(instance);
    }
    return ids;
}

std::vector<model::InstanceId> Fleet::exited(const model::ServiceId& id) const {
    std::vector<model::InstanceId> ids;
    for (const auto& [instance, state] : service(id).instances) {
        if (state.exited_at) ids.push_back(instance);
    }
    return ids;
}

}  // namespace homeostat::loop
