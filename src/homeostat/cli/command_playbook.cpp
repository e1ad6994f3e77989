// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ostream>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/load.h"
#include "homeostat/cli/output.h"
#include "homeostat/cli/problems.h"
#include "homeostat/plan/library.h"
#include "homeostat/plan/planner.h"
#include "homeostat/plan/playbook_test.h"

namespace homeostat::cli {
namespace {

struct LintOptions {
    std::vector<std::string> paths;
    bool strict = false;
    OutputFormat output = OutputFormat::table;
};

ExitCode lint(const LintOptions& options, Environment& environment) {
    Problems problems;
    const auto playbooks = load_playbooks(yaml_files(options.paths, problems), problems);
    sort_by_place(problems);
    const bool good = options.strict ? problems.empty() : !has_errors(problems);
    if (options.output != OutputFormat::table) {
        print(environment, options.output, to_json(problems));
    } else {
        print_problems(environment, problems);
        if (good) {
            environment.out << fmt::format("{} playbooks: {}\n", playbooks.size(),
                                           paint(environment, Tone::good, "valid"));
        }
    }
    return good ? ExitCode::ok : ExitCode::failed;
}

struct TestOptions {
    std::vector<std::string> tests;
    std::vector<std::string> playbooks;
    OutputFormat output = OutputFormat::table;
};

std::vector<plan::PlaybookTest> load_tests(const std::vector<std::string>& files, Problems& problems) {
    std::vector<plan::PlaybookTest> tests;
    for (const auto& file : files) {
        const auto document = yaml::read_file(file, problems);
        plan::PlaybookTests read;
        if (!document || !read_document(*document, read, problems)) continue;
        tests.insert(tests.end(), read.tests.begin(), read.tests.end());
    }
    return tests;
}

ExitCode print_outcomes(const std::vector<plan::TestOutcome>& outcomes, OutputFormat format,
                        Environment& environment) {
    Table table{.columns = {"RESULT", "TEST", "DIFFERENCE"}, .rows = {}};
    json::Array value;
    bool all_passed = true;
    for (const auto& outcome : outcomes) {
        const bool passed = outcome.passed();
        all_passed = all_passed && passed;
        table.rows.push_back(
            {passed ? Cell(Tone::good, "passed") : Cell(Tone::bad, "failed"), outcome.name,
             passed ? std::string() : fmt::format("{}", fmt::join(outcome.differences, "; "))});
        value.emplace_back(json::Object{
            {"name", outcome.name}, {"passed", passed}, {"differences", to_json(outcome.differences)}});
    }
    print(environment, format, table, value);
    return all_passed ? ExitCode::ok : ExitCode::failed;
}

ExitCode test(const TestOptions& options, Environment& environment) {
    Problems problems;
    auto playbooks = load_playbooks(yaml_files(options.playbooks, problems), problems);
    const plan::PlaybookTests tests{load_tests(yaml_files(options.tests, problems), problems)};
    print_problems(environment, problems);
    if (has_errors(problems)) return ExitCode::usage;
    auto library = plan::PlaybookLibrary::create(std::move(playbooks));
    if (!library) {
        environment.err << library.error().message << '\n';
        return ExitCode::usage;
    }
    const plan::Planner planner(*std::move(library));
    return print_outcomes(plan::run_tests(tests, planner, {}), options.output, environment);
}

}  // namespace

Command playbook_lint_command() {
    return make_command<LintOptions>([](LintOptions& options) {
        return Command{.name = "playbook lint",
                       .summary = "Checks playbooks one by one and against each other.",
                       .examples = {"homeostat playbook lint examples/playbooks",
                                    "homeostat playbook lint --strict examples/playbooks/*.yaml"},
                       .arguments = {of_files(required("PATH", options.paths,
                                                       "Playbook files, or directories of them.")),
                                     argument("--strict", options.strict, "Fails on warnings as well."),
                                     output_argument(options.output)},
                       .run = [&options](Environment& environment) { return lint(options, environment); }};
    });
}

Command playbook_test_command() {
    return make_command<TestOptions>([](TestOptions& options) {
        return Command{
            .name = "playbook test",
            .summary = "Runs tests of playbooks: an incident, and the plan that must come of it.",
            .examples = {"homeostat playbook test --playbooks examples/playbooks examples/playbooks/tests"},
            .arguments = {of_files(required("PATH", options.tests, "Test files, or directories of them.")),
                          of_files(required("-p,--playbooks", options.playbooks,
                                            "Playbook files, or directories of them; may be given again.")),
                          output_argument(options.output)},
            .run = [&options](Environment& environment) { return test(options, environment); }};
    });
}

}  // namespace homeostat::cli
