// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "homeostat/cli/command.h"

namespace homeostat::cli {

[[nodiscard]] Command anomalies_command();
[[nodiscard]] Command approve_command();
[[nodiscard]] Command audit_list_command();
[[nodiscard]] Command audit_show_command();
[[nodiscard]] Command audit_verify_command();
[[nodiscard]] Command completion_command();
[[nodiscard]] Command config_schema_command();
[[nodiscard]] Command config_show_command();
[[nodiscard]] Command demo_command();
[[nodiscard]] Command deny_command();
[[nodiscard]] Command events_command();
[[nodiscard]] Command explain_command();
[[nodiscard]] Command graph_command();
[[nodiscard]] Command incident_command();
[[nodiscard]] Command incidents_command();
[[nodiscard]] Command model_show_command();
[[nodiscard]] Command model_train_command();
[[nodiscard]] Command playbook_lint_command();
[[nodiscard]] Command playbook_test_command();
[[nodiscard]] Command rbac_command();
[[nodiscard]] Command replay_command();
[[nodiscard]] Command resume_command();
[[nodiscard]] Command run_command();
[[nodiscard]] Command simulate_command();
[[nodiscard]] Command status_command();
[[nodiscard]] Command stop_command();
[[nodiscard]] Command validate_command();

/// Who gives a command that goes on record; by default the user who is logged in.
[[nodiscard]] Argument by_argument(std::string& by);

/// Every subcommand, in the order of the help.
[[nodiscard]] std::vector<Command> all_commands();

/// What a group such as "playbook" is for.
[[nodiscard]] std::string group_summary(std::string_view group);

}  // namespace homeostat::cli
