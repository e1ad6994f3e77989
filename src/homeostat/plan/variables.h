// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/json.h"
#include "homeostat/base/result.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/plan/playbook.h"
#include "homeostat/plan/target_state.h"

/// Variables stand for whole arguments only: "$service" is one, "deployment/$service" is plain text. So a
/// value from outside can never become a part of an argument that means something else.
namespace homeostat::plan {

/// The names that may follow `$`, without those of parameters.
[[nodiscard]] const std::vector<std::string_view>& variable_names();

/// "service" for "$service", "parameters.extra" for "$parameters.extra"; empty for any other text.
[[nodiscard]] std::optional<std::string_view> variable_in(std::string_view text);

using Variables = std::map<std::string, json::Value, std::less<>>;

/// All variables that have a value for this cause: $instance has none when the cause names no instance.
[[nodiscard]] Variables variables_for(const Playbook& playbook, const model::Cause& cause,
                                      const TargetState& state);

/// The value with its variables filled in, inside lists and mappings too. Errors: `failed_precondition`,
/// naming a variable without a value.
[[nodiscard]] Result<json::Value> fill_in(const json::Value& value, const Variables& variables);

/// A number that may depend on the state:
///
///     amount = number | "+" number | "-" number | "x" number
///
/// "+2" is two more than `base`, "x1.5" is half as much again. Errors: `invalid_argument` for other text;
/// `failed_precondition` when it depends on a base that is not known.
[[nodiscard]] Result<double> resolve_amount(const json::Value& amount, std::optional<double> base);

}  // namespace homeostat::plan
