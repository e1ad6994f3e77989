// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "homeostat/base/schema.h"
#include "homeostat/base/units.h"
#include "homeostat/model/ids.h"

namespace homeostat::act {

enum class WorkloadKind : std::uint8_t { deployment, statefulset, daemonset };

/// What runs a service in a cluster.
struct Workload {
    WorkloadKind kind = WorkloadKind::deployment;
    std::string name;            // empty: the service's own
    std::string namespace_name;  // empty: the first of KubernetesConfig::namespaces

    static constexpr auto schema() {
        return std::tuple{setting("kind", &Workload::kind, "deployment, statefulset or daemonset."),
                          setting("name", &Workload::name, "Its name; left out: the service's."),
                          setting("namespace", &Workload::namespace_name,
                                  "Its namespace; left out: the first one in which we may act.")};
    }
    friend bool operator==(const Workload&, const Workload&) = default;
};

/// Which cluster to act upon, and within which bounds.
struct KubernetesConfig {
    std::string kubeconfig;
    std::string context;
    std::vector<std::string> namespaces;
    std::map<model::ServiceId, Workload> workloads;
    bool nodes = false;
    std::int32_t replicas_max = 50;
    Bytes memory_max{std::int64_t{8} << 30U};
    Millicores cpu_max{8000};

    static constexpr auto schema() {
        return std::tuple{
            setting("kubeconfig", &KubernetesConfig::kubeconfig,
                    "A kubeconfig; left out: the service account of the pod that we are."),
            setting("context", &KubernetesConfig::context, "A context of it; left out: the current one."),
            setting("namespaces", &KubernetesConfig::namespaces,
                    "Where it may act. A service without an entry in 'workloads' is looked for in the first.",
                    {.min = 1, .max = 1000, .required = true}),
            setting("workloads", &KubernetesConfig::workloads,
                    "What runs a service, where that is not a Deployment of its name.", {.max = 10'000}),
            setting("nodes", &KubernetesConfig::nodes, "Whether nodes may be cordoned and drained."),
            setting("replicas_max", &KubernetesConfig::replicas_max, "Nothing is scaled beyond.",
                    {.min = 1, .max = 10'000}),
            setting("memory_max", &KubernetesConfig::memory_max,
                    "No container is given a greater memory limit.", {.min = Bytes{1}}),
            setting("cpu_max", &KubernetesConfig::cpu_max,
                    "No container is given a greater CPU limit, in thousandths of a core.",
                    {.min = Millicores{1}})};
    }
};

}  // namespace homeostat::act

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::act::WorkloadKind> =
    std::to_array<std::string_view>({"deployment", "statefulset", "daemonset"});
