// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "homeostat/adapters/actuate/kubernetes/client.h"
#include "homeostat/shop/control.h"
#include "homeostat/shop/faults.h"

namespace homeostat::demo {

/// The shop of examples/shop/kubernetes, in the namespace `shop` of a cluster whose node is this machine: its
/// pods' addresses can be reached from here, and their processes be seen. Breaks it as shop::FaultInjector
/// breaks that of processes.
class ClusterShop {
public:
    explicit ClusterShop(kubernetes::ClusterAccess access) : client_(std::move(access)) {}

    /// Errors: those of the client; `failed_precondition` when what is to be hit does not run.
    [[nodiscard]] Result<shop::GroundTruth> inject(shop::Fault fault);
    /// Whether the pod that a crash hit is ready again, in another container.
    [[nodiscard]] bool was_restarted(const shop::GroundTruth& truth);
    [[nodiscard]] Result<> revoke(const shop::GroundTruth& truth);
    /// How many pods of the shop are ready.
    [[nodiscard]] Result<std::size_t> ready_pods();

private:
    struct Pod {
        std::string name;
        std::string address;
        std::string container;
        bool ready = false;
    };

    [[nodiscard]] Result<> apply(const shop::GroundTruth& truth);
    /// Those that are not being deleted, by name; `labels` is a selector.
    [[nodiscard]] Result<std::vector<Pod>> pods(const std::string& labels);
    [[nodiscard]] Result<Pod> patient_of(const shop::GroundTruth& truth);
    [[nodiscard]] Result<> signal(const shop::GroundTruth& truth, int number);
    [[nodiscard]] Result<> control(const model::ServiceId& service,
                                   const std::optional<model::InstanceId>& instance,
                                   const shop::Control& control);
    [[nodiscard]] Result<> set_image(const model::ServiceId& service, const std::string& version);
    [[nodiscard]] Result<> remove_quarantined();

    kubernetes::Client client_;
    std::string hit_;  // the container that the last signal went to
};

/// The processes in a container, as this machine numbers them: those whose control group is named after it.
[[nodiscard]] std::vector<int> processes_of(const std::string& container);

}  // namespace homeostat::demo
