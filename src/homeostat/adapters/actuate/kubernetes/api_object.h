// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "homeostat/base/json.h"
#include "homeostat/base/result.h"

/// What objects are called in a cluster, and how a change of one is written.
namespace homeostat::kubernetes {

/// A kind of object, as the API's paths and RBAC name it.
struct Resource {
    std::string_view group;  // "" is the core group
    std::string_view version;
    std::string_view plural;
    std::string_view singular;
    bool namespaced = true;

    friend bool operator==(const Resource&, const Resource&) = default;
};

inline constexpr Resource kDeployments{"apps", "v1", "deployments", "deployment"};
inline constexpr Resource kStatefulSets{"apps", "v1", "statefulsets", "statefulset"};
inline constexpr Resource kDaemonSets{"apps", "v1", "daemonsets", "daemonset"};
inline constexpr Resource kReplicaSets{"apps", "v1", "replicasets", "replicaset"};
inline constexpr Resource kPods{"", "v1", "pods", "pod"};
inline constexpr Resource kServices{"", "v1", "services", "service"};
inline constexpr Resource kServiceAccounts{"", "v1", "serviceaccounts", "serviceaccount"};
inline constexpr Resource kNodes{"", "v1", "nodes", "node", false};
inline constexpr Resource kAutoscalers{"autoscaling", "v2", "horizontalpodautoscalers",
                                       "horizontalpodautoscaler"};

/// One object, or with a subresource a part of it.
struct ObjectRef {
    Resource resource;
    std::string namespace_name;  // empty for what is in none, such as a node
    std::string name;
    std::string_view subresource;  // "scale", "eviction", "token"; empty: the object itself

    friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};

/// "deployment shop/web": for people.
[[nodiscard]] std::string to_string(const ObjectRef& object);

/// "/apis/apps/v1/namespaces/shop/deployments/web/scale". Without a name it is the path of the list, without
/// a namespace that of all namespaces.
[[nodiscard]] std::string path_of(const ObjectRef& object);

/// Whether `text` may be the name of an object (RFC 1123 subdomain): nothing that could change a path.
[[nodiscard]] bool is_name(std::string_view text);

// ---- JSON of objects ----

/// The value below `object` at a path of member names, or nullptr.
[[nodiscard]] const json::Value* at(const json::Value& object, std::initializer_list<std::string_view> path);
/// The text there; empty when there is none.
[[nodiscard]] std::string text_at(const json::Value& object, std::initializer_list<std::string_view> path);
[[nodiscard]] std::optional<std::int64_t> integer_at(const json::Value& object,
                                                     std::initializer_list<std::string_view> path);
/// The elements of the list there; empty when there is none.
[[nodiscard]] const json::Array& list_at(const json::Value& object,
                                         std::initializer_list<std::string_view> path);
/// Objects one in another: nest({"spec", "replicas"}, 3) is {"spec":{"replicas":3}}.
[[nodiscard]] json::Value nest(std::initializer_list<std::string_view> path, json::Value leaf);

/// Whether applying `patch` would leave `object` as it is. A null in the patch is a member that is absent;
/// elements of lists of named things (containers) are compared by their names, as strategic merge does.
[[nodiscard]] bool holds(const json::Value& object, const json::Value& patch);

/// The patch that takes `patch` back from an object that was `before`: the same members as they were.
[[nodiscard]] json::Value inverse(const json::Value& before, const json::Value& patch);

/// Gives `patch` a condition: it is answered 409 unless the object is still the one that was read.
void require_version(json::Value& patch, const json::Value& object_read);

/// A quantity such as "500m", "1.5" or "2Gi" as a plain number (of cores or bytes). Errors:
/// `invalid_argument`.
[[nodiscard]] Result<double> parse_quantity(std::string_view text);

/// "app=web,tier=front" from matchLabels; an empty one is refused, as it would select everything. Errors:
/// `failed_precondition` for a selector that has expressions or selects everything.
[[nodiscard]] Result<std::string> label_selector(const json::Value& selector);

}  // namespace homeostat::kubernetes
