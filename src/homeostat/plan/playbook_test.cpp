// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/playbook_test.h"

#include <fmt/format.h>

#include <algorithm>

#include "homeostat/base/check.h"

namespace homeostat::plan {
namespace {

TargetState state_of(const TestIncident& incident) {
    const auto& state = incident.state;
    TargetState out{.version = state.version,
                    .previous_version = state.previous_version,
                    .baseline_rate_rps = state.baseline_rate_rps,
                    .rate_rps = state.rate_rps,
                    .criticality = state.criticality,
                    .upstream = state.upstream,
                    .critical_upstream = state.critical_upstream};
    for (std::uint32_t i = 1; i <= state.replicas; ++i) {
        out.instances.emplace_back(fmt::format("{}-{}", incident.service.value(), i));
    }
    const auto healthy = std::min(state.healthy.value_or(state.replicas), state.replicas);
    out.healthy.assign(out.instances.end() - healthy, out.instances.end());
    return out;
}

class Comparison {
public:
    explicit Comparison(const TestExpectation& expect) : expect_(expect) {}

    void no_plan(const std::string& reason) {
        if (!expect_.no_plan) return differ("a plan", "none: " + reason);
        if (reason.find(*expect_.no_plan) == std::string::npos) {
            differ("no plan because of '" + *expect_.no_plan + "'", reason);
        }
    }
    void plan(const model::Plan& plan) {
        const auto& id = plan.playbook.value();
        if (expect_.no_plan) return differ("no plan because of '" + *expect_.no_plan + "'", "playbook " + id);
        const auto name = id.substr(0, id.find('@'));
        if (expect_.playbook && *expect_.playbook != id && *expect_.playbook != name) {
            differ("playbook " + *expect_.playbook, id);
        }
        if (!expect_.steps) return;
        std::vector<std::string> steps;
        steps.reserve(plan.steps.size());
        for (const auto& step : plan.steps) steps.push_back(to_string(step.action));
        if (steps != *expect_.steps) {
            differ(fmt::format("steps [{}]", fmt::join(*expect_.steps, ", ")),
                   fmt::format("[{}]", fmt::join(steps, ", ")));
        }
    }
    void verdict(const model::Verdict& verdict) {
        if (verdict.decision == *expect_.verdict) return;
        std::string found(to_string(verdict.decision));
        for (const auto& reason : verdict.reasons) found += fmt::format("; {}: {}", reason.rule, reason.text);
        differ(fmt::format("verdict {}", to_string(*expect_.verdict)), found);
    }
    void differ(const std::string& expected, const std::string& found) {
        differences_.push_back(fmt::format("expected {}, found {}", expected, found));
    }
    [[nodiscard]] std::vector<std::string> take() && { return std::move(differences_); }

private:
    const TestExpectation& expect_;
    std::vector<std::string> differences_;
};

TestOutcome run_test(const PlaybookTest& test, const Planner& planner, const Judge& judge) {
    const auto& incident = test.incident;
    const auto state = state_of(incident);
    const model::Cause cause{.service = incident.service,
                             .instance = incident.instance,
                             .kind = incident.cause,
                             .posterior = incident.posterior};
    Comparison comparison(test.expect);
    const auto plan = planner.plan({.causes = {cause}}, cause, incident.rung, state);
    if (plan) {
        comparison.plan(*plan);
        if (test.expect.verdict) {
            HOMEOSTAT_CHECK(judge);
            comparison.verdict(judge(*plan, state));
        }
    } else {
        comparison.no_plan(plan.error().message);
    }
    return {test.name, std::move(comparison).take()};
}

}  // namespace

void TestExpectation::check(Findings& findings) const {
    if (playbook || steps || verdict || no_plan) {
        if (no_plan && (playbook || steps || verdict)) {
            findings.report("no_plan", "contradicts the expectation of a plan", "keep one of the two");
        }
        return;
    }
    findings.report("", "expects nothing", "add 'playbook', 'steps', 'verdict' or 'no_plan'");
}

std::vector<TestOutcome> run_tests(const PlaybookTests& tests, const Planner& planner, const Judge& judge) {
    std::vector<TestOutcome> outcomes;
    outcomes.reserve(tests.tests.size());
    for (const auto& test : tests.tests) outcomes.push_back(run_test(test, planner, judge));
    return outcomes;
}

}  // namespace homeostat::plan
