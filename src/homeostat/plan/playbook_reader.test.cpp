// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/playbook_reader.h"

#include <gtest/gtest.h>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/base/check.h"
#include "homeostat/plan/library.h"
#include "homeostat/plan/lint.h"

namespace homeostat::plan {
namespace {

using namespace std::chrono_literals;

struct Read {
    std::optional<Playbook> playbook;
    Problems problems;
};

Read read(std::string_view text) {
    Read out;
    const auto document = yaml::parse(text, "books/fix.yaml", out.problems);
    HOMEOSTAT_CHECK(document);
    out.playbook = read_playbook(*document, yaml::parse, out.problems);
    return out;
}

/// "HP001@7 HP104@3": the rules and the lines.
std::string rules_in(std::string_view text) {
    std::string out;
    for (const auto& problem : read(text).problems) {
        out += (out.empty() ? "" : " ") + problem.rule + "@" + std::to_string(problem.line);
    }
    return out;
}

TEST(PlaybookReader, TakesABareListOfStepsForAPlaybook) {
    const auto [playbook, problems] = read(R"(steps:
  - {name: restart, action: script, args: [/opt/fix, $service]}
  - {name: verify, action: script, args: [/opt/check, $service]}
)");
    ASSERT_TRUE(playbook);
    EXPECT_EQ(playbook->id(), model::PlaybookId{"fix@1"});  // the file's name
    ASSERT_EQ(playbook->steps.size(), 1);
    EXPECT_EQ(playbook->steps[0].name, "restart");
    EXPECT_EQ(playbook->verify.script, (std::vector<std::string>{"/opt/check", "$service"}));
    EXPECT_FALSE(has_errors(problems));
}

TEST(PlaybookReader, ReadsAConfigMapIntoTheSameNormalForm) {
    const auto [playbook, problems] = read(R"(apiVersion: v1
kind: ConfigMap
metadata: {name: unstick}
data:
  match: "causes: [hang]"
  steps: |
    - name: restart
      action: kubectl
      args: [rollout, restart, deployment/payment, -n, shop]
    - name: verify
      action: kubectl
      args: [rollout, status, deployment/payment]
)");
    ASSERT_TRUE(playbook);
    EXPECT_EQ(playbook->name, "unstick");
    EXPECT_EQ(playbook->match.causes, std::vector{model::CauseKind::hang});
    ASSERT_EQ(playbook->steps.size(), 1);
    EXPECT_EQ(playbook->steps[0].action, model::ActionKind::kubectl);
    EXPECT_TRUE(playbook->verify.script.empty());
    EXPECT_FALSE(has_errors(problems));
}

TEST(PlaybookReader, PlacesProblemsInsideOfAConfigMapInTheFile) {
    EXPECT_EQ(rules_in(R"(kind: ConfigMap
metadata: {name: x}
data:
  description: "{what: a, when: b}"
  match: "causes: [hang]"
  steps: |
    - name: get
      action: kubectl
      args: [get, pods, --token=abc]
)"),
              "HP002@9 HP008@9");
}

TEST(PlaybookReader, ReportsAllProblemsAtOnceAndRefusesThePlaybook) {
    const auto [playbook, problems] = read(R"(name: bad
retires: 3
steps:
  - {name: a, action: explode}
  - {name: b, action: scale, args: {replicas: 2}, timeout: 5}
verify: {initial_delay: 10s, soak: 10s, deadline: 15s}
)");
    EXPECT_FALSE(playbook);
    std::string fields;
    for (const auto& problem : problems) fields += problem.field + " ";
    EXPECT_EQ(fields, "steps[0].action steps[1].timeout verify.deadline retires ");
}

TEST(Lint, KnowsAllVariables) {
    EXPECT_EQ(rules_in(R"(description: {what: a, when: b}
match: {causes: [crash]}
parameters:
  more: {type: integer, default: 2, min: 1, max: 4}
  idle: {type: text, default: x}
steps:
  - name: one
    action: scale
    args: {replicas: $parameters.more}
  - name: two
    action: restart
    instance: $instnace
    undo: impossible
)"),
              "HP001@12 HP104@5");
}

TEST(Lint, ChecksParametersAgainstTheirTypesAndTheActionsThatUseThem) {
    EXPECT_EQ(rules_in(R"(description: {what: a, when: b}
match: {causes: [crash]}
parameters:
  a: {type: integer, default: 9, max: 4}
  b: {type: text, default: many, one_of: [few, many]}
  c: {type: boolean, default: 1}
steps:
  - {name: one, action: scale, args: {replicas: $parameters.a}}
  - {name: two, action: scale, args: {replicas: $parameters.b}}
  - {name: three, action: reroute, instance: $instance, args: {enabled: $parameters.c}}
)"),
              "HP002@9 HP002@10 HP003@4 HP003@6");
}

TEST(Lint, RefusesWhatCannotBeMeant) {
    EXPECT_EQ(rules_in(R"(description: {what: a, when: b}
match: {causes: [telemetry_silence]}
steps:
  - {name: verify, action: restart, undo: impossible}
  - {name: one, action: script, args: [fix, "--service=$service"], undo: impossible}
  - {name: one, action: restart}
)"),
              "HP006@4 HP103@5 HP105@6 HP004@6 HP005@2");
}

TEST(Lint, WarnsOfAPlaybookThatIsNeverChosenOrNotDescribed) {
    const auto [playbook, problems] = read("steps: [{name: a, action: restart, undo: impossible}]");
    EXPECT_TRUE(playbook);
    ASSERT_EQ(problems.size(), 2);
    EXPECT_EQ(problems[0].rule, "HP101");
    EXPECT_EQ(problems[1].rule, "HP106");
    EXPECT_EQ(problems[0].severity, Severity::warning);
}

TEST(Lint, ComparesPlaybooksWithEachOther) {
    Playbook a;
    a.name = "a";
    a.match.causes = {model::CauseKind::crash};
    auto b = a;
    b.name = "b";
    auto elsewhere = a;
    elsewhere.name = "c";
    elsewhere.order = 7;
    Problems problems;
    lint_library({a, b, elsewhere, a}, problems);
    std::string rules;
    for (const auto& problem : problems) rules += problem.rule + " ";
    EXPECT_EQ(rules, "HP007 HP107 HP107 ");
    EXPECT_FALSE(PlaybookLibrary::create({a, a}));
}

TEST(Lint, NamesEachOfItsRulesOnce) {
    for (std::size_t i = 1; i < kLintRules.size(); ++i) EXPECT_LT(kLintRules[i - 1].id, kLintRules[i].id);
}

}  // namespace
}  // namespace homeostat::plan
