// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/cli.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <map>
#include <ostream>

#include "homeostat/cli/commands.h"

namespace homeostat::cli {
namespace {

constexpr std::string_view kDescription =
    "Homeostat watches a distributed system's telemetry, finds what is wrong and why, and heals it under "
    "policy.";

constexpr std::string_view kExitCodes =
    "Exit codes:\n"
    "  0  done\n"
    "  1  what was asked for failed, or problems were found\n"
    "  2  wrong arguments or an invalid configuration: nothing was done\n"
    "  3  a server or file that is needed cannot be reached";

std::string examples_text(const std::vector<std::string>& examples) {
    std::string text = examples.empty() ? "" : "Examples:";
    for (const auto& example : examples) text += "\n  " + example;
    return text;
}

std::string help_of(const Argument& argument) {
    std::string help = argument.help;
    if (!argument.choices.empty()) help += fmt::format(" One of {}.", fmt::join(argument.choices, ", "));
    if (!argument.shown_default.empty()) help += fmt::format(" Default: {}.", argument.shown_default);
    return help;
}

void add_argument(CLI::App& app, const Argument& argument) {
    const auto accept_all = [accept = argument.accept,
                             names = argument.names](const std::vector<std::string>& values) {
        for (const auto& value : values) {
            if (auto wrong = accept(value)) throw CLI::ValidationError(names, *wrong);
        }
        return true;
    };
    if (argument.kind == Argument::Kind::flag) {
        app.add_flag_callback(argument.names, [accept_all] { accept_all({""}); }, argument.help);
        return;
    }
    auto* option = app.add_option(argument.names, accept_all, help_of(argument));
    option->required(argument.required);
    if (argument.kind == Argument::Kind::list) {
        option->expected(argument.is_positional() ? -1 : argument.words)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    option->type_name(argument.is_positional() ? "" : argument.choices.empty() ? "VALUE" : "NAME");
}

using Groups = std::map<std::string, CLI::App*>;

/// The app of a command, below that of its group when it has one.
CLI::App& app_for(CLI::App& root, Groups& groups, const std::string& name) {
    const auto space = name.find(' ');
    if (space == std::string::npos) return *root.add_subcommand(name);
    const auto group = name.substr(0, space);
    auto& parent = groups[group];
    if (parent == nullptr) {
        parent = root.add_subcommand(group, group_summary(group));
        parent->require_subcommand(1);
    }
    return *parent->add_subcommand(name.substr(space + 1));
}

/// "did you mean 'validate'?" when a word that is no command is near one.
std::string suggestion_for(const std::vector<std::string>& arguments, const std::vector<Command>& commands) {
    const auto word = std::ranges::find_if(arguments, [](const auto& a) { return !a.starts_with('-'); });
    if (word == arguments.end()) return {};
    std::vector<std::string_view> names;
    for (const auto& command : commands)
        names.push_back(std::string_view(command.name).substr(0, command.name.find(' ')));
    const auto near = nearest_name(*word, names);
    if (near.empty() || near == *word) return {};
    return fmt::format("Did you mean '{}'?\n", near);
}

}  // namespace

ExitCode run(const std::vector<std::string>& arguments, const std::vector<Command>& commands,
             Environment& environment) {
    CLI::App app{std::string(kDescription), "homeostat"};
    app.set_version_flag("--version", "homeostat " HOMEOSTAT_VERSION);
    app.require_subcommand(1);
    std::vector<std::string> examples;
    const Command* chosen = nullptr;
    Groups groups;
    for (const auto& command : commands) {
        auto& sub = app_for(app, groups, command.name);
        sub.description(command.summary);
        sub.footer(examples_text(command.examples));
        for (const auto& argument : command.arguments) add_argument(sub, argument);
        sub.callback([&chosen, &command] { chosen = &command; });
        if (!command.examples.empty()) examples.push_back(command.examples.front());
    }
    app.footer(examples_text(examples) + "\n\n" + std::string(kExitCodes));
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(),
                                           arguments.rend()));  // CLI11 takes them from the back
    } catch (const CLI::ParseError& error) {
        if (app.exit(error, environment.out, environment.err) == 0) return ExitCode::ok;
        environment.err << suggestion_for(arguments, commands);
        return ExitCode::usage;
    }
    return chosen->run(environment);
}

}  // namespace homeostat::cli
