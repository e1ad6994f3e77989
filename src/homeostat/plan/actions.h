// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/json.h"
#include "homeostat/base/result.h"
#include "homeostat/model/action.h"
#include "homeostat/plan/target_state.h"
#include "homeostat/plan/variables.h"

/// What each kind of action takes as arguments, in one table for the check at load and for the planner.
namespace homeostat::plan {

/// One objection to a step's arguments.
struct ArgumentFlaw {
    std::string field;  // below the step: "args", "args.replicas", "args[2]" or "instance"
    std::string message;
    std::string cure;
};

/// Checks the arguments of an action as a playbook writes them: names, kinds, variables left open.
[[nodiscard]] std::vector<ArgumentFlaw> check_arguments(model::ActionKind kind, const json::Value& args,
                                                        bool has_instance);

/// The parameters of the request, with variables filled in and amounts resolved against the state.
/// Errors: `failed_precondition` or `invalid_argument`, naming the argument.
[[nodiscard]] Result<std::map<std::string, json::Value>> resolve_arguments(model::ActionKind kind,
                                                                           const json::Value& args,
                                                                           const Variables& variables,
                                                                           const TargetState& state);

/// Refuses a kubectl command that is not on the list of known verbs and flags: above all those that
/// choose other credentials or another cluster. `args` are its words after `kubectl`.
[[nodiscard]] std::optional<ArgumentFlaw> check_kubectl(const std::vector<std::string>& args);

}  // namespace homeostat::plan
