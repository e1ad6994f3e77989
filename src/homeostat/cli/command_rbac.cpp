// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <ostream>

#include "homeostat/adapters/actuate/kubernetes/rbac.h"
#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/load.h"
#include "homeostat/cli/problems.h"
#include "homeostat/plan/actions.h"
#include "homeostat/plan/variables.h"

namespace homeostat::cli {
namespace {

struct Options {
    std::string file;
    std::string account = "homeostat";
    std::string account_namespace = "homeostat";
};

/// Whom a playbook may act upon: the services that it names, or all that the configuration knows, or one that
/// stands for any.
std::vector<model::ServiceId> services_of(const plan::Playbook& playbook, const config::Config& config) {
    if (!playbook.match.services.empty()) return playbook.match.services;
    std::vector<model::ServiceId> services;
    for (const auto& [service, workload] : config.actuators.kubernetes->workloads)
        services.push_back(service);
    for (const auto& facts : config.graph.services) services.push_back(facts.service);
    if (services.empty()) services.emplace_back("any");
    return services;
}

/// The order that a step would become for a service; what is only known at run time is made up.
Result<model::Order> order_of(const plan::Playbook& playbook, const plan::StepTemplate& step,
                              const model::ServiceId& service) {
    const model::Cause cause{.service = service, .instance = model::InstanceId{"any"}};
    const plan::TargetState state{.instances = {model::InstanceId{"any"}},
                                  .version = model::DeploymentVersion{"2"},
                                  .previous_version = model::DeploymentVersion{"1"},
                                  .baseline_rate_rps = 1.0};
    const auto variables = plan::variables_for(playbook, cause, state);
    model::Order order{.action = {.kind = step.action, .service = service}};
    HOMEOSTAT_TRY(const auto target, plan::fill_in(step.service, variables));
    if (const auto* name = target.as_string()) order.action.service = model::ServiceId{*name};
    if (step.instance) order.action.instance = cause.instance;
    HOMEOSTAT_TRY(order.action.parameters, plan::resolve_arguments(step.action, step.args, variables, state));
    return order;
}

bool acts_on_cluster(model::ActionKind kind) {
    return kind != model::ActionKind::script && kind != model::ActionKind::throttle;
}

Result<> add_rights(const Loaded& loaded, kubernetes::Rights& rights) {
    for (const auto& playbook : loaded.playbooks) {
        for (const auto& step : playbook.steps) {
            if (!acts_on_cluster(step.action)) continue;
            for (const auto& service : services_of(playbook, loaded.config)) {
                const auto order = order_of(playbook, step, service);
                const auto action = order ? kubernetes::translate(*order, *loaded.config.actuators.kubernetes)
                                          : std::unexpected(order.error());
                if (!action) {
                    return fail(action.error().code,
                                fmt::format("playbook '{}', step '{}': {}", playbook.name, step.name,
                                            action.error().message));
                }
                rights.add(*action);
            }
        }
    }
    return {};
}

ExitCode print_rights(const Options& options, Environment& environment) {
    const auto loaded = load(options.file);
    if (!loaded.usable()) {
        print_problems(environment, loaded.problems);
        return ExitCode::usage;
    }
    if (!loaded.config.actuators.kubernetes) {
        environment.err << options.file << ": actuators.kubernetes is not set: no right is needed\n";
        return ExitCode::failed;
    }
    kubernetes::Rights rights;
    for (const auto& name : loaded.config.actuators.kubernetes->namespaces) rights.add_watching(name);
    if (auto added = add_rights(loaded, rights); !added) {
        environment.err << added.error().message << '\n';
        return ExitCode::failed;
    }
    for (const auto& object : rights.manifests(options.account, options.account_namespace)) {
        environment.out << "---\n" << yaml::to_yaml(object);
    }
    return ExitCode::ok;
}

}  // namespace

Command rbac_command() {
    return make_command<Options>([](Options& options) {
        return Command{
            .name = "rbac",
            .summary = "Prints the least Kubernetes Roles that the configured playbooks need.",
            .examples = {"homeostat rbac config.yaml | kubectl apply -f -"},
            .arguments = {of_files(required("FILE", options.file, "The configuration file.")),
                          argument("--account", options.account, "The ServiceAccount that gets them."),
                          argument("--account-namespace", options.account_namespace, "Its namespace.")},
            .run = [&options](Environment& environment) { return print_rights(options, environment); }};
    });
}

}  // namespace homeostat::cli
