// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/commands.h"

#include <map>

namespace homeostat::cli {

std::vector<Command> all_commands() {
    return {
        demo_command(),          run_command(),           validate_command(),    status_command(),
        incidents_command(),     incident_command(),      approve_command(),     deny_command(),
        stop_command(),          resume_command(),        anomalies_command(),   graph_command(),
        events_command(),        explain_command(),       audit_list_command(),  audit_show_command(),
        audit_verify_command(),  replay_command(),        config_show_command(), config_schema_command(),
        playbook_lint_command(), playbook_test_command(), model_train_command(), model_show_command(),
        rbac_command(),          simulate_command(),      completion_command(),
    };
}

std::string group_summary(std::string_view group) {
    static const std::map<std::string_view, std::string_view> kSummaries{
        {"audit", "Reads the record of every decision."},
        {"config", "Shows the configuration in force and its schema."},
        {"model", "Trains and shows saved models."},
        {"playbook", "Checks playbooks."},
    };
    const auto found = kSummaries.find(group);
    return found == kSummaries.end() ? std::string() : std::string(found->second);
}

}  // namespace homeostat::cli
