// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <ostream>

#include "homeostat/cli/api_client.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/offline.h"
#include "homeostat/cli/output.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/incident.h"

namespace homeostat::cli {
namespace {

using model::Incident;
using model::IncidentState;

struct ListOptions {
    ApiOptions api;
    std::optional<IncidentState> state;
    OutputFormat output = OutputFormat::table;
};

struct OneOptions {
    ApiOptions api;
    std::string id;
    OutputFormat output = OutputFormat::table;
};

Cell state_cell(IncidentState state) {
    const std::string text(to_string(state));
    if (state == IncidentState::resolved || state == IncidentState::dismissed) return {Tone::good, text};
    const bool needs_a_person =
        state == IncidentState::escalated || state == IncidentState::awaiting_approval;
    return {needs_a_person ? Tone::bad : Tone::warning, text};
}

std::string cause_of(const Incident& incident) {
    const auto& diagnosis = incident.diagnosis;
    if (diagnosis.inconclusive || diagnosis.causes.empty()) return "inconclusive";
    const auto& cause = diagnosis.causes.front();
    return fmt::format("{} of {}", to_string(cause.kind),
                       to_string(model::Subject{.service = cause.service, .instance = cause.instance}));
}

std::string seconds_after(const Incident& incident, const std::optional<EventTime>& time) {
    if (!time) return "";
    return fmt::format("{:.1f} s", std::chrono::duration<double>(*time - incident.onset).count());
}

ExitCode list(const ListOptions& options, Environment& environment) {
    std::string path = "/v1/incidents";
    if (options.state) path += "?state=" + std::string(to_string(*options.state));
    const auto incidents = ApiClient(options.api).read<std::vector<Incident>>(path);
    if (!incidents) return report(environment, incidents.error());
    Table table{.columns = {"INCIDENT", "STATE", "CAUSE", "SINCE", "ACTED AFTER", "ENDED AFTER", "REASON"},
                .rows = {}};
    for (const auto& incident : *incidents) {
        table.rows.push_back({incident.id.value(), state_cell(incident.state), cause_of(incident),
                              short_time(incident.onset), seconds_after(incident, incident.acted_at),
                              seconds_after(incident, incident.closed_at), incident.reason});
    }
    print(environment, options.output, table, to_json(*incidents));
    return ExitCode::ok;
}

void add_decisions(Table& table, const Incident& incident) {
    if (const auto& plan = incident.plan) {
        table.rows.push_back({"plan", plan->playbook.value() + ": " + plan->expected_effect});
        for (const auto& step : plan->steps) table.rows.push_back({"step", to_string(step.action)});
    }
    if (const auto& verdict = incident.verdict) {
        table.rows.push_back({"verdict", std::string(to_string(verdict->decision))});
        for (const auto& reason : verdict->reasons)
            table.rows.push_back({"", reason.rule + ": " + reason.text});
    }
    if (const auto& verification = incident.verification) {
        table.rows.push_back(
            {"verification", fmt::format("{}: {}", to_string(verification->outcome), verification->reason)});
    }
}

ExitCode show(const OneOptions& options, Environment& environment) {
    const auto incident = ApiClient(options.api).read<Incident>("/v1/incidents/" + url_encoded(options.id));
    if (!incident) return report(environment, incident.error());
    Table table{.columns = {"INCIDENT", incident->id.value()},
                .rows = {{"state", state_cell(incident->state)},
                         {"reason", incident->reason},
                         {"since", short_time(incident->onset)},
                         {"opened after", seconds_after(*incident, incident->opened_at)},
                         {"acted after", seconds_after(*incident, incident->acted_at)},
                         {"ended after", seconds_after(*incident, incident->closed_at)},
                         {"cause", cause_of(*incident)}}};
    for (const auto& cause : incident->diagnosis.causes) {
        table.rows.push_back({"", fmt::format("{:.2f}  {} of {}", cause.posterior, to_string(cause.kind),
                                              cause.service.value())});
        for (const auto& evidence : cause.evidence)
            table.rows.push_back(
                {"", fmt::format("      {:+.1f}  {}", evidence.log_likelihood_ratio, evidence.text)});
    }
    add_decisions(table, *incident);
    print(environment, options.output, table, to_json(*incident));
    return ExitCode::ok;
}

ExitCode list_anomalies(const ListOptions& options, Environment& environment) {
    const auto anomalies = ApiClient(options.api).read<std::vector<model::Anomaly>>("/v1/anomalies");
    if (!anomalies) return report(environment, anomalies.error());
    Table table{.columns = {"SUBJECT", "SINCE", "P", "FEATURE", "OBSERVED", "EXPECTED"}, .rows = {}};
    for (const auto& anomaly : *anomalies) {
        std::vector<Cell> first{to_string(anomaly.subject), short_time(anomaly.onset),
                                fmt::format("{:.2g}", anomaly.p_value)};
        if (anomaly.findings.empty()) {
            table.rows.push_back({first[0], first[1], first[2], "", "", ""});
        }
        for (const auto& finding : anomaly.findings) {
            table.rows.push_back(
                {first[0], first[1], first[2], std::string(to_string(finding.feature)),
                 fmt::format("{:.4g}", finding.observed),
                 fmt::format("{:.4g} to {:.4g}", finding.expected_low, finding.expected_high)});
            first = {"", "", ""};
        }
    }
    print(environment, options.output, table, to_json(*anomalies));
    return ExitCode::ok;
}

struct AnswerOptions {
    ApiOptions api;
    std::string id;
    std::string by;
    std::string reason;
};

ExitCode answer(const AnswerOptions& options, bool approved, Environment& environment) {
    const auto answered =
        ApiClient(options.api)
            .post("/v1/incidents/" + url_encoded(options.id) + "/approval",
                  json::Object{{"approved", approved}, {"by", options.by}, {"reason", options.reason}});
    if (!answered) return report(environment, answered.error());
    environment.out << options.id
                    << (approved ? ": approved; a plan is made and judged on what is true now\n"
                                 : ": denied; it is left to people\n");
    return ExitCode::ok;
}

Command answer_command(std::string name, std::string summary, std::string example, bool approved) {
    return make_command<AnswerOptions>([&](AnswerOptions& options) {
        return Command{.name = std::move(name),
                       .summary = std::move(summary),
                       .examples = {std::move(example)},
                       .arguments = with_api(options.api,
                                             {required("ID", options.id, "The incident."),
                                              required("-r,--reason", options.reason, "Why, for the record."),
                                              by_argument(options.by)}),
                       .run = [&options, approved](Environment& environment) {
                           return answer(options, approved, environment);
                       }};
    });
}

}  // namespace

Command incidents_command() {
    return make_command<ListOptions>([](ListOptions& options) {
        return Command{
            .name = "incidents",
            .summary = "Lists the incidents of a running node: open ones first, then the newest ended ones.",
            .examples = {"homeostat incidents", "homeostat incidents --state awaiting_approval -o json"},
            .arguments =
                with_api(options.api, {argument("--state", options.state, "Only those in this state."),
                                       output_argument(options.output)}),
            .run = [&options](Environment& environment) { return list(options, environment); }};
    });
}

Command incident_command() {
    return make_command<OneOptions>([](OneOptions& options) {
        return Command{
            .name = "incident",
            .summary = "Shows one incident of a running node: causes, plan, verdict, verification.",
            .examples = {"homeostat incident inc-000001", "homeostat incident inc-000001 -o yaml"},
            .arguments = with_api(
                options.api, {required("ID", options.id, "The incident."), output_argument(options.output)}),
            .run = [&options](Environment& environment) { return show(options, environment); }};
    });
}

Command anomalies_command() {
    return make_command<ListOptions>([](ListOptions& options) {
        return Command{
            .name = "anomalies",
            .summary = "Lists what is not as it normally is: observed, and what was expected.",
            .examples = {"homeostat anomalies"},
            .arguments = with_api(options.api, {output_argument(options.output)}),
            .run = [&options](Environment& environment) { return list_anomalies(options, environment); }};
    });
}

Command approve_command() {
    return answer_command(
        "approve", "Says yes to the act that an incident waits for, or hands an escalated incident back.",
        "homeostat approve inc-000001 --reason 'seen, go on'", true);
}

Command deny_command() {
    return answer_command("deny", "Says no to the act that an incident waits for.",
                          "homeostat deny inc-000001 --reason 'we are moving it by hand'", false);
}

}  // namespace homeostat::cli
