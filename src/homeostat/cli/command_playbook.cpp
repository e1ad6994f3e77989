// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/base/contains.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/load.h"
#include "homeostat/cli/output.h"
#include "homeostat/cli/problems.h"
#include "homeostat/plan/library.h"
#include "homeostat/plan/planner.h"
#include "homeostat/plan/playbook_test.h"
#include "homeostat/policy/guardrails.h"

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
    std::optional<std::string> config;
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

/// A moment for verdicts that is the same in each run: Wednesday, 3 January 2024, noon in UTC.
constexpr Instant kTestMoment{.loop = LoopTime{std::chrono::hours{24}},
                              .event = EventTime{std::chrono::seconds{1'704'283'200}}};

/// Judges as if the incident were the only one, the evidence fresh and nothing done before.
model::Verdict judge(const policy::Guardrails& guardrails, const model::Plan& plan,
                     const plan::TargetState& state) {
    policy::Situation situation{.now = kTestMoment,
                                .evidence = {.at = kTestMoment.event},
                                .open_incidents = 1,
                                .service_count = static_cast<std::uint32_t>(state.upstream.size() + 1)};
    auto& service = situation.services[plan.cause.service];
    service = {.criticality = state.criticality, .instances = state.instances};
    for (const auto& instance : state.instances) {
        if (!contains(state.healthy, instance)) service.unavailable.push_back(instance);
    }
    return guardrails.judge(guardrails.fit(plan, situation), situation, {});
}

/// What the tests run against: the playbooks named, or else those of the configuration, and its policy.
struct Subject {
    std::vector<plan::Playbook> playbooks;
    plan::Judge judge;  // empty without a configuration
};

Result<Subject> load_subject(const TestOptions& options, Problems& problems) {
    Subject subject;
    if (options.config) {
        auto loaded = load(*options.config);
        problems.insert(problems.end(), loaded.problems.begin(), loaded.problems.end());
        if (!loaded.usable()) return subject;
        HOMEOSTAT_TRY(auto guardrails, policy::Guardrails::create(loaded.config.policy));
        subject.playbooks = std::move(loaded.playbooks);
        subject.judge = [guardrails = std::move(guardrails)](const auto& plan, const auto& state) {
            return judge(guardrails, plan, state);
        };
    }
    if (!options.playbooks.empty())
        subject.playbooks = load_playbooks(yaml_files(options.playbooks, problems), problems);
    else if (!options.config)
        return fail(ErrorCode::invalid_argument, "name the playbooks with --playbooks or --config");
    return subject;
}

/// Errors: `invalid_argument`, for a test of a verdict where there is no policy.
Result<> check_verdicts(const std::vector<plan::PlaybookTest>& tests, const Subject& subject) {
    const auto asks =
        std::ranges::find_if(tests, [](const auto& test) { return test.expect.verdict.has_value(); });
    if (subject.judge || asks == tests.end()) return {};
    return fail(ErrorCode::invalid_argument,
                fmt::format("the test '{}' expects a verdict, and there is no policy to give it: name the "
                            "configuration with --config",
                            asks->name));
}

ExitCode test(const TestOptions& options, Environment& environment) {
    Problems problems;
    auto subject = load_subject(options, problems);
    const plan::PlaybookTests tests{load_tests(yaml_files(options.tests, problems), problems)};
    print_problems(environment, problems);
    if (has_errors(problems)) return ExitCode::usage;
    const auto refuse = [&](const Error& error) {
        environment.err << error.message << '\n';
        return ExitCode::usage;
    };
    if (!subject) return refuse(subject.error());
    if (const auto checked = check_verdicts(tests.tests, *subject); !checked) return refuse(checked.error());
    auto library = plan::PlaybookLibrary::create(std::move(subject->playbooks));
    if (!library) return refuse(library.error());
    const plan::Planner planner(*std::move(library));
    return print_outcomes(plan::run_tests(tests, planner, subject->judge), options.output, environment);
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
            .summary = "Runs tests of playbooks: an incident, and the plan and verdict that must come of it.",
            .examples = {"homeostat playbook test --playbooks examples/playbooks examples/playbooks/tests",
                         "homeostat playbook test --config config.yaml tests/"},
            .arguments = {of_files(required("PATH", options.tests, "Test files, or directories of them.")),
                          of_files(argument("-p,--playbooks", options.playbooks,
                                            "Playbook files, or directories of them; may be given again. "
                                            "None: those of the configuration.")),
                          of_files(argument("-c,--config", options.config,
                                            "The configuration whose policy gives the verdicts.")),
                          output_argument(options.output)},
            .run = [&options](Environment& environment) { return test(options, environment); }};
    });
}

}  // namespace homeostat::cli
