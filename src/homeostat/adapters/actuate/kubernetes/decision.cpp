// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "homeostat/adapters/actuate/kubernetes/revisions.h"
#include "homeostat/base/contains.h"

namespace homeostat::kubernetes {
namespace {

std::unexpected<Error> forbidden(std::string why) {
    return fail(ErrorCode::failed_precondition, std::move(why));
}

std::vector<std::string> named(std::vector<std::string> words, const ObjectRef& object) {
    words.push_back(fmt::format("{}/{}", object.resource.singular, object.name));
    if (!object.namespace_name.empty()) words.push_back("--namespace=" + object.namespace_name);
    return words;
}

std::vector<std::string> with(std::vector<std::string> words, std::string word) {
    words.push_back(std::move(word));
    return words;
}

/// Notes in the object itself whose doing the change is.
void sign(json::Value& patch, const model::Order& order) {
    auto& members = *patch.as_object();
    auto metadata = std::ranges::find(members, "metadata", &json::Object::value_type::first);
    if (metadata == members.end()) metadata = members.emplace(members.end(), "metadata", json::Object{});
    auto& fields = *metadata->second.as_object();
    auto annotations = std::ranges::find(fields, "annotations", &json::Object::value_type::first);
    if (annotations == fields.end())
        annotations = fields.emplace(fields.end(), "annotations", json::Object{});
    annotations->second.as_object()->emplace_back(std::string(kOrderAnnotation), order.id.value());
}

/// A patch of the object that was read; refused if the object has changed by then.
Decision patch_of(const ObjectRef& target, const json::Value& object, json::Value goal,
                  const model::Order& order) {
    auto body = goal;
    if (target.subresource.empty()) sign(body, order);
    require_version(body, object);
    return {.path = path_of(target),
            .write = Write::strategic,
            .body = std::move(body),
            .goal = std::move(goal),
            .uid = text_at(object, {"metadata", "uid"}),
            .detail = "changed " + to_string(target)};
}

/// Decides on one action; the members are what the reading of the state needs.
class Decider {
public:
    Decider(Client& client, const model::Order& order) : client_(client), order_(order) {}

    Result<Decision> operator()(const Change& change);
    Result<Decision> operator()(const Scale& scale);
    Result<Decision> operator()(const RollBack& roll_back);
    Result<Decision> operator()(const RemovePod& removal);
    Result<Decision> operator()(const Route& route);
    Result<Decision> operator()(const Drain& drain);

private:
    /// The autoscaler that owns the workload's number of replicas, if there is one.
    Result<std::optional<json::Value>> autoscaler_of(const ObjectRef& workload);
    Result<Decision> bound(const ObjectRef& workload, const json::Value& autoscaler, std::int64_t replicas);
    Result<Decision> take_out(const Route& route, const json::Value& pod, const json::Value& workload);
    /// The labels by which the workload or a Service selects the pod.
    Result<json::Object> selecting_labels(const Route& route, const json::Value& pod,
                                          const json::Value& workload);
    Result<> check_owner(const json::Value& object, const json::Value& wanted) const;

    Client& client_;
    const model::Order& order_;
};

bool selects(const json::Value& labels, const json::Value& pod) {
    const auto* found = at(pod, {"metadata", "labels"});
    return labels.as_object() != nullptr && !labels.as_object()->empty() && found != nullptr &&
           holds(*found, labels);
}

bool selected_by(const json::Value& workload, const json::Value& pod) {
    const auto* labels = at(workload, {"spec", "selector", "matchLabels"});
    return labels != nullptr && selects(*labels, pod);
}

bool takes_traffic(const json::Value& pod) {
    if (at(pod, {"metadata", "deletionTimestamp"}) != nullptr) return false;
    return std::ranges::any_of(list_at(pod, {"status", "conditions"}), [](const auto& condition) {
        return text_at(condition, {"type"}) == "Ready" && text_at(condition, {"status"}) == "True";
    });
}

Result<> Decider::check_owner(const json::Value& object, const json::Value& wanted) const {
    const auto owner = gitops_owner(object);
    if (owner.empty()) return {};
    return forbidden(fmt::format("{} owns it and would put it back: change its manifest by {}", owner,
                                 json::to_text(wanted)));
}

/// A strategic merge would add a container that is not there.
Result<> check_containers(const json::Value& object, const json::Value& goal) {
    const auto& present = list_at(object, {"spec", "template", "spec", "containers"});
    for (const auto& wanted : list_at(goal, {"spec", "template", "spec", "containers"})) {
        const auto name = text_at(wanted, {"name"});
        if (contains(present, name, [](const auto& container) { return text_at(container, {"name"}); }))
            continue;
        return forbidden(fmt::format("it has no container '{}'", name));
    }
    return {};
}

Result<Decision> Decider::operator()(const Change& change) {
    HOMEOSTAT_TRY(const auto object, client_.get(change.target));
    if (auto fine = check_containers(object, change.goal); !fine) return std::unexpected(fine.error());
    if (change.in_manifest) {
        if (auto fine = check_owner(object, change.goal); !fine) return std::unexpected(fine.error());
    }
    auto decision = patch_of(change.target, object, change.goal, order_);
    if (change.undoable) {
        auto words = named({"patch"}, change.target);
        words.push_back("--patch=" + json::to_text(inverse(object, change.goal)));
        decision.undo = kubectl_request(order_, std::move(words));
    }
    return decision;
}

Result<std::optional<json::Value>> Decider::autoscaler_of(const ObjectRef& workload) {
    HOMEOSTAT_TRY(const auto found,
                  client_.list({.resource = kAutoscalers, .namespace_name = workload.namespace_name}));
    const std::string_view kind = workload.resource == kDeployments ? "Deployment" : "StatefulSet";
    for (const auto& autoscaler : found.items) {
        if (text_at(autoscaler, {"spec", "scaleTargetRef", "kind"}) == kind &&
            text_at(autoscaler, {"spec", "scaleTargetRef", "name"}) == workload.name) {
            return autoscaler;
        }
    }
    return std::nullopt;
}

Result<Decision> Decider::operator()(const Scale& scale) {
    HOMEOSTAT_TRY(const auto autoscaler, autoscaler_of(scale.workload));
    if (autoscaler) return bound(scale.workload, *autoscaler, scale.replicas);
    HOMEOSTAT_TRY(const auto object, client_.get(scale.workload));
    auto part = scale.workload;
    part.subresource = "scale";
    HOMEOSTAT_TRY(const auto before, client_.get(part));
    const auto replicas = integer_at(before, {"spec", "replicas"}).value_or(0);
    auto goal = nest({"spec", "replicas"}, scale.replicas);
    if (auto fine = check_owner(object, goal); !fine) return std::unexpected(fine.error());
    auto decision = patch_of(part, before, std::move(goal), order_);
    decision.write = Write::merge;
    decision.detail =
        fmt::format("scaled {} from {} to {}", to_string(scale.workload), replicas, scale.replicas);
    decision.undo = order_.action;
    if (order_.action.kind == model::ActionKind::scale) {
        decision.undo->parameters["replicas"] = replicas;
    } else {
        decision.undo = kubectl_request(
            order_, with(named({"scale"}, scale.workload), fmt::format("--replicas={}", replicas)));
    }
    return decision;
}

/// An autoscaler would undo a number of replicas; its lower bound is what it heeds.
Result<Decision> Decider::bound(const ObjectRef& workload, const json::Value& autoscaler,
                                std::int64_t replicas) {
    const auto most = integer_at(autoscaler, {"spec", "maxReplicas"}).value_or(1);
    const auto least = std::max<std::int64_t>(replicas, 1);
    const json::Value goal =
        nest({"spec"}, json::Object{{"minReplicas", least}, {"maxReplicas", std::max(least, most)}});
    const Change change{
        .target = {kAutoscalers, workload.namespace_name, text_at(autoscaler, {"metadata", "name"}), ""},
        .goal = goal};
    HOMEOSTAT_TRY(auto decision, (*this)(change));
    decision.detail = fmt::format("{} is scaled by {}: gave it a lower bound of {}", to_string(workload),
                                  to_string(change.target), least);
    return decision;
}

Result<Decision> Decider::operator()(const RollBack& roll_back) {
    const auto& target = roll_back.workload;
    if (target.resource != kDeployments) {
        return forbidden("only a Deployment can be rolled back: of others no revisions are kept for us");
    }
    HOMEOSTAT_TRY(const auto deployment, client_.get(target));
    const auto* selector = at(deployment, {"spec", "selector"});
    HOMEOSTAT_TRY(auto labels, label_selector(selector != nullptr ? *selector : json::Value{}));
    HOMEOSTAT_TRY(const auto sets, client_.list({.resource = kReplicaSets,
                                                 .namespace_name = target.namespace_name,
                                                 .labels = std::move(labels)}));
    HOMEOSTAT_TRY(const auto revision, choose_revision(deployment, sets.items, roll_back));
    const auto goal = nest({"spec", "template"}, revision.pod_template);
    if (auto fine = check_owner(deployment, goal); !fine) return std::unexpected(fine.error());

    const auto version = text_at(deployment, {"metadata", "resourceVersion"});
    return Decision{
        .path = path_of(target),
        .write = Write::operations,
        .body =
            json::Array{
                json::Object{{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", version}},
                json::Object{{"op", "replace"}, {"path", "/spec/template"}, {"value", revision.pod_template}},
                json::Object{{"op", "add"},
                             {"path", "/metadata/annotations/homeostat.dev~1order"},
                             {"value", order_.id.value()}}},
        .goal = goal,
        .detail = fmt::format("rolled {} back from revision {} to {}", to_string(target), revision.current,
                              revision.number),
        .undo = kubectl_request(order_, with(named({"rollout", "undo"}, target),
                                             fmt::format("--to-revision={}", revision.current)))};
}

Result<Decision> Decider::operator()(const RemovePod& removal) {
    HOMEOSTAT_TRY(const auto pod, client_.get(removal.pod));
    if (removal.workload) {
        HOMEOSTAT_TRY(const auto workload, client_.get(*removal.workload));
        if (!selected_by(workload, pod)) {
            return forbidden(
                fmt::format("{} is none of {}'s", to_string(removal.pod), to_string(*removal.workload)));
        }
    }
    if (list_at(pod, {"metadata", "ownerReferences"}).empty()) {
        return forbidden(
            fmt::format("{} belongs to no workload: nothing would bring it back", to_string(removal.pod)));
    }
    const auto uid = text_at(pod, {"metadata", "uid"});
    const auto options = json::Object{{"preconditions", json::Object{{"uid", uid}}}};
    Decision decision{.path = path_of(removal.pod), .uid = uid};
    if (removal.evict) {
        decision.write = Write::evict;
        decision.detail = "evicted " + to_string(removal.pod);
        decision.body = json::Object{
            {"apiVersion", "policy/v1"},
            {"kind", "Eviction"},
            {"metadata", json::Object{{"name", removal.pod.name}, {"namespace", removal.pod.namespace_name}}},
            {"deleteOptions", options}};
    } else {
        decision.write = Write::remove;
        decision.detail = "deleted " + to_string(removal.pod);
        decision.body = options;
    }
    return decision;
}

Result<json::Object> Decider::selecting_labels(const Route& route, const json::Value& pod,
                                               const json::Value& workload) {
    HOMEOSTAT_TRY(const auto services,
                  client_.list({.resource = kServices, .namespace_name = route.pod.namespace_name}));
    json::Object labels = *at(workload, {"spec", "selector", "matchLabels"})->as_object();
    for (const auto& service : services.items) {
        const auto* selector = at(service, {"spec", "selector"});
        if (selector == nullptr || !selects(*selector, pod)) continue;
        for (const auto& label : *selector->as_object()) {
            if (!holds(labels, json::Object{label})) labels.push_back(label);
        }
    }
    return labels;
}

Result<Decision> Decider::take_out(const Route& route, const json::Value& pod, const json::Value& workload) {
    if (!selected_by(workload, pod)) {
        return forbidden(fmt::format("{} is none of {}'s", to_string(route.pod), to_string(route.workload)));
    }
    HOMEOSTAT_TRY(auto labels, label_selector(*at(workload, {"spec", "selector"})));
    HOMEOSTAT_TRY(const auto pods, client_.list({.resource = kPods,
                                                 .namespace_name = route.pod.namespace_name,
                                                 .labels = std::move(labels)}));
    const bool others = std::ranges::any_of(pods.items, [&](const auto& other) {
        return text_at(other, {"metadata", "name"}) != route.pod.name && takes_traffic(other);
    });
    if (!others) return forbidden("it is the last pod that takes traffic");
    HOMEOSTAT_TRY(const auto before, selecting_labels(route, pod, workload));
    json::Object changed;
    for (const auto& [key, value] : before) changed.emplace_back(key, json::Value{});
    changed.emplace_back(std::string(kQuarantineLabel), "true");
    json::Object notes;
    notes.emplace_back(std::string(kQuarantineAnnotation), json::to_text(before));
    const json::Value goal =
        nest({"metadata"}, json::Object{{"labels", std::move(changed)}, {"annotations", std::move(notes)}});
    auto decision = patch_of(route.pod, pod, goal, order_);
    decision.detail =
        fmt::format("took {} out of its Services and its workload; it runs on", to_string(route.pod));
    return decision;
}

Result<Decision> Decider::operator()(const Route& route) {
    HOMEOSTAT_TRY(const auto pod, client_.get(route.pod));
    HOMEOSTAT_TRY(const auto workload, client_.get(route.workload));
    const auto* notes = at(pod, {"metadata", "annotations"});
    const auto* kept = notes != nullptr ? notes->find(kQuarantineAnnotation) : nullptr;
    const auto before = kept != nullptr && kept->as_string() != nullptr ? json::parse(*kept->as_string())
                                                                        : Result<json::Value>(json::Object{});
    if (!before || before->as_object() == nullptr) return forbidden("the note of its labels cannot be read");
    auto undo = order_.action;
    undo.parameters = {{"enabled", route.enabled}};
    if (!route.enabled) {
        if (kept != nullptr) return forbidden("it is taken out already");
        HOMEOSTAT_TRY(auto decision, take_out(route, pod, workload));
        decision.undo = std::move(undo);
        return decision;
    }
    if (kept == nullptr) return forbidden("it was never taken out");
    json::Object labels = *before->as_object();
    labels.emplace_back(std::string(kQuarantineLabel), json::Value{});
    json::Object annotations;
    annotations.emplace_back(std::string(kQuarantineAnnotation), json::Value{});
    const json::Value goal = nest(
        {"metadata"}, json::Object{{"labels", std::move(labels)}, {"annotations", std::move(annotations)}});
    auto decision = patch_of(route.pod, pod, goal, order_);
    decision.detail = fmt::format("put {} back", to_string(route.pod));
    decision.undo = std::move(undo);
    return decision;
}

/// The first write of a drain; the evictions follow.
Result<Decision> Decider::operator()(const Drain& drain) {
    return (*this)(
        Change{.target = drain.node, .goal = nest({"spec", "unschedulable"}, true), .in_manifest = false});
}

}  // namespace

std::string gitops_owner(const json::Value& object) {
    struct Mark {
        std::string_view field;
        std::string_view key;
        std::string_view owner;
    };
    constexpr Mark kMarks[]{{"annotations", "argocd.argoproj.io/tracking-id", "Argo CD"},
                            {"labels", "argocd.argoproj.io/instance", "Argo CD"},
                            {"labels", "kustomize.toolkit.fluxcd.io/name", "Flux"},
                            {"labels", "helm.toolkit.fluxcd.io/name", "Flux"}};
    for (const auto& [field, key, owner] : kMarks) {
        if (at(object, {"metadata", field, key}) != nullptr) return std::string(owner);
    }
    return {};
}

Result<Decision> decide(Client& client, const model::Order& order, const Action& action) {
    return std::visit(Decider(client, order), action);
}

namespace {
Result<json::Value> write(Client& client, const Decision& decision, Dry dry) {
    switch (decision.write) {
        case Write::merge: return client.patch_at(decision.path, PatchKind::merge, decision.body, dry);
        case Write::strategic:
            return client.patch_at(decision.path, PatchKind::strategic, decision.body, dry);
        case Write::operations:
            return client.patch_at(decision.path, PatchKind::operations, decision.body, dry);
        case Write::remove: return client.remove_at(decision.path, *decision.body.as_object(), dry);
        case Write::evict: break;
    }
    return client.create_at(decision.path + "/eviction", decision.body, dry);
}
}  // namespace

Result<> send(Client& client, const Decision& decision, Dry dry) {
    HOMEOSTAT_TRY(std::ignore, write(client, decision, dry));
    return {};
}

Result<bool> is_done(Client& client, const Decision& decision) {
    const auto object = client.get_at(decision.path);
    const bool removal = decision.write == Write::remove || decision.write == Write::evict;
    if (!object) {
        if (object.error().code != ErrorCode::not_found) return std::unexpected(object.error());
        return removal;
    }
    if (!removal) return holds(*object, decision.goal);
    return text_at(*object, {"metadata", "uid"}) != decision.uid ||
           at(*object, {"metadata", "deletionTimestamp"}) != nullptr;
}

}  // namespace homeostat::kubernetes
