// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/rbac.h"

#include <fmt/format.h>

namespace homeostat::kubernetes {
namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

json::Object metadata(const std::string& name, const std::string& namespace_name) {
    json::Object fields{{"name", name}};
    if (!namespace_name.empty()) fields.emplace_back("namespace", namespace_name);
    return fields;
}

}  // namespace

void Rights::allow(const std::string& namespace_name, const Resource& resource, std::string_view subresource,
                   std::initializer_list<std::string_view> verbs) {
    auto name = std::string(resource.plural);
    if (!subresource.empty()) name += fmt::format("/{}", subresource);
    auto& allowed = rules_[namespace_name][{std::string(resource.group), std::move(name)}];
    allowed.insert(verbs.begin(), verbs.end());
}

void Rights::add_watching(const std::string& namespace_name) {
    allow(namespace_name, kDeployments, "", {"list", "watch"});
    allow(namespace_name, kPods, "", {"list", "watch"});
}

void Rights::add(const Action& action) {
    struct Adder {
        Rights& rights;

        void operator()(const Change& change) const {
            rights.allow(change.target.namespace_name, change.target.resource, "", {"get", "patch"});
        }
        void operator()(const Scale& scale) const {
            const auto& where = scale.workload.namespace_name;
            rights.allow(where, scale.workload.resource, "", {"get"});
            rights.allow(where, scale.workload.resource, "scale", {"get", "patch"});
            rights.allow(where, kAutoscalers, "", {"get", "list", "patch"});
        }
        void operator()(const RollBack& roll_back) const {
            const auto& where = roll_back.workload.namespace_name;
            rights.allow(where, roll_back.workload.resource, "", {"get", "patch"});
            rights.allow(where, kReplicaSets, "", {"list"});
        }
        void operator()(const RemovePod& removal) const {
            const auto& where = removal.pod.namespace_name;
            rights.allow(where, kPods, "", {"get"});
            if (removal.workload) rights.allow(where, removal.workload->resource, "", {"get"});
            if (removal.evict)
                rights.allow(where, kPods, "eviction", {"create"});
            else
                rights.allow(where, kPods, "", {"delete"});
        }
        void operator()(const Route& route) const {
            const auto& where = route.pod.namespace_name;
            rights.allow(where, route.workload.resource, "", {"get"});
            rights.allow(where, kPods, "", {"get", "list", "patch"});
            rights.allow(where, kServices, "", {"list"});
        }
        void operator()(const Drain&) const {
            rights.allow("", kNodes, "", {"get", "patch"});
            rights.allow("", kPods, "", {"get", "list"});
            rights.allow("", kPods, "eviction", {"create"});
        }
    };
    std::visit(Adder{*this}, action);
}

json::Array Rights::manifests(const std::string& account, const std::string& account_namespace) const {
    json::Array objects;
    for (const auto& [namespace_name, resources] : rules_) {
        json::Array rules;
        for (const auto& [resource, verbs] : resources) {
            rules.emplace_back(json::Object{{"apiGroups", json::Array{resource.first}},
                                            {"resources", json::Array{resource.second}},
                                            {"verbs", json::Array(verbs.begin(), verbs.end())}});
        }
        const std::string prefix = namespace_name.empty() ? "Cluster" : "";
        const auto api_version = fmt::format("{}/v1", kGroup);
        objects.emplace_back(json::Object{{"apiVersion", api_version},
                                          {"kind", prefix + "Role"},
                                          {"metadata", metadata(account, namespace_name)},
                                          {"rules", std::move(rules)}});
        objects.emplace_back(json::Object{
            {"apiVersion", api_version},
            {"kind", prefix + "RoleBinding"},
            {"metadata", metadata(account, namespace_name)},
            {"roleRef", json::Object{{"apiGroup", kGroup}, {"kind", prefix + "Role"}, {"name", account}}},
            {"subjects",
             json::Array{json::Object{
                 {"kind", "ServiceAccount"}, {"name", account}, {"namespace", account_namespace}}}}});
    }
    return objects;
}

}  // namespace homeostat::kubernetes
