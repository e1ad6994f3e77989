// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/fleet_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "homeostat/adapters/actuate/kubernetes/action.h"
#include "homeostat/adapters/actuate/kubernetes/api_object.h"
#include "homeostat/adapters/actuate/kubernetes/revisions.h"

namespace homeostat::kubernetes {
namespace {

using model::ChangeKind;

std::pair<std::string, std::string> key_of(const json::Value& object) {
    return {text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"})};
}

bool is_ready(const json::Value& pod) {
    return std::ranges::any_of(list_at(pod, {"status", "conditions"}), [](const auto& condition) {
        return text_at(condition, {"type"}) == "Ready" && text_at(condition, {"status"}) == "True";
    });
}

std::int64_t restarts_of(const json::Value& pod) {
    std::int64_t sum = 0;
    for (const auto& container : list_at(pod, {"status", "containerStatuses"})) {
        sum += integer_at(container, {"restartCount"}).value_or(0);
    }
    return sum;
}

/// How the last container that ended did so: "OOMKilled, exit 137".
std::string last_end(const json::Value& pod) {
    for (const auto& container : list_at(pod, {"status", "containerStatuses"})) {
        for (const std::string_view state : {"state", "lastState"}) {
            const auto code = integer_at(container, {state, "terminated", "exitCode"});
            if (code)
                return fmt::format("{}, exit {}", text_at(container, {state, "terminated", "reason"}), *code);
        }
    }
    return "restarted";
}

}  // namespace

FleetTracker::FleetTracker(const act::KubernetesConfig& config)
    : first_namespace_(config.namespaces.empty() ? std::string{} : config.namespaces.front()) {
    for (const auto& [service, workload] : config.workloads) {
        const auto& where = workload.namespace_name.empty() ? first_namespace_ : workload.namespace_name;
        const auto& name = workload.name.empty() ? service.value() : workload.name;
        services_[{workload.kind, {where, name}}] = service;
    }
}

model::ServiceId FleetTracker::service_of(const std::string& namespace_name, act::WorkloadKind kind,
                                          const std::string& name) const {
    const auto found = services_.find({kind, {namespace_name, name}});
    return found != services_.end() ? found->second : model::ServiceId{name};
}

std::optional<model::ServiceId> FleetTracker::service_of_pod(const json::Value& pod) const {
    const auto where = text_at(pod, {"metadata", "namespace"});
    for (const auto& owner : list_at(pod, {"metadata", "ownerReferences"})) {
        auto name = text_at(owner, {"name"});
        const auto kind = text_at(owner, {"kind"});
        if (kind == "StatefulSet") return service_of(where, act::WorkloadKind::statefulset, name);
        if (kind == "DaemonSet") return service_of(where, act::WorkloadKind::daemonset, name);
        const auto suffix = "-" + text_at(pod, {"metadata", "labels", "pod-template-hash"});
        if (kind != "ReplicaSet" || suffix.size() < 2 || !name.ends_with(suffix)) continue;
        name.resize(name.size() - suffix.size());
        return service_of(where, act::WorkloadKind::deployment, name);
    }
    return std::nullopt;
}

void FleetTracker::lose_pod(std::map<Key, Pod>::iterator pod, EventTime now, Changes& changes) {
    const auto& [key, state] = *pod;
    changes.push_back({.at = now,
                       .service = state.service,
                       .instance = model::InstanceId{key.second},
                       .kind = ChangeKind::instance_removed,
                       .detail = "deleted"});
    pods_.erase(pod);
}

void FleetTracker::see_pod(const json::Value& object, EventTime now, Changes& changes) {
    const auto key = key_of(object);
    const auto service = service_of_pod(object);
    auto known = pods_.find(key);
    if (!service) {  // of no workload, or taken out of it: a pod in quarantine serves nobody
        if (known != pods_.end()) lose_pod(known, now, changes);
        return;
    }
    const bool added = known == pods_.end();
    if (added && pods_.size() == kPodsMax) {
        ++untracked_;
        return;
    }
    if (added) known = pods_.emplace(key, Pod{.service = *service, .restarts = restarts_of(object)}).first;
    auto& pod = known->second;
    pod.leaving = at(object, {"metadata", "deletionTimestamp"}) != nullptr;

    model::ChangeEvent change{.at = now, .service = *service, .instance = model::InstanceId{key.second}};
    const auto restarts = restarts_of(object);
    const bool failed = text_at(object, {"status", "phase"}) == "Failed";
    if (!pod.leaving && (restarts > pod.restarts || failed)) {
        change.kind = ChangeKind::instance_exited;
        const auto reason = text_at(object, {"status", "reason"});
        change.detail = failed && !reason.empty() ? reason : last_end(object);
        changes.push_back(change);
        pod.ready = false;
    }
    pod.restarts = restarts;
    const bool ready = is_ready(object) && !pod.leaving;
    if (ready && !pod.ready) {
        change.kind = ChangeKind::instance_started;
        change.detail.clear();
        changes.push_back(change);
    }
    pod.ready = ready;
}

FleetTracker::Changes FleetTracker::pods_listed(const std::vector<json::Value>& pods, EventTime now) {
    Changes changes;
    std::set<Key> present;
    for (const auto& pod : pods) {
        present.insert(key_of(pod));
        see_pod(pod, now, changes);
    }
    for (auto pod = pods_.begin(); pod != pods_.end();) {
        const auto next = std::next(pod);
        if (!present.contains(pod->first)) lose_pod(pod, now, changes);
        pod = next;
    }
    return changes;
}

FleetTracker::Changes FleetTracker::pod_changed(const WatchEvent& event, EventTime now) {
    Changes changes;
    if (event.kind != WatchKind::deleted) {
        see_pod(event.object, now, changes);
    } else if (const auto known = pods_.find(key_of(event.object)); known != pods_.end()) {
        lose_pod(known, now, changes);
    }
    return changes;
}

void FleetTracker::see_deployment(const json::Value& object, EventTime now, Changes& changes) {
    const auto key = key_of(object);
    const auto* pod_template = at(object, {"spec", "template"});
    const Deployment fresh{.version = pod_template != nullptr ? version_of(*pod_template) : "",
                           .replicas = integer_at(object, {"spec", "replicas"}).value_or(1),
                           .order = text_at(object, {"metadata", "annotations", kOrderAnnotation})};
    const auto known = deployments_.find(key);
    const std::optional<Deployment> before =
        known != deployments_.end() ? std::optional(known->second) : std::nullopt;
    deployments_[key] = fresh;

    model::ChangeEvent change{.at = now,
                              .service = service_of(key.first, act::WorkloadKind::deployment, key.second)};
    // A new note of an order says that this very change is ours.
    if (before && fresh.order != before->order && !fresh.order.empty())
        change.order = model::OrderId{fresh.order};
    if ((!before || fresh.version != before->version) && !fresh.version.empty()) {
        change.kind = ChangeKind::version_changed;
        change.detail = fresh.version;
        changes.push_back(change);
    }
    if (before && fresh.replicas != before->replicas) {
        change.kind = ChangeKind::scaled;
        change.detail = std::to_string(fresh.replicas);
        changes.push_back(change);
    }
}

FleetTracker::Changes FleetTracker::deployments_listed(const std::vector<json::Value>& deployments,
                                                       EventTime now) {
    Changes changes;
    std::set<Key> present;
    for (const auto& deployment : deployments) {
        present.insert(key_of(deployment));
        see_deployment(deployment, now, changes);
    }
    std::erase_if(deployments_, [&](const auto& entry) { return !present.contains(entry.first); });
    return changes;
}

FleetTracker::Changes FleetTracker::deployment_changed(const WatchEvent& event, EventTime now) {
    Changes changes;
    if (event.kind == WatchKind::deleted)
        deployments_.erase(key_of(event.object));
    else
        see_deployment(event.object, now, changes);
    return changes;
}

}  // namespace homeostat::kubernetes
