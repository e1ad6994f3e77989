// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "homeostat/act/kubernetes_config.h"
#include "homeostat/adapters/actuate/kubernetes/informer.h"
#include "homeostat/model/change_event.h"

namespace homeostat::kubernetes {

/// Watches the Deployments and pods of the configured namespaces and tells what changes (fleet_tracker.h).
/// The telemetry's clock is the system's. Needs `list` and `watch` on deployments and pods there.
class ClusterFeed {
public:
    /// `on_change` is called from several threads, one at a time.
    using OnChange = std::function<void(const model::ChangeEvent&)>;

    /// Errors: those of reading the access to the cluster, which need not be up.
    [[nodiscard]] static Result<std::unique_ptr<ClusterFeed>> start(const act::KubernetesConfig& config,
                                                                    OnChange on_change);
    ~ClusterFeed();
    ClusterFeed(const ClusterFeed&) = delete;
    ClusterFeed& operator=(const ClusterFeed&) = delete;

    /// Summed over all watches.
    [[nodiscard]] InformerCounters counters() const;

private:
    struct Impl;
    explicit ClusterFeed(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::kubernetes
