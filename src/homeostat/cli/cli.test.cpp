// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/cli.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "homeostat/base/json.h"
#include "homeostat/base/kit.test.h"
#include "homeostat/cli/cli_kit.test.h"
#include "homeostat/cli/output.h"
#include "homeostat/cli/progress.h"

namespace homeostat::cli {
namespace {

namespace fs = std::filesystem;

/// Files of its own for each test.
class Folder : public testing::Test {
protected:
    std::string write(const std::string& name, std::string_view text) {
        const auto file = at(name);
        fs::create_directories(fs::path(file).parent_path());
        std::ofstream(file) << text;
        return file;
    }
    [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }

private:
    const kit::Folder folder_;
};

using Validate = Folder;
using ConfigShow = Folder;
using Playbooks = Folder;

constexpr std::string_view kPlaybook = R"(
name: restart
version: "1"
description: {what: Restarts it., when: It crashed.}
match: {causes: [crash]}
steps: [{name: restart, action: restart, instance: $instance, undo: impossible}]
)";

TEST(Cli, HelpShowsExamplesAndExitCodes) {
    const auto help = call({"--help"});
    EXPECT_EQ(help.code, ExitCode::ok);
    EXPECT_NE(help.out.find("homeostat validate config.yaml"), std::string::npos);
    EXPECT_NE(help.out.find("Exit codes:"), std::string::npos);
    EXPECT_EQ(call({"--version"}).out.rfind("homeostat ", 0), 0U);
}

TEST(Cli, WrongArgumentsAreUsageErrorsWithAHint) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{},
                                                                       {"valdate"},
                                                                       {"validate"},
                                                                       {"validate", "a", "b"},
                                                                       {"playbook"},
                                                                       {"validate", "a", "--no-such"}}) {
        const auto outcome = call(arguments);
        EXPECT_EQ(outcome.code, ExitCode::usage);
        EXPECT_FALSE(outcome.err.empty());
        EXPECT_EQ(outcome.out, "");
    }
    EXPECT_NE(call({"valdate"}).err.find("Did you mean 'validate'?"), std::string::npos);
    EXPECT_NE(call({"validate", "a", "-o", "xml"}).err.find("write one of table, json, yaml"),
              std::string::npos);
}

TEST(Cli, SetsWhatACommandBinds) {
    struct Options {
        std::string name;
        Duration wait = std::chrono::seconds{1};
        std::optional<std::int64_t> seed;
        std::vector<std::string> tags;
        bool force = false;
    };
    Options seen;
    const auto make = [&seen](Options& options) {
        return Command{.name = "try it",
                       .summary = "For the test.",
                       .examples = {},
                       .arguments = {required("NAME", options.name, "A name."),
                                     argument("-w,--wait", options.wait, "A time."),
                                     argument("--seed", options.seed, "A seed."),
                                     argument("--tag", options.tags, "Tags."),
                                     argument("--force", options.force, "A flag.")},
                       .run = [&seen, &options](Environment&) {
                           seen = options;
                           return ExitCode::unavailable;
                       }};
    };
    const std::vector<Command> commands{make_command<Options>(make)};
    const auto outcome = call(
        {"try", "it", "x", "--wait", "250ms", "--seed=7", "--tag", "a", "--tag", "b", "--force"}, commands);
    EXPECT_EQ(outcome.code, ExitCode::unavailable) << outcome.err;
    EXPECT_EQ(seen.name, "x");
    EXPECT_EQ(seen.wait, std::chrono::milliseconds{250});
    EXPECT_EQ(seen.seed, 7);
    EXPECT_EQ(seen.tags, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(seen.force);
    const auto wrong = call({"try", "it", "x", "--wait", "5"}, commands);
    EXPECT_EQ(wrong.code, ExitCode::usage);
    EXPECT_NE(wrong.err.find("must be a duration, not '5'"), std::string::npos) << wrong.err;
}

TEST_F(Validate, ReportsEveryProblemOfEveryFileAtOnce) {
    const auto file = write("config.yaml",
                            "node:\n  nmae: x\nfeatures:\n  stale_after: 5\napi:\n  listen: 0.0.0.0:8420\n"
                            "playbooks: [books, missing.yaml]\n");
    const auto book = write("books/a.yaml", "name: a\nsteps: [{name: s, action: reboot}]\n");
    const auto outcome = call({"validate", file});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_EQ(outcome.out, "");
    for (const auto& expected :
         {file + ":2:3: node.nmae: there is no such setting — did you mean 'name'?",
          file + ":4:16: features.stale_after: must be a duration, not '5' — ",
          file + ":6:11: api.listen: other machines can reach 0.0.0.0:8420",
          file + ":7:20: playbooks[1]: '" + at("missing.yaml") + "': there is no such file or directory — ",
          book + ":2:"}) {
        EXPECT_NE(outcome.err.find(expected), std::string::npos) << expected << "\nnot in\n" << outcome.err;
    }
}

TEST_F(Validate, AcceptsAGoodFileAndTellsProgramsSo) {
    write("books/restart.yaml", kPlaybook);
    const auto file = write("config.yaml", "playbooks: [books]\n");
    const auto outcome = call({"validate", file});
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.err;
    EXPECT_EQ(outcome.out, file + ": valid\n");
    const auto listed = call({"validate", file, "-o", "json"});
    const auto value = json::parse(listed.out);
    ASSERT_TRUE(value);
    EXPECT_NE(value->as_array(), nullptr);
}

TEST_F(Validate, AMissingFileIsAProblem) {
    const auto outcome = call({"validate", at("none.yaml")});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_NE(outcome.err.find("No such file"), std::string::npos);
}

TEST_F(Validate, PrintsTheRightsThatThePlaybooksNeed) {
    write("books/restart.yaml", kPlaybook);
    const auto file = write(
        "config.yaml", "playbooks: [books]\nactuators: {kubernetes: {kubeconfig: f, namespaces: [shop]}}\n");
    const auto outcome = call({"rbac", file, "--account", "healer"});
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.err;
    EXPECT_NE(outcome.out.find("kind: Role\n"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("  namespace: shop\n"), std::string::npos) << outcome.out;
    const auto other = write("other.yaml", "playbooks: [books]\n");
    EXPECT_EQ(call({"rbac", other}).code, ExitCode::failed);
}

TEST(Examples, AreValid) {
    const auto outcome = call({"validate", HOMEOSTAT_EXAMPLES "/config.yaml"});
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.err;
    EXPECT_EQ(outcome.err, "");
}

TEST_F(ConfigShow, PrintsAConfigurationThatReadsBackToItself) {
    const auto first = call({"config", "show"});
    ASSERT_EQ(first.code, ExitCode::ok);
    const auto again = call({"config", "show", "-c", write("config.yaml", first.out)});
    EXPECT_EQ(again.code, ExitCode::ok) << again.err;
    EXPECT_EQ(again.out, first.out);
    EXPECT_EQ(call({"config", "show", "-c", write("bad.yaml", "x: 1\n")}).code, ExitCode::usage);
}

TEST(ConfigSchema, IsAJsonDocument) {
    const auto schema = json::parse(call({"config", "schema"}).out);
    ASSERT_TRUE(schema);
    EXPECT_EQ(*schema->find("$schema"), json::Value("https://json-schema.org/draft/2020-12/schema"));
}

TEST_F(Playbooks, AreLintedAndTested) {
    const auto book = write("restart.yaml", kPlaybook);
    EXPECT_EQ(call({"playbook", "lint", book}).code, ExitCode::ok);
    EXPECT_EQ(call({"playbook", "lint", book, write("bad.yaml", "steps: 3\n")}).code, ExitCode::failed);
    const auto tests = write("tests/t.yaml",
                             "tests:\n"
                             "  - name: a crash\n"
                             "    incident: {cause: crash, service: db, instance: db-1}\n"
                             "    expect: {playbook: restart, steps: [restart db/db-1]}\n");
    const auto passed = call({"playbook", "test", "--playbooks", book, at("tests")});
    EXPECT_EQ(passed.code, ExitCode::ok) << passed.out << passed.err;
    EXPECT_NE(passed.out.find("passed  a crash"), std::string::npos) << passed.out;
    const auto wrong = write("wrong.yaml",
                             "tests:\n"
                             "  - name: a leak\n"
                             "    incident: {cause: memory_leak, service: db}\n"
                             "    expect: {playbook: restart}\n");
    EXPECT_EQ(call({"playbook", "test", "-p", book, wrong, "-o", "yaml"}).code, ExitCode::failed);
}

TEST_F(Playbooks, AreTestedUnderAPolicy) {
    write("books/restart.yaml", kPlaybook);
    const auto tests =
        write("t.yaml",
              "tests:\n"
              "  - name: a crash\n"
              "    incident: {cause: crash, service: db, instance: db-1}\n"
              "    expect: {playbook: restart, verdict: allow}\n"
              "  - name: a crash of what matters\n"
              "    incident: {cause: crash, service: db, instance: db-1, state: {criticality: critical}}\n"
              "    expect: {verdict: needs_approval}\n");
    const auto free = write("free.yaml", "playbooks: [books]\npolicy: {mode: auto}\n");
    const auto passed = call({"playbook", "test", "-c", free, tests});
    EXPECT_EQ(passed.code, ExitCode::ok) << passed.out << passed.err;
    const auto watching = write("watching.yaml", "playbooks: [books]\npolicy: {mode: observe}\n");
    const auto failed = call({"playbook", "test", "-c", watching, tests});
    EXPECT_EQ(failed.code, ExitCode::failed);
    EXPECT_NE(failed.out.find("expected verdict allow, found suggest; mode: "), std::string::npos)
        << failed.out;
    const auto unjudged = call({"playbook", "test", "-p", at("books"), tests});
    EXPECT_EQ(unjudged.code, ExitCode::usage);
    EXPECT_NE(unjudged.err.find("--config"), std::string::npos) << unjudged.err;
    EXPECT_EQ(call({"playbook", "test", tests}).code, ExitCode::usage);
}

TEST(Completion, KnowsEveryCommandInEveryShell) {
    for (const auto* shell : {"bash", "zsh", "fish"}) {
        const auto script = call({"completion", shell}).out;
        for (const auto& command : all_commands()) {
            const auto last = command.name.substr(command.name.rfind(' ') + 1);
            EXPECT_NE(script.find(last), std::string::npos) << shell << " lacks " << command.name;
        }
    }
}

TEST(Output, AlignsColumnsByWhatIsSeen) {
    std::istringstream in;
    std::ostringstream out;
    Environment environment{.in = in, .out = out, .err = out};
    print(environment, Table{.columns = {"A", "B"}, .rows = {{"a → b", Cell(Tone::bad, "x")}, {"c", "y"}}});
    print(environment, Table{.columns = {"A", "B"}, .rows = {{"a", ""}}});
    EXPECT_EQ(out.str(), "A      B\na → b  x\nc      y\nA  B\na\n");
    EXPECT_EQ(paint(environment, Tone::bad, "x"), "x");
    environment.colors = true;
    EXPECT_EQ(paint(environment, Tone::bad, "x"), "\x1b[31mx\x1b[0m");
}

TEST(Progress, DrawsNothingInTheFirstTwoSecondsNorWithoutATerminal) {
    std::istringstream in;
    std::ostringstream out;
    Environment environment{.in = in, .out = out, .err = out, .progress = true};
    {
        Progress progress(environment, "counting", 10);
        progress.advance(10);
    }
    EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace homeostat::cli
