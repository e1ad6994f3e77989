// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/variables.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace homeostat::plan {
namespace {

/// As many as give each replica no more to do than before the fault, and a fifth to spare; at least twice as
/// many as then, since a service that is full does not see all that is asked of it. When there are so many
/// already, twice as many as there are.
std::int64_t replicas_for_load(const TargetState& state) {
    constexpr double kSpare = 1.2;
    constexpr double kAtLeast = 2;
    const auto present = static_cast<double>(state.instances.size());
    const double before = state.baseline_replicas.value_or(present);
    const bool known = state.rate_rps && state.baseline_rate_rps && *state.baseline_rate_rps > 0;
    const double growth = known ? kSpare * *state.rate_rps / *state.baseline_rate_rps : kAtLeast;
    const double wanted = before * std::max(growth, kAtLeast);
    return static_cast<std::int64_t>(
        std::ceil(std::min(wanted > present ? wanted : kAtLeast * present, 1e6)));
}

}  // namespace

const std::vector<std::string_view>& variable_names() {
    static const std::vector<std::string_view> kNames{
        "service",           "instance",         "version",          "replicas",
        "replicas_for_load", "previous_version", "baseline_rate_rps"};
    return kNames;
}

std::optional<std::string_view> variable_in(std::string_view text) {
    if (text.size() < 2 || text.front() != '$') return std::nullopt;
    const auto name = text.substr(1);
    const bool plain =
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") ==
        std::string_view::npos;
    return plain ? std::optional(name) : std::nullopt;
}

Variables variables_for(const Playbook& playbook, const model::Cause& cause, const TargetState& state) {
    Variables variables;
    variables["service"] = cause.service.value();
    variables["replicas"] = static_cast<std::int64_t>(state.instances.size());
    variables["replicas_for_load"] = replicas_for_load(state);
    if (cause.instance) variables["instance"] = cause.instance->value();
    if (state.version) variables["version"] = state.version->value();
    if (state.previous_version) variables["previous_version"] = state.previous_version->value();
    if (state.baseline_rate_rps) variables["baseline_rate_rps"] = *state.baseline_rate_rps;
    for (const auto& [name, parameter] : playbook.parameters) {
        variables["parameters." + name] = parameter.value;
    }
    return variables;
}

Result<json::Value> fill_in(const json::Value& value, const Variables& variables) {
    if (const auto* text = value.as_string()) {
        const auto name = variable_in(*text);
        if (!name) return value;
        const auto found = variables.find(*name);
        if (found != variables.end()) return found->second;
        return fail(ErrorCode::failed_precondition, *text + " has no value for this cause");
    }
    if (const auto* list = value.as_array()) {
        json::Array filled;
        for (const auto& item : *list) {
            HOMEOSTAT_TRY(auto element, fill_in(item, variables));
            filled.push_back(std::move(element));
        }
        return filled;
    }
    if (const auto* mapping = value.as_object()) {
        json::Object filled;
        for (const auto& [key, item] : *mapping) {
            HOMEOSTAT_TRY(auto element, fill_in(item, variables));
            filled.emplace_back(key, std::move(element));
        }
        return filled;
    }
    return value;
}

Result<double> resolve_amount(const json::Value& amount, std::optional<double> base) {
    if (const auto* integer = amount.as_integer()) return static_cast<double>(*integer);
    if (const auto* number = amount.as_double()) return *number;
    const auto* text = amount.as_string();
    const auto operand = text != nullptr && text->size() > 1
                             ? text_form::parse_number(std::string_view(*text).substr(1))
                             : std::nullopt;
    const char sign = operand ? text->front() : '\0';
    if (!operand || *operand < 0 || (sign != '+' && sign != '-' && sign != 'x')) {
        return fail(ErrorCode::invalid_argument,
                    "'" + text_form::text_of(amount) + "' is no amount; write a number, or +N, -N or xN");
    }
    if (!base) {
        return fail(ErrorCode::failed_precondition,
                    "'" + *text + "' depends on a value that is not known for this service");
    }
    if (sign == 'x') return *base * *operand;
    return sign == '+' ? *base + *operand : *base - *operand;
}

}  // namespace homeostat::plan
