// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "homeostat/act/kubernetes_config.h"
#include "homeostat/adapters/actuate/kubernetes/api_object.h"
#include "homeostat/base/json.h"
#include "homeostat/base/result.h"
#include "homeostat/model/action.h"

/// What can be done to a cluster, as typed requests. Each says what shall hold afterwards, so that doing it
/// twice is doing it once, and that it can be read from the cluster whether it was done.
namespace homeostat::kubernetes {

/// Changes fields of an object: a strategic merge patch.
struct Change {
    ObjectRef target;
    json::Value goal;
    bool in_manifest = true;  // the fields are what a manifest says, so a GitOps tool would put them back
    bool undoable = true;
};

/// Sets the number of replicas; where an autoscaler owns that number, its bounds.
struct Scale {
    ObjectRef workload;
    std::int64_t replicas = 0;
};

/// Gives a Deployment the pods of an earlier revision; without one, of the revision before.
struct RollBack {
    ObjectRef workload;
    std::optional<std::int64_t> revision;
    std::optional<std::string> version;  // label app.kubernetes.io/version, or the tag of an image
};

/// Removes a pod; its workload makes another.
struct RemovePod {
    ObjectRef pod;
    std::optional<ObjectRef> workload;  // the pod must be one of its
    bool evict = false;                 // heeds disruption budgets
};

/// Takes a pod out of its Services and its workload, and keeps it running for a post-mortem; or puts it back.
struct Route {
    ObjectRef pod;
    ObjectRef workload;
    bool enabled = false;
};

/// Cordons a node and evicts its pods.
struct Drain {
    ObjectRef node;
    bool delete_local_data = false;  // pods with an emptyDir as well
};

using Action = std::variant<Change, Scale, RollBack, RemovePod, Route, Drain>;

/// Set by a restart on the pods' template, by every change on its object: the order's id.
inline constexpr std::string_view kOrderAnnotation = "homeostat.dev/order";
/// On a pod that was taken out, and the labels that it had.
inline constexpr std::string_view kQuarantineLabel = "homeostat.dev/quarantine";
inline constexpr std::string_view kQuarantineAnnotation = "homeostat.dev/labels-before-quarantine";

/// The typed form of an order. Errors: `invalid_argument` for one that cannot be understood,
/// `permission_denied` for a namespace, a field or a value outside of the configured bounds.
[[nodiscard]] Result<Action> translate(const model::Order& order, const act::KubernetesConfig& config);

/// The typed form of the words after `kubectl`. Also `evict pod NAME`, which kubectl has no word for.
/// Errors: as translate().
[[nodiscard]] Result<Action> parse_kubectl(const std::vector<std::string>& words, const model::OrderId& order,
                                           const act::KubernetesConfig& config);

/// Errors: `permission_denied` when the action leaves the namespaces, fields or values that `config` allows.
[[nodiscard]] Result<> check_bounds(const Action& action, const act::KubernetesConfig& config);

/// Restarts the pods of a workload one after the other, as the order says.
[[nodiscard]] Change restart_of(const ObjectRef& workload, const model::OrderId& order);

/// The workload of a service, and one of a kind and name. Without a namespace: the first allowed one.
[[nodiscard]] ObjectRef workload_of(const model::ServiceId& service, const act::KubernetesConfig& config);
[[nodiscard]] ObjectRef object_in(const Resource& resource, std::string name, std::string namespace_name,
                                  const act::KubernetesConfig& config);

/// A request that says in kubectl's words what `words` say, for the service of `order`; how acts are undone.
[[nodiscard]] model::ActionRequest kubectl_request(const model::Order& order, std::vector<std::string> words);

}  // namespace homeostat::kubernetes
