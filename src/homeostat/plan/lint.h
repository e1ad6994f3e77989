// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "homeostat/base/document.h"
#include "homeostat/plan/playbook.h"

namespace homeostat::plan {

/// One rule of the linter. Ids are stable: they may be silenced and linked to. HP0xx are errors and refuse
/// the playbook, HP1xx are warnings.
struct LintRule {
    std::string_view id;
    std::string_view says;
};

inline constexpr auto kLintRules = std::to_array<LintRule>({
    {"HP001", "a variable after $ is not known"},
    {"HP002", "the arguments do not suit the action"},
    {"HP003", "a parameter's default is not of its type or out of its range"},
    {"HP004", "two steps have one name"},
    {"HP005", "telemetry_silence has no remedy: nothing may be done"},
    {"HP006", "a step called verify must be a script, and the last step"},
    {"HP007", "two playbooks have one name and version"},
    {"HP008", "a kubectl step reads only, and is not the verification"},
    {"HP101", "without match.causes the playbook is never chosen by itself"},
    {"HP103", "a variable inside an argument stays plain text"},
    {"HP104", "a parameter is never used"},
    {"HP105", "the action cannot be taken back, so undo should say impossible"},
    {"HP106", "the playbook does not say what it does and when"},
    {"HP107", "two playbooks share a place on a ladder"},
});

/// Checks one playbook beyond its schema; `root` is its normal form, for the places of the problems.
void lint_playbook(const Playbook& playbook, const Document& document, Problems& problems);

/// Checks playbooks against each other.
void lint_library(const std::vector<Playbook>& playbooks, Problems& problems);

}  // namespace homeostat::plan
