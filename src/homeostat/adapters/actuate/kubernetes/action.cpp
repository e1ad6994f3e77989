// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/action.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "homeostat/base/codec.h"
#include "homeostat/base/contains.h"

namespace homeostat::kubernetes {
namespace {

using model::ActionKind;

const Resource& resource_of(act::WorkloadKind kind) {
    switch (kind) {
        case act::WorkloadKind::deployment: return kDeployments;
        case act::WorkloadKind::statefulset: return kStatefulSets;
        case act::WorkloadKind::daemonset: break;
    }
    return kDaemonSets;
}

/// The parameter `name`, or nothing when there is none of that name and type.
template <class T>
std::optional<T> parameter(const model::ActionRequest& action, const std::string& name) {
    const auto found = action.parameters.find(name);
    if (found == action.parameters.end()) return std::nullopt;
    auto value = from_json<T>(found->second);
    return value ? std::optional(std::move(*value)) : std::nullopt;
}

Result<Action> translate_native(const model::Order& order, const act::KubernetesConfig& config) {
    const auto& action = order.action;
    const auto workload = workload_of(action.service, config);
    const auto pod = [&] { return ObjectRef{kPods, workload.namespace_name, action.instance->value(), ""}; };
    switch (action.kind) {
        case ActionKind::restart:
            if (action.instance) return RemovePod{.pod = pod(), .workload = workload};
            return restart_of(workload, order.id);
        case ActionKind::scale: {
            const auto replicas = parameter<std::int64_t>(action, "replicas");
            if (!replicas) return fail(ErrorCode::invalid_argument, "parameter 'replicas' must be a number");
            return Scale{.workload = workload, .replicas = *replicas};
        }
        case ActionKind::rollback:
            return RollBack{.workload = workload, .version = parameter<std::string>(action, "version")};
        case ActionKind::reroute:
            if (!action.instance) return fail(ErrorCode::invalid_argument, "name the pod to route around");
            // The request says whether to route around the pod; the action says whether the pod takes
            // traffic.
            return Route{.pod = pod(),
                         .workload = workload,
                         .enabled = !parameter<bool>(action, "enabled").value_or(true)};
        case ActionKind::kubectl: {
            const auto words = parameter<std::vector<std::string>>(action, "args");
            if (!words)
                return fail(ErrorCode::invalid_argument, "parameter 'args' must be a list of strings");
            return parse_kubectl(*words, order.id, config);
        }
        case ActionKind::throttle:
        case ActionKind::script: break;
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is nothing that a cluster does", homeostat::to_string(action.kind)));
}

// ---- bounds ----

/// What may be changed of an object; a field named here stands for all below it.
std::vector<std::string_view> changeable(const Resource& resource) {
    std::vector<std::string_view> fields{"metadata.labels", "metadata.annotations"};
    if (resource == kNodes) fields.emplace_back("spec.unschedulable");
    if (resource == kAutoscalers) fields.insert(fields.end(), {"spec.minReplicas", "spec.maxReplicas"});
    if (resource == kDeployments) fields.emplace_back("spec.paused");
    if (resource == kDeployments || resource == kStatefulSets || resource == kDaemonSets) {
        fields.insert(
            fields.end(),
            {"spec.template.metadata.annotations", "spec.template.spec.containers.name",
             "spec.template.spec.containers.image", "spec.template.spec.containers.resources.limits",
             "spec.template.spec.containers.resources.requests"});
    }
    return fields;
}

/// Walks over the leaves of a patch, in bounds of nesting that the reader of JSON has set.
class GoalCheck {
public:
    GoalCheck(const Resource& resource, const act::KubernetesConfig& config)
        : fields_(changeable(resource)), config_(config) {}

    Result<> check(const json::Value& value, const std::string& path) {
        const bool allowed = std::ranges::any_of(fields_, [&](std::string_view field) {
            return path == field || (path.starts_with(field) && path[field.size()] == '.');
        });
        if (const auto* object = value.as_object()) {
            for (const auto& [key, member] : *object) {
                if (key.starts_with('$')) {
                    return fail(ErrorCode::permission_denied,
                                fmt::format("'{}': no directives of patches", key));
                }
                if (auto fine = check(member, path.empty() ? key : path + "." + key); !fine) return fine;
            }
            return {};
        }
        if (const auto* list = value.as_array(); list != nullptr && !list->empty() && !allowed) {
            for (const auto& element : *list) {
                if (auto fine = check(element, path); !fine) return fine;
            }
            return {};
        }
        if (!allowed) {
            return fail(ErrorCode::permission_denied,
                        fmt::format("'{}' is no field that may be changed: it may be one of {}", path,
                                    fmt::join(fields_, ", ")));
        }
        return check_value(value, path);
    }

private:
    Result<> check_value(const json::Value& value, const std::string& path) const {
        for (const std::string_view map : {".labels", ".annotations", ".limits", ".requests"}) {
            if (!path.ends_with(map) || !contains(fields_, std::string_view(path))) continue;
            return fail(ErrorCode::permission_denied,
                        fmt::format("'{}' may only be changed one by one, not as a whole", path));
        }
        if (path.starts_with("spec.template.spec.containers.resources.") && !value.is_null()) {
            const auto* text = value.as_string();
            if (text == nullptr)
                return fail(ErrorCode::invalid_argument, fmt::format("'{}': must be text", path));
            HOMEOSTAT_TRY(const double amount, parse_quantity(*text));
            const bool cpu = path.ends_with(".cpu");
            const double most = cpu ? static_cast<double>(config_.cpu_max.count()) / 1000
                                    : static_cast<double>(config_.memory_max.count());
            if (amount <= most) return {};
            return fail(ErrorCode::permission_denied,
                        fmt::format("{} is more than {} allows", *text, cpu ? "cpu_max" : "memory_max"));
        }
        if (path == "spec.minReplicas" || path == "spec.maxReplicas") {
            const auto* number = value.as_integer();
            if (number != nullptr && *number >= 0 && *number <= config_.replicas_max) return {};
            return fail(ErrorCode::permission_denied,
                        fmt::format("'{}' must be a number up to {}", path, config_.replicas_max));
        }
        return {};
    }

    std::vector<std::string_view> fields_;
    const act::KubernetesConfig& config_;
};

Result<> check_target(const ObjectRef& object, const act::KubernetesConfig& config) {
    if (!is_name(object.name)) {
        return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no name of an object", object.name));
    }
    if (!object.resource.namespaced) {
        if (config.nodes) return {};
        return fail(ErrorCode::permission_denied,
                    "nodes are not ours to touch: set actuators.kubernetes.nodes");
    }
    if (contains(config.namespaces, object.namespace_name)) return {};
    return fail(ErrorCode::permission_denied,
                fmt::format("the namespace '{}' is not one of actuators.kubernetes.namespaces",
                            object.namespace_name));
}

Result<> check_replicas(std::int64_t replicas, const act::KubernetesConfig& config) {
    if (replicas >= 0 && replicas <= config.replicas_max) return {};
    return fail(ErrorCode::permission_denied,
                fmt::format("replicas must be a number from 0 to {}", config.replicas_max));
}

struct TargetOf {
    const ObjectRef& operator()(const Change& action) const { return action.target; }
    const ObjectRef& operator()(const Scale& action) const { return action.workload; }
    const ObjectRef& operator()(const RollBack& action) const { return action.workload; }
    const ObjectRef& operator()(const RemovePod& action) const { return action.pod; }
    const ObjectRef& operator()(const Route& action) const { return action.pod; }
    const ObjectRef& operator()(const Drain& action) const { return action.node; }
};

}  // namespace

ObjectRef object_in(const Resource& resource, std::string name, std::string namespace_name,
                    const act::KubernetesConfig& config) {
    if (!resource.namespaced) namespace_name.clear();
    if (resource.namespaced && namespace_name.empty() && !config.namespaces.empty()) {
        namespace_name = config.namespaces.front();
    }
    return {resource, std::move(namespace_name), std::move(name), ""};
}

ObjectRef workload_of(const model::ServiceId& service, const act::KubernetesConfig& config) {
    act::Workload workload;
    if (const auto found = config.workloads.find(service); found != config.workloads.end()) {
        workload = found->second;
    }
    if (workload.name.empty()) workload.name = service.value();
    return object_in(resource_of(workload.kind), workload.name, workload.namespace_name, config);
}

Change restart_of(const ObjectRef& workload, const model::OrderId& order) {
    json::Object annotations;
    annotations.emplace_back(std::string(kOrderAnnotation), order.value());
    return {.target = workload,
            .goal = nest({"spec", "template", "metadata", "annotations"}, std::move(annotations)),
            .in_manifest = false,
            .undoable = false};
}

model::ActionRequest kubectl_request(const model::Order& order, std::vector<std::string> words) {
    return {.kind = ActionKind::kubectl,
            .service = order.action.service,
            .parameters = {{"args", json::Array(words.begin(), words.end())}}};
}

Result<> check_bounds(const Action& action, const act::KubernetesConfig& config) {
    const auto& target = std::visit(TargetOf{}, action);
    if (auto fine = check_target(target, config); !fine) return fine;
    if (const auto* scale = std::get_if<Scale>(&action)) return check_replicas(scale->replicas, config);
    if (const auto* change = std::get_if<Change>(&action)) {
        if (change->goal.as_object() == nullptr) {
            return fail(ErrorCode::invalid_argument, "the patch must be an object");
        }
        return GoalCheck(target.resource, config).check(change->goal, "");
    }
    return {};
}

Result<Action> translate(const model::Order& order, const act::KubernetesConfig& config) {
    HOMEOSTAT_TRY(auto action, translate_native(order, config));
    if (auto fine = check_bounds(action, config); !fine) return std::unexpected(fine.error());
    return action;
}

}  // namespace homeostat::kubernetes
