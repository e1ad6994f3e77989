// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/cluster_feed.h"

#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "homeostat/adapters/actuate/kubernetes/fleet_tracker.h"
#include "homeostat/adapters/actuate/kubernetes/kubernetes_actuator.h"

namespace homeostat::kubernetes {
namespace {

EventTime event_now() {
    return EventTime{
        std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
}

}  // namespace

struct ClusterFeed::Impl {
    Impl(const act::KubernetesConfig& config, OnChange callback) : on_change(std::move(callback)) {
        for (const auto& name : config.namespaces) trackers.emplace(name, FleetTracker(config));
    }

    void watch(const ClusterAccess& access, const std::string& namespace_name);
    void tell(const FleetTracker::Changes& changes) {
        for (const auto& change : changes) on_change(change);
    }

    const OnChange on_change;
    std::mutex mutex;                              // of the trackers, and of the calls of on_change
    std::map<std::string, FleetTracker> trackers;  // one for each namespace, as a list is of one namespace
    std::vector<std::unique_ptr<Informer>> informers;
};

void ClusterFeed::Impl::watch(const ClusterAccess& access, const std::string& namespace_name) {
    auto& tracker = trackers.at(namespace_name);
    informers.push_back(std::make_unique<Informer>(
        access, Query{.resource = kDeployments, .namespace_name = namespace_name},
        Informer::Handlers{.on_list =
                               [this, &tracker](const std::vector<json::Value>& objects) {
                                   const std::scoped_lock lock(mutex);
                                   tell(tracker.deployments_listed(objects, event_now()));
                               },
                           .on_change =
                               [this, &tracker](const WatchEvent& event) {
                                   const std::scoped_lock lock(mutex);
                                   tell(tracker.deployment_changed(event, event_now()));
                               }}));
    informers.push_back(std::make_unique<Informer>(
        access, Query{.resource = kPods, .namespace_name = namespace_name},
        Informer::Handlers{.on_list =
                               [this, &tracker](const std::vector<json::Value>& objects) {
                                   const std::scoped_lock lock(mutex);
                                   tell(tracker.pods_listed(objects, event_now()));
                               },
                           .on_change =
                               [this, &tracker](const WatchEvent& event) {
                                   const std::scoped_lock lock(mutex);
                                   tell(tracker.pod_changed(event, event_now()));
                               }}));
}

ClusterFeed::ClusterFeed(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClusterFeed::~ClusterFeed() = default;

Result<std::unique_ptr<ClusterFeed>> ClusterFeed::start(const act::KubernetesConfig& config,
                                                        OnChange on_change) {
    HOMEOSTAT_TRY(const auto access, access_of(config));
    auto impl = std::make_unique<Impl>(config, std::move(on_change));
    for (const auto& name : config.namespaces) impl->watch(access, name);
    return std::unique_ptr<ClusterFeed>(new ClusterFeed(std::move(impl)));
}

InformerCounters ClusterFeed::counters() const {
    InformerCounters sum;
    for (const auto& informer : impl_->informers) {
        const auto counters = informer->counters();
        sum.lists += counters.lists;
        sum.watches += counters.watches;
        sum.events += counters.events;
        sum.errors += counters.errors;
    }
    return sum;
}

}  // namespace homeostat::kubernetes
