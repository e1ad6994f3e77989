// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "homeostat/base/schema.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/plan.h"
#include "homeostat/model/service.h"
#include "homeostat/model/verdict.h"
#include "homeostat/plan/planner.h"
#include "homeostat/plan/target_state.h"

/// Tests of playbooks as their authors write them: an incident, and the plan that must come of it.
namespace homeostat::plan {

/// A target's state, said briefly: instances are called SERVICE-1, SERVICE-2, …
struct TestState {
    std::uint32_t replicas = 1;
    std::optional<std::uint32_t> healthy;  // so many of the last ones; none said: all
    std::optional<model::DeploymentVersion> version;
    std::optional<model::DeploymentVersion> previous_version;
    std::optional<double> baseline_rate_rps;
    std::optional<double> rate_rps;
    model::Criticality criticality = model::Criticality::medium;
    std::vector<model::ServiceId> upstream;
    std::vector<model::ServiceId> critical_upstream;

    static constexpr auto schema() {
        return std::tuple{
            setting("replicas", &TestState::replicas, "Instances, called SERVICE-1, SERVICE-2, ….",
                    {.max = 10'000}),
            setting("healthy", &TestState::healthy, "So many of the last ones are in the traffic; else all."),
            setting("version", &TestState::version, "The version that runs."),
            setting("previous_version", &TestState::previous_version, "The version before it."),
            setting("baseline_rate_rps", &TestState::baseline_rate_rps, "Requests a second before the fault.",
                    {.min = 0}),
            setting("rate_rps", &TestState::rate_rps, "Requests a second now.", {.min = 0}),
            setting("criticality", &TestState::criticality, "How critical the service is."),
            setting("upstream", &TestState::upstream, "Services that call it, directly or not."),
            setting("critical_upstream", &TestState::critical_upstream, "Of those, the critical ones.")};
    }
};

struct TestIncident {
    model::CauseKind cause = model::CauseKind::crash;
    model::ServiceId service;
    std::optional<model::InstanceId> instance;
    double posterior = 0.95;
    std::uint32_t rung = 0;
    TestState state;

    static constexpr auto schema() {
        return std::tuple{
            setting("cause", &TestIncident::cause, "The kind of cause.", {.required = true}),
            setting("service", &TestIncident::service, "The culprit.", {.required = true}),
            setting("instance", &TestIncident::instance, "The instance at fault, if one is."),
            setting("posterior", &TestIncident::posterior, "Probability of the cause.", {.min = 0, .max = 1}),
            setting("rung", &TestIncident::rung, "Rungs of the ladder that were tried already."),
            setting("state", &TestIncident::state, "The state of the culprit.")};
    }
};

struct TestExpectation {
    std::optional<std::string> playbook;  // by name, or by name@version
    std::optional<std::vector<std::string>> steps;
    std::optional<model::Decision> verdict;
    std::optional<std::string> no_plan;  // a part of the reason

    static constexpr auto schema() {
        return std::tuple{
            setting("playbook", &TestExpectation::playbook, "The playbook chosen, by name or name@version."),
            setting("steps", &TestExpectation::steps,
                    "The acts in words, such as 'scale payment replicas=4'."),
            setting("verdict", &TestExpectation::verdict, "What the policy says to it."),
            setting("no_plan", &TestExpectation::no_plan,
                    "There is no plan, for a reason that contains this.")};
    }
    void check(Findings& findings) const;
};

struct PlaybookTest {
    std::string name;
    TestIncident incident;
    TestExpectation expect;

    static constexpr auto schema() {
        return std::tuple{
            setting("name", &PlaybookTest::name, "What is tested, in a sentence.",
                    {.min = 1, .required = true}),
            setting("incident", &PlaybookTest::incident, "What happened.", {.required = true}),
            setting("expect", &PlaybookTest::expect, "What must come of it.", {.required = true})};
    }
};

/// A file of tests, read by read_document().
struct PlaybookTests {
    std::vector<PlaybookTest> tests;

    static constexpr auto schema() {
        return std::tuple{
            setting("tests", &PlaybookTests::tests, "The tests.", {.min = 1, .required = true})};
    }
};

/// Judges a plan under the policy in force.
using Judge = std::function<model::Verdict(const model::Plan& plan, const TargetState& state)>;

struct TestOutcome {
    std::string name;
    std::vector<std::string> differences;  // expected and found, in words; none: passed

    [[nodiscard]] bool passed() const { return differences.empty(); }
};

/// Runs tests against the planner's library. `judge` may be empty when no test expects a verdict.
[[nodiscard]] std::vector<TestOutcome> run_tests(const PlaybookTests& tests, const Planner& planner,
                                                 const Judge& judge);

}  // namespace homeostat::plan
