// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/drain.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace homeostat::kubernetes {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(250);  // between two looks at the node

bool is_owned_by_daemonset(const json::Value& pod) {
    return std::ranges::any_of(list_at(pod, {"metadata", "ownerReferences"}),
                               [](const auto& owner) { return text_at(owner, {"kind"}) == "DaemonSet"; });
}

/// Pods that a drain leaves alone: those of the node itself, and those that have ended.
bool stays(const json::Value& pod) {
    const auto phase = text_at(pod, {"status", "phase"});
    return is_owned_by_daemonset(pod) ||
           at(pod, {"metadata", "annotations", "kubernetes.io/config.mirror"}) != nullptr ||
           phase == "Succeeded" || phase == "Failed";
}

bool has_local_data(const json::Value& pod) {
    return std::ranges::any_of(list_at(pod, {"spec", "volumes"}),
                               [](const auto& volume) { return at(volume, {"emptyDir"}) != nullptr; });
}

Result<std::vector<json::Value>> pods_to_go(Client& client, const Drain& drain) {
    HOMEOSTAT_TRY(auto pods, client.list({.resource = kPods, .fields = "spec.nodeName=" + drain.node.name}));
    std::erase_if(pods.items, stays);
    return std::move(pods.items);
}

ObjectRef ref_of(const json::Value& pod) {
    return {kPods, text_at(pod, {"metadata", "namespace"}), text_at(pod, {"metadata", "name"}), "eviction"};
}

Result<> evict(Client& client, const json::Value& pod) {
    const auto ref = ref_of(pod);
    const json::Object options{{"preconditions", json::Object{{"uid", text_at(pod, {"metadata", "uid"})}}}};
    const json::Object body{{"apiVersion", "policy/v1"},
                            {"kind", "Eviction"},
                            {"metadata", json::Object{{"name", ref.name}, {"namespace", ref.namespace_name}}},
                            {"deleteOptions", options}};
    const auto answer = client.create_at(path_of(ref), body);
    if (answer) return {};
    const bool gone =
        answer.error().code == ErrorCode::not_found || answer.error().code == ErrorCode::conflict;
    return gone ? Result<>{} : std::unexpected(answer.error());
}

}  // namespace

Result<> check_drain(Client& client, const Drain& drain) {
    HOMEOSTAT_TRY(const auto pods, pods_to_go(client, drain));
    for (const auto& pod : pods) {
        if (list_at(pod, {"metadata", "ownerReferences"}).empty()) {
            return fail(ErrorCode::failed_precondition,
                        fmt::format("{} belongs to no workload: it would be lost", to_string(ref_of(pod))));
        }
        if (has_local_data(pod) && !drain.delete_local_data) {
            return fail(ErrorCode::failed_precondition,
                        fmt::format("{} has local data: give it up with --delete-emptydir-data",
                                    to_string(ref_of(pod))));
        }
    }
    return {};
}

Evictions evict_all(Client& client, const Drain& drain, std::chrono::steady_clock::time_point deadline) {
    Evictions result;
    for (;;) {
        const auto pods = pods_to_go(client, drain);
        result.left.clear();
        if (!pods) {
            result.why = pods.error().message;
            result.left.emplace_back("(the node's pods cannot be read)");
        } else {
            for (const auto& pod : *pods) {
                result.left.push_back(to_string(ref_of(pod)));
                if (at(pod, {"metadata", "deletionTimestamp"}) != nullptr) continue;
                if (std::chrono::steady_clock::now() >= deadline) break;
                if (auto done = evict(client, pod); done)
                    ++result.evicted;
                else
                    result.why = done.error().message;
            }
        }
        if (result.left.empty() || std::chrono::steady_clock::now() + kBetweenLooks >= deadline)
            return result;
        std::this_thread::sleep_for(kBetweenLooks);
    }
}

}  // namespace homeostat::kubernetes
