// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "homeostat/cli/command.h"

namespace homeostat::cli {

[[nodiscard]] Command completion_command();
[[nodiscard]] Command config_schema_command();
[[nodiscard]] Command config_show_command();
[[nodiscard]] Command playbook_lint_command();
[[nodiscard]] Command playbook_test_command();
[[nodiscard]] Command validate_command();

/// Every subcommand, in the order of the help.
[[nodiscard]] std::vector<Command> all_commands();

/// What a group such as "playbook" is for.
[[nodiscard]] std::string group_summary(std::string_view group);

}  // namespace homeostat::cli
