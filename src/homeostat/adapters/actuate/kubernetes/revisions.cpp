// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/revisions.h"

#include <fmt/format.h>

#include <algorithm>

#include "homeostat/base/text_form.h"

namespace homeostat::kubernetes {
namespace {

std::int64_t revision_of(const json::Value& object) {
    const auto text = text_at(object, {"metadata", "annotations", "deployment.kubernetes.io/revision"});
    return text_form::parse_integer(text).value_or(0);
}

bool owned_by(const json::Value& replica_set, const json::Value& deployment) {
    const auto uid = text_at(deployment, {"metadata", "uid"});
    return std::ranges::any_of(list_at(replica_set, {"metadata", "ownerReferences"}),
                               [&](const auto& owner) { return text_at(owner, {"uid"}) == uid; });
}

/// The template as the Deployment had it: without the label that its controller added.
json::Value template_of(const json::Value& replica_set) {
    const auto* found = at(replica_set, {"spec", "template"});
    auto copy = found != nullptr ? *found : json::Value(json::Object{});
    for (auto& [key, metadata] : *copy.as_object()) {
        if (key != "metadata" || metadata.as_object() == nullptr) continue;
        for (auto& [field, labels] : *metadata.as_object()) {
            if (field != "labels" || labels.as_object() == nullptr) continue;
            std::erase_if(*labels.as_object(),
                          [](const auto& label) { return label.first == "pod-template-hash"; });
        }
    }
    return copy;
}

/// The revision of the template that the Deployment has now. Its own note of it comes later, by its
/// controller.
std::int64_t current_revision(const json::Value& deployment, const std::vector<json::Value>& replica_sets) {
    const auto* now = at(deployment, {"spec", "template"});
    for (const auto& candidate : replica_sets) {
        if (now != nullptr && owned_by(candidate, deployment) && template_of(candidate) == *now)
            return revision_of(candidate);
    }
    return revision_of(deployment);
}

}  // namespace

std::string version_of(const json::Value& pod_template) {
    if (auto label = text_at(pod_template, {"metadata", "labels", "app.kubernetes.io/version"});
        !label.empty()) {
        return label;
    }
    const auto& containers = list_at(pod_template, {"spec", "containers"});
    if (containers.empty()) return {};
    const auto image = text_at(containers.front(), {"image"});
    const auto name =
        image.substr(image.rfind('/') + 1);  // a registry may have a port: only the last part counts
    const auto colon = name.find(':');
    return colon == std::string::npos ? std::string{} : name.substr(colon + 1);
}

Result<Revision> choose_revision(const json::Value& deployment, const std::vector<json::Value>& replica_sets,
                                 const RollBack& wanted) {
    const auto current = current_revision(deployment, replica_sets);
    const json::Value* best = nullptr;
    for (const auto& candidate : replica_sets) {
        const auto number = revision_of(candidate);
        if (!owned_by(candidate, deployment) || number == 0 || number == current) continue;
        const auto* pods = at(candidate, {"spec", "template"});
        if (wanted.revision && number != *wanted.revision) continue;
        if (wanted.version && (pods == nullptr || version_of(*pods) != *wanted.version)) continue;
        if (best == nullptr || revision_of(*best) < number) best = &candidate;
    }
    if (best != nullptr) {
        return Revision{.number = revision_of(*best), .current = current, .pod_template = template_of(*best)};
    }
    std::string what = "an earlier revision";
    if (wanted.revision) what = fmt::format("revision {} beside the current one", *wanted.revision);
    if (wanted.version) what = fmt::format("version '{}' beside the current one", *wanted.version);
    return fail(ErrorCode::failed_precondition, "its history does not hold " + what);
}

}  // namespace homeostat::kubernetes
