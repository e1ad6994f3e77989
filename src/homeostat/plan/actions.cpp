// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "homeostat/base/contains.h"

namespace homeostat::plan {
namespace {

using model::ActionKind;

enum class ArgumentType : std::uint8_t { replicas, rate, text, boolean };

struct ArgumentSpec {
    std::string_view name;
    ArgumentType type;
    bool required;
};

/// The named arguments of a kind of action.
std::span<const ArgumentSpec> arguments_of(ActionKind kind) {
    static constexpr ArgumentSpec kScale[]{{"replicas", ArgumentType::replicas, true}};
    static constexpr ArgumentSpec kRollback[]{{"version", ArgumentType::text, false}};
    static constexpr ArgumentSpec kReroute[]{{"enabled", ArgumentType::boolean, false}};
    static constexpr ArgumentSpec kThrottle[]{{"rate_rps", ArgumentType::rate, true}};
    switch (kind) {
        case ActionKind::scale: return kScale;
        case ActionKind::rollback: return kRollback;
        case ActionKind::reroute: return kReroute;
        case ActionKind::throttle: return kThrottle;
        case ActionKind::restart:
        case ActionKind::script:
        case ActionKind::kubectl: break;
    }
    return {};
}

bool takes_list(ActionKind kind) {
    return kind == ActionKind::script || kind == ActionKind::kubectl;
}

std::string names_of(std::span<const ArgumentSpec> specs) {
    if (specs.empty()) return "leave 'args' out";
    std::string names;
    for (const auto& spec : specs) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", spec.name);
    return "the arguments are: " + names;
}

/// What is wrong with a value that holds no variable; empty when it is fine.
std::string flaw_of_value(ArgumentType type, const json::Value& value) {
    switch (type) {
        case ArgumentType::replicas:
        case ArgumentType::rate: {
            const auto amount = resolve_amount(value, 1.0);
            if (!amount) return amount.error().message;
            const bool absolute = value.as_string() == nullptr;
            return absolute && *amount < 0 ? "must not be negative" : "";
        }
        case ArgumentType::text:
            return value.as_string() == nullptr || value.as_string()->empty() ? "must be text" : "";
        case ArgumentType::boolean: return value.as_bool() == nullptr ? "must be true or false" : "";
    }
    return {};
}

bool is_variable(const json::Value& value) {
    return value.as_string() != nullptr && variable_in(*value.as_string());
}

std::vector<ArgumentFlaw> check_list(ActionKind kind, const json::Value& args) {
    const auto* list = args.as_array();
    if (list == nullptr || list->empty()) {
        return {{"args", fmt::format("of '{}' must be a list of strings", to_string(kind)),
                 kind == ActionKind::script ? "write [program, argument, …]" : "write [verb, argument, …]"}};
    }
    std::vector<ArgumentFlaw> flaws;
    std::vector<std::string> words;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto& word = (*list)[i];
        const bool scalar = !word.is_null() && word.as_array() == nullptr && word.as_object() == nullptr;
        if (!scalar) flaws.push_back({fmt::format("args[{}]", i), "must be one string", "quote it"});
        words.push_back(text_form::text_of(word));
    }
    if (kind == ActionKind::script && is_variable(list->front())) {
        flaws.push_back({"args[0]", "the program must be named, not a variable", "write the program's path"});
    }
    if (kind == ActionKind::kubectl) {
        if (auto flaw = check_kubectl(words)) flaws.push_back(*std::move(flaw));
    }
    return flaws;
}

std::vector<ArgumentFlaw> check_mapping(ActionKind kind, const json::Value& args) {
    const auto specs = arguments_of(kind);
    if (!args.is_null() && args.as_object() == nullptr) {
        return {{"args", fmt::format("of '{}' must be a mapping", to_string(kind)), names_of(specs)}};
    }
    std::vector<ArgumentFlaw> flaws;
    for (const auto& spec : specs) {
        if (!spec.required || args.find(spec.name) != nullptr) continue;
        flaws.push_back({"args", fmt::format("'{}' needs the argument '{}'", to_string(kind), spec.name),
                         fmt::format("add '{}'", spec.name)});
    }
    if (args.is_null()) return flaws;
    for (const auto& [name, value] : *args.as_object()) {
        const auto spec = std::ranges::find(specs, name, &ArgumentSpec::name);
        if (spec == specs.end()) {
            flaws.push_back({"args." + name, fmt::format("'{}' has no argument '{}'", to_string(kind), name),
                             names_of(specs)});
            continue;
        }
        if (is_variable(value)) continue;
        if (auto flaw = flaw_of_value(spec->type, value); !flaw.empty()) {
            flaws.push_back({"args." + name, std::move(flaw), "write a value of the right kind"});
        }
    }
    return flaws;
}

Result<json::Value> resolve_value(ArgumentType type, const json::Value& value, const TargetState& state) {
    if (type == ArgumentType::replicas) {
        HOMEOSTAT_TRY(const double wanted,
                      resolve_amount(value, static_cast<double>(state.instances.size())));
        const auto rounded = std::ceil(wanted);
        if (!(rounded >= 0 && rounded <= std::numeric_limits<std::int32_t>::max())) {
            return fail(ErrorCode::failed_precondition, fmt::format("{} is no number of replicas", rounded));
        }
        return json::Value(static_cast<std::int64_t>(rounded));
    }
    if (type == ArgumentType::rate) {
        HOMEOSTAT_TRY(const double rate, resolve_amount(value, state.baseline_rate_rps));
        if (!(std::isfinite(rate) && rate >= 0)) {
            return fail(ErrorCode::failed_precondition, fmt::format("{} is no rate of requests", rate));
        }
        return json::Value(rate);
    }
    if (auto flaw = flaw_of_value(type, value); !flaw.empty()) {
        return fail(ErrorCode::failed_precondition, std::move(flaw));
    }
    return value;
}

std::map<std::string, json::Value> command_of(ActionKind kind, const json::Array& words) {
    std::map<std::string, json::Value> parameters;
    json::Array args;
    for (const auto& word : words) args.emplace_back(text_form::text_of(word));
    if (kind == ActionKind::script) {
        parameters["program"] = args.front();
        args.erase(args.begin());
    }
    parameters["args"] = std::move(args);
    return parameters;
}

}  // namespace

std::vector<ArgumentFlaw> check_arguments(ActionKind kind, const json::Value& args, bool has_instance) {
    auto flaws = takes_list(kind) ? check_list(kind, args) : check_mapping(kind, args);
    const bool may_have_instance = kind == ActionKind::restart || kind == ActionKind::reroute;
    if (has_instance && !may_have_instance) {
        flaws.push_back({"instance", fmt::format("'{}' acts on a service as a whole", to_string(kind)),
                         "leave 'instance' out"});
    }
    if (kind == ActionKind::reroute && !has_instance) {
        flaws.push_back({"instance", "'reroute' acts on one instance", "add 'instance: $instance'"});
    }
    return flaws;
}

Result<std::map<std::string, json::Value>> resolve_arguments(ActionKind kind, const json::Value& args,
                                                             const Variables& variables,
                                                             const TargetState& state) {
    HOMEOSTAT_TRY(const auto filled, fill_in(args, variables));
    if (takes_list(kind)) {
        if (filled.as_array() == nullptr || filled.as_array()->empty()) {
            return fail(ErrorCode::invalid_argument, "args: must be a list that is not empty");
        }
        return command_of(kind, *filled.as_array());
    }
    std::map<std::string, json::Value> parameters;
    for (const auto& spec : arguments_of(kind)) {
        const auto* value = filled.find(spec.name);
        if (value == nullptr) continue;
        auto resolved = resolve_value(spec.type, *value, state);
        if (!resolved)
            return fail(resolved.error().code, fmt::format("{}: {}", spec.name, resolved.error().message));
        parameters[std::string(spec.name)] = *std::move(resolved);
    }
    return parameters;
}

}  // namespace homeostat::plan
