// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "homeostat/act/kubernetes_config.h"
#include "homeostat/adapters/actuate/kubernetes/watch_decoder.h"
#include "homeostat/base/time.h"
#include "homeostat/model/change_event.h"

namespace homeostat::kubernetes {

/// Turns what is seen of Deployments and pods into change events of services: versions, replicas, instances
/// that start, crash (by restart count and last state, as a kubelet shows CrashLoopBackOff for an instant
/// only) or are taken away. A pod's service is its workload's: by KubernetesConfig::workloads, or else of its
/// name.
///
/// Objects that are there when the first list is read are no news, except which instances there are.
class FleetTracker {
public:
    static constexpr std::size_t kPodsMax = 50'000;  // further ones are not tracked, and counted

    explicit FleetTracker(const act::KubernetesConfig& config);

    using Changes = std::vector<model::ChangeEvent>;
    /// All pods there are now: those that we knew and that are not among them went unseen.
    [[nodiscard]] Changes pods_listed(const std::vector<json::Value>& pods, EventTime now);
    [[nodiscard]] Changes pod_changed(const WatchEvent& event, EventTime now);
    [[nodiscard]] Changes deployments_listed(const std::vector<json::Value>& deployments, EventTime now);
    [[nodiscard]] Changes deployment_changed(const WatchEvent& event, EventTime now);

    [[nodiscard]] std::uint64_t untracked() const { return untracked_; }

private:
    using Key = std::pair<std::string, std::string>;  // namespace, name
    struct Pod {
        model::ServiceId service;
        std::int64_t restarts = 0;
        bool ready = false;
        bool leaving = false;  // somebody asked for its deletion
    };
    struct Deployment {
        std::string version;
        std::int64_t replicas = 0;
        std::string order;  // the last one of ours that changed it
    };

    [[nodiscard]] model::ServiceId service_of(const std::string& namespace_name, act::WorkloadKind kind,
                                              const std::string& name) const;
    [[nodiscard]] std::optional<model::ServiceId> service_of_pod(const json::Value& pod) const;
    void see_pod(const json::Value& object, EventTime now, Changes& changes);
    void lose_pod(std::map<Key, Pod>::iterator pod, EventTime now, Changes& changes);
    void see_deployment(const json::Value& object, EventTime now, Changes& changes);

    std::string first_namespace_;
    std::map<std::pair<act::WorkloadKind, Key>, model::ServiceId> services_;  // where the name is another
    std::map<Key, Pod> pods_;
    std::map<Key, Deployment> deployments_;
    std::uint64_t untracked_ = 0;
};

}  // namespace homeostat::kubernetes
