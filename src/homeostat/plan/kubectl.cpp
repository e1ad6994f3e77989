// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "homeostat/base/contains.h"
#include "homeostat/plan/actions.h"

namespace homeostat::plan {
namespace {

/// Verbs that a playbook may use: reading, and acts whose undo can be derived from the object before.
/// `evict` is ours: kubectl has no word for it.
constexpr std::string_view kVerbs[]{"annotate", "cordon", "delete",  "describe", "drain", "evict",    "get",
                                    "label",    "patch",  "rollout", "scale",    "set",   "uncordon", "wait"};
constexpr std::string_view kRolloutVerbs[]{"pause", "restart", "resume", "status", "undo"};
constexpr std::string_view kDeletable[]{"job", "jobs", "po", "pod", "pods"};
constexpr std::string_view kFlags[]{"--all-containers",
                                    "--container",
                                    "--current-replicas",
                                    "--delete-emptydir-data",
                                    "--field-selector",
                                    "--for",
                                    "--grace-period",
                                    "--ignore-daemonsets",
                                    "--limits",
                                    "--namespace",
                                    "--output",
                                    "--overwrite",
                                    "--patch",
                                    "--replicas",
                                    "--requests",
                                    "--selector",
                                    "--timeout",
                                    "--to-revision",
                                    "--type",
                                    "--wait",
                                    "-c",
                                    "-l",
                                    "-n",
                                    "-o",
                                    "-p"};

}  // namespace

std::optional<ArgumentFlaw> check_kubectl(const std::vector<std::string>& args) {
    const auto& verb = args.front();
    if (!contains(kVerbs, std::string_view(verb))) {
        return ArgumentFlaw{"args[0]", fmt::format("'{}' is no verb that a playbook may use", verb),
                            fmt::format("use one of {}", fmt::join(kVerbs, ", "))};
    }
    if (verb == "rollout" && (args.size() < 2 || !contains(kRolloutVerbs, std::string_view(args[1])))) {
        return ArgumentFlaw{"args", "'rollout' must be followed by what to do",
                            fmt::format("use one of {}", fmt::join(kRolloutVerbs, ", "))};
    }
    if (verb == "delete") {
        const auto kind = args.size() < 2 ? std::string_view{} : std::string_view(args[1]);
        if (!contains(kDeletable, kind.substr(0, kind.find('/')))) {
            return ArgumentFlaw{"args", "'delete' may remove pods and jobs only",
                                "write [delete, pod, NAME]"};
        }
    }
    for (std::size_t i = 0; i < args.size(); ++i) {
        const std::string_view word = args[i];
        if (!word.starts_with('-')) continue;
        const auto flag = word.substr(0, word.find('='));
        if (contains(kFlags, flag)) continue;
        return ArgumentFlaw{
            fmt::format("args[{}]", i), fmt::format("the flag '{}' is not allowed in a playbook", flag),
            "leave it out: credentials and cluster are the executor's, and other flags are unknown"};
    }
    return std::nullopt;
}

}  // namespace homeostat::plan
