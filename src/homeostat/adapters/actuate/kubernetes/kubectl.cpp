// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>

#include "homeostat/adapters/actuate/kubernetes/action.h"
#include "homeostat/base/contains.h"
#include "homeostat/base/text_form.h"

namespace homeostat::kubernetes {
namespace {

struct Flag {
    std::string_view name;
    std::string_view alias;  // the same, shorter
    bool takes_value = true;
};
constexpr auto kFlags = std::to_array<Flag>({{"--container", "-c"},
                                             {"--containers", "-c"},
                                             {"--delete-emptydir-data", "", false},
                                             {"--ignore-daemonsets", "", false},
                                             {"--limits", ""},
                                             {"--namespace", "-n"},
                                             {"--overwrite", "", false},
                                             {"--patch", "-p"},
                                             {"--replicas", ""},
                                             {"--requests", ""},
                                             {"--timeout", ""},
                                             {"--to-revision", ""},
                                             {"--type", ""},
                                             {"--wait", "", false}});

struct Kind {
    std::string_view name;
    const Resource& resource;
};
constexpr auto kKinds = std::to_array<Kind>({{"deployment", kDeployments},
                                             {"deployments", kDeployments},
                                             {"deploy", kDeployments},
                                             {"statefulset", kStatefulSets},
                                             {"statefulsets", kStatefulSets},
                                             {"sts", kStatefulSets},
                                             {"daemonset", kDaemonSets},
                                             {"daemonsets", kDaemonSets},
                                             {"ds", kDaemonSets},
                                             {"pod", kPods},
                                             {"pods", kPods},
                                             {"po", kPods},
                                             {"node", kNodes},
                                             {"nodes", kNodes},
                                             {"no", kNodes},
                                             {"hpa", kAutoscalers},
                                             {"horizontalpodautoscaler", kAutoscalers},
                                             {"horizontalpodautoscalers", kAutoscalers}});

std::unexpected<Error> misunderstood(std::string message) {
    return fail(ErrorCode::invalid_argument, "kubectl: " + std::move(message));
}

/// One command, its flags and other words told apart.
class Command {
public:
    [[nodiscard]] static Result<Command> parse(std::span<const std::string> words) {
        Command command;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const std::string_view word = words[i];
            if (!word.starts_with('-')) {
                command.words_.emplace_back(word);
                continue;
            }
            const auto equals = word.find('=');
            const auto name = word.substr(0, equals);
            const auto flag = std::ranges::find_if(
                kFlags, [&](const Flag& known) { return name == known.name || name == known.alias; });
            if (flag == kFlags.end()) return misunderstood(fmt::format("the flag '{}' is not known", name));
            auto& value = command.flags_[flag->name];
            if (equals != std::string_view::npos) {
                value = word.substr(equals + 1);
            } else if (flag->takes_value) {
                if (++i == words.size()) return misunderstood(fmt::format("'{}' needs a value", name));
                value = words[i];
            } else {
                value = "true";
            }
        }
        return command;
    }

    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
    /// The value of a flag; empty when it is not there.
    [[nodiscard]] std::string flag(std::string_view name) const {
        const auto found = flags_.find(name);
        return found != flags_.end() ? found->second : std::string{};
    }

private:
    std::vector<std::string> words_;
    std::map<std::string_view, std::string> flags_;
};

/// Reads the command of one order.
class Reader {
public:
    Reader(const Command& command, const model::OrderId& order, const act::KubernetesConfig& config)
        : command_(command), order_(order), config_(config) {}

    Result<Action> read();

private:
    [[nodiscard]] std::string_view word(std::size_t index) const {
        return index < command_.words().size() ? std::string_view(command_.words()[index])
                                               : std::string_view{};
    }
    /// TYPE/NAME or TYPE NAME at `index`; what follows begins at `rest_`.
    Result<ObjectRef> target(std::size_t index);
    Result<ObjectRef> node(std::size_t index);

    Result<Action> rollout();
    Result<Action> scale();
    Result<Action> remove(bool evict);
    Result<Action> cordon(bool unschedulable);
    Result<Action> drain();
    Result<Action> mark(std::string_view field);
    Result<Action> patch();
    Result<Action> set();
    Result<json::Value> images() const;
    Result<json::Value> resources() const;

    const Command& command_;
    const model::OrderId& order_;
    const act::KubernetesConfig& config_;
    std::size_t rest_ = 0;
};

Result<ObjectRef> Reader::target(std::size_t index) {
    const auto first = word(index);
    const auto slash = first.find('/');
    const bool joined = slash != std::string_view::npos;
    const auto kind = std::ranges::find(kKinds, first.substr(0, slash), &Kind::name);
    if (kind == kKinds.end())
        return misunderstood(fmt::format("'{}' is no kind that may be acted upon", first));
    const auto name = joined ? first.substr(slash + 1) : word(index + 1);
    rest_ = index + (joined ? 1 : 2);
    if (name.empty()) return misunderstood(fmt::format("name the {}", kind->resource.singular));
    return object_in(kind->resource, std::string(name), command_.flag("--namespace"), config_);
}

Result<ObjectRef> Reader::node(std::size_t index) {
    auto name = word(index);
    if (name.starts_with("node/")) name.remove_prefix(5);
    rest_ = index + 1;
    if (name.empty()) return misunderstood("name the node");
    return object_in(kNodes, std::string(name), "", config_);
}

Result<Action> Reader::rollout() {
    const auto verb = word(1);
    HOMEOSTAT_TRY(auto workload, target(2));
    if (verb == "restart") return restart_of(workload, order_);
    if (verb == "pause" || verb == "resume") {
        return Change{.target = std::move(workload), .goal = nest({"spec", "paused"}, verb == "pause")};
    }
    if (verb != "undo") return misunderstood(fmt::format("'rollout {}' is no act", verb));
    const auto revision = command_.flag("--to-revision");
    if (revision.empty()) return RollBack{.workload = std::move(workload)};
    const auto number = text_form::parse_integer(revision);
    if (!number || *number < 1) return misunderstood(fmt::format("'{}' is no revision", revision));
    return RollBack{.workload = std::move(workload), .revision = number};
}

Result<Action> Reader::scale() {
    HOMEOSTAT_TRY(auto workload, target(1));
    const auto replicas = text_form::parse_integer(command_.flag("--replicas"));
    if (!replicas) return misunderstood("'scale' needs --replicas=NUMBER");
    if (workload.resource != kDeployments && workload.resource != kStatefulSets) {
        return misunderstood(fmt::format("a {} has no replicas", workload.resource.singular));
    }
    return Scale{.workload = std::move(workload), .replicas = *replicas};
}

Result<Action> Reader::remove(bool evict) {
    HOMEOSTAT_TRY(auto pod, target(1));
    if (pod.resource != kPods) return misunderstood("only pods may be removed");
    return RemovePod{.pod = std::move(pod), .evict = evict};
}

Result<Action> Reader::cordon(bool unschedulable) {
    HOMEOSTAT_TRY(auto name, node(1));
    auto value = unschedulable ? json::Value(true) : json::Value{};
    return Change{.target = std::move(name),
                  .goal = nest({"spec", "unschedulable"}, std::move(value)),
                  .in_manifest = false};
}

Result<Action> Reader::drain() {
    HOMEOSTAT_TRY(auto name, node(1));
    return Drain{.node = std::move(name),
                 .delete_local_data = command_.flag("--delete-emptydir-data") == "true"};
}

/// `label` and `annotate`: KEY=VALUE sets, KEY- removes.
Result<Action> Reader::mark(std::string_view field) {
    HOMEOSTAT_TRY(auto object, target(1));
    json::Object marks;
    for (; rest_ < command_.words().size(); ++rest_) {
        const auto text = word(rest_);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos && equals > 0) {
            marks.emplace_back(std::string(text.substr(0, equals)), text.substr(equals + 1));
        } else if (text.ends_with('-') && text.size() > 1) {
            marks.emplace_back(std::string(text.substr(0, text.size() - 1)), json::Value{});
        } else {
            return misunderstood(fmt::format("'{}' must be KEY=VALUE or KEY-", text));
        }
    }
    if (marks.empty()) return misunderstood("say what to mark it with, as KEY=VALUE");
    return Change{.target = std::move(object),
                  .goal = nest({"metadata", field}, std::move(marks)),
                  .in_manifest = false};
}

Result<Action> Reader::patch() {
    HOMEOSTAT_TRY(auto object, target(1));
    const auto type = command_.flag("--type");
    if (!type.empty() && type != "strategic" && type != "merge") {
        return misunderstood(fmt::format("patches of type '{}' are not understood: use strategic", type));
    }
    HOMEOSTAT_TRY(auto goal, json::parse(command_.flag("--patch")));
    return Change{.target = std::move(object), .goal = std::move(goal)};
}

Result<Action> Reader::set() {
    const auto what = word(1);
    HOMEOSTAT_TRY(auto workload, target(2));
    if (what != "image" && what != "resources") return misunderstood("'set' changes image or resources");
    HOMEOSTAT_TRY(auto containers, what == "image" ? images() : resources());
    return Change{.target = std::move(workload),
                  .goal = nest({"spec", "template", "spec", "containers"}, std::move(containers))};
}

/// CONTAINER=IMAGE...
Result<json::Value> Reader::images() const {
    json::Array containers;
    for (auto i = rest_; i < command_.words().size(); ++i) {
        const auto text = word(i);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size() ||
            text.starts_with('*')) {
            return misunderstood(fmt::format("'{}' must be CONTAINER=IMAGE", text));
        }
        containers.emplace_back(
            json::Object{{"name", text.substr(0, equals)}, {"image", text.substr(equals + 1)}});
    }
    if (containers.empty()) return misunderstood("'set image' needs CONTAINER=IMAGE");
    return containers;
}

/// "cpu=500m,memory=1Gi"; 0 removes, as in kubectl.
Result<json::Value> amounts_of(std::string_view text) {
    json::Object amounts;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        const auto item = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        const auto equals = std::min(item.find('='), item.size());
        const auto name = item.substr(0, equals);
        const auto value = item.substr(std::min(equals + 1, item.size()));
        if ((name != "cpu" && name != "memory") || value.empty()) {
            return misunderstood(fmt::format("'{}' must be cpu=QUANTITY or memory=QUANTITY", item));
        }
        amounts.emplace_back(std::string(name), value == "0" ? json::Value{} : json::Value(value));
    }
    return amounts;
}

Result<json::Value> Reader::resources() const {
    const auto container = command_.flag("--containers") + command_.flag("--container");
    if (container.empty()) return misunderstood("name the container with -c");
    json::Object amounts;
    for (const std::string_view field : {"limits", "requests"}) {
        const auto text = command_.flag(fmt::format("--{}", field));
        if (text.empty()) continue;
        HOMEOSTAT_TRY(auto value, amounts_of(text));
        amounts.emplace_back(std::string(field), std::move(value));
    }
    if (amounts.empty()) return misunderstood("'set resources' needs --limits or --requests");
    return json::Array{json::Object{{"name", container}, {"resources", std::move(amounts)}}};
}

Result<Action> Reader::read() {
    const auto verb = word(0);
    if (verb == "scale") return scale();
    if (verb == "rollout") return rollout();
    if (verb == "delete") return remove(false);
    if (verb == "evict") return remove(true);
    if (verb == "cordon") return cordon(true);
    if (verb == "uncordon") return cordon(false);
    if (verb == "drain") return drain();
    if (verb == "label") return mark("labels");
    if (verb == "annotate") return mark("annotations");
    if (verb == "patch") return patch();
    if (verb == "set") return set();
    return misunderstood(fmt::format("'{}' is no act", verb));
}

}  // namespace

Result<Action> parse_kubectl(const std::vector<std::string>& words, const model::OrderId& order,
                             const act::KubernetesConfig& config) {
    HOMEOSTAT_TRY(const auto command, Command::parse(words));
    return Reader(command, order, config).read();
}

}  // namespace homeostat::kubernetes
