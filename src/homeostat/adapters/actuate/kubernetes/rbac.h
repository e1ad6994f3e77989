// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "homeostat/adapters/actuate/kubernetes/action.h"
#include "homeostat/base/json.h"

namespace homeostat::kubernetes {

/// The rights that actions need: what may be done to which resources, by namespace.
class Rights {
public:
    /// Adds what following the workloads of a namespace needs (ClusterFeed).
    void add_watching(const std::string& namespace_name);
    /// Adds what carrying `action` out and taking it back needs, dry runs and reads included.
    void add(const Action& action);

    [[nodiscard]] bool empty() const { return rules_.empty(); }

    /// A Role for each namespace, a ClusterRole for what is in none, and their bindings to the ServiceAccount
    /// `account` of the namespace `account_namespace`: objects to be applied.
    [[nodiscard]] json::Array manifests(const std::string& account,
                                        const std::string& account_namespace) const;

private:
    void allow(const std::string& namespace_name, const Resource& resource, std::string_view subresource,
               std::initializer_list<std::string_view> verbs);

    using ResourceName = std::pair<std::string, std::string>;                     // group, plural/subresource
    std::map<std::string, std::map<ResourceName, std::set<std::string>>> rules_;  // by namespace; "": cluster
};

}  // namespace homeostat::kubernetes
