// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "homeostat/base/schema.h"
#include "homeostat/base/time.h"
#include "homeostat/model/action.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/plan.h"
#include "homeostat/model/service.h"

/// The normal form of a playbook, as its file writes it. Every field but `steps` may be left out, so that
/// a plain list of steps is a playbook too (playbook_reader.h).
namespace homeostat::plan {

/// For people: what it does, and when to use it.
struct Description {
    std::string what;
    std::string when;
    std::string when_not;

    static constexpr auto schema() {
        return std::tuple{
            setting("what", &Description::what, "What the playbook does."),
            setting("when", &Description::when, "When it helps."),
            setting("when_not", &Description::when_not, "When it does harm, or does not help.")};
    }
    friend bool operator==(const Description&, const Description&) = default;
};

/// Which causes the playbook is a remedy for. Without `causes` it is never chosen by itself.
struct Match {
    std::vector<model::CauseKind> causes;
    std::vector<model::ServiceId> services;       // empty: all
    std::vector<model::Criticality> criticality;  // empty: all

    static constexpr auto schema() {
        return std::tuple{setting("causes", &Match::causes, "Kinds of cause that it is a remedy for."),
                          setting("services", &Match::services, "Only for these services; none named: all."),
                          setting("criticality", &Match::criticality,
                                  "Only for services of these criticalities; none named: all.")};
    }
    friend bool operator==(const Match&, const Match&) = default;
};

enum class ParameterType : std::uint8_t { integer, number, text, boolean };

/// A typed value that arguments refer to as `$parameters.NAME`.
struct Parameter {
    ParameterType type = ParameterType::text;
    json::Value value;  // `default` in the file
    std::optional<double> min;
    std::optional<double> max;
    std::vector<std::string> one_of;
    std::string help;

    static constexpr auto schema() {
        return std::tuple{
            setting("type", &Parameter::type, "integer, number, text or boolean.", {.required = true}),
            setting("default", &Parameter::value, "The value.", {.required = true}),
            setting("min", &Parameter::min, "Least value of a number."),
            setting("max", &Parameter::max, "Greatest value of a number."),
            setting("one_of", &Parameter::one_of, "The only texts allowed; none named: any."),
            setting("help", &Parameter::help, "A sentence for people.")};
    }
    friend bool operator==(const Parameter&, const Parameter&) = default;
};

/// Conditions on the state of the target, read again before each step.
struct Guards {
    std::optional<std::int64_t> min_replicas;
    std::optional<std::int64_t> max_replicas;
    std::optional<std::int64_t> healthy_others;
    bool version_known = false;

    static constexpr auto schema() {
        return std::tuple{
            setting("min_replicas", &Guards::min_replicas, "The service has at least so many replicas.",
                    {.min = 0}),
            setting("max_replicas", &Guards::max_replicas, "The service has at most so many replicas.",
                    {.min = 0}),
            setting("healthy_others", &Guards::healthy_others,
                    "At least so many instances besides the one acted upon are in the traffic.", {.min = 0}),
            setting("version_known", &Guards::version_known, "There is a version before the one that runs.")};
    }
    friend bool operator==(const Guards&, const Guards&) = default;
};

struct CriterionTemplate {
    model::Feature feature = model::Feature::error_rate;
    std::optional<double> at_most;
    std::optional<double> at_most_of_baseline;

    static constexpr auto schema() {
        return std::tuple{
            setting("feature", &CriterionTemplate::feature, "A feature of the service.", {.required = true}),
            setting("at_most", &CriterionTemplate::at_most, "Greatest value, in the feature's unit."),
            setting("at_most_of_baseline", &CriterionTemplate::at_most_of_baseline,
                    "Greatest value, as a factor on the baseline taken before the act.", {.min = 0})};
    }
    void check(Findings& findings) const;
    friend bool operator==(const CriterionTemplate&, const CriterionTemplate&) = default;
};

struct VerifyTemplate {
    Duration initial_delay = std::chrono::seconds{1};
    Duration soak = std::chrono::seconds{3};
    Duration deadline = std::chrono::seconds{15};
    std::vector<CriterionTemplate> criteria;
    std::vector<std::string> script;  // program and arguments; empty: none

    static constexpr auto schema() {
        using std::chrono::minutes;
        return std::tuple{
            setting("initial_delay", &VerifyTemplate::initial_delay, "The act needs this long to show.",
                    {.min = Duration::zero(), .max = minutes{10}}),
            setting("soak", &VerifyTemplate::soak, "Well without a break for this long: recovered.",
                    {.min = std::chrono::seconds{1}, .max = minutes{15}}),
            setting("deadline", &VerifyTemplate::deadline, "Not recovered by then: failed.",
                    {.min = std::chrono::seconds{1}, .max = minutes{60}}),
            setting("criteria", &VerifyTemplate::criteria,
                    "What is well; none: every anomalous feature is back where it is expected.", {.max = 20}),
            setting("script", &VerifyTemplate::script,
                    "Program and arguments that have the last word: exit 0 success, 1 failure.",
                    {.max = 64})};
    }
    void check(Findings& findings) const;
    friend bool operator==(const VerifyTemplate&, const VerifyTemplate&) = default;
};

/// A step before its variables are filled in (variables.h).
struct StepTemplate {
    std::string name;
    model::ActionKind action = model::ActionKind::restart;
    std::string service = "$service";
    std::optional<std::string> instance;
    json::Value args;  // a mapping of named arguments; of script and kubectl a list of strings
    Duration timeout = std::chrono::seconds{10};
    std::uint32_t retries = 0;
    std::optional<VerifyTemplate> verify;
    model::UndoPolicy undo = model::UndoPolicy::automatic;
    model::Risk risk = model::Risk::low;

    static constexpr auto schema() {
        return std::tuple{
            setting("name", &StepTemplate::name, "Unique within the playbook.", {.min = 1, .required = true}),
            setting("action", &StepTemplate::action,
                    "restart, scale, rollback, reroute, throttle, script or kubectl.", {.required = true}),
            setting("service", &StepTemplate::service, "The service to act upon."),
            setting("instance", &StepTemplate::instance,
                    "The one instance to act upon, such as $instance; of restart and reroute."),
            setting("args", &StepTemplate::args,
                    "Named arguments: scale {replicas}, rollback {version}, reroute {enabled}, throttle "
                    "{rate_rps}. Of script and kubectl a list."),
            setting("timeout", &StepTemplate::timeout, "Longer than this: the outcome is unknown.",
                    {.min = std::chrono::milliseconds{100}, .max = std::chrono::minutes{30}}),
            setting("retries", &StepTemplate::retries, "Further attempts when the act failed.", {.max = 5}),
            setting("verify", &StepTemplate::verify, "A check of this step alone, before the next one."),
            setting("undo", &StepTemplate::undo,
                    "automatic: from the state read before the act; impossible: it cannot be taken back."),
            setting("risk", &StepTemplate::risk, "low, medium or high: policy may ask a person.")};
    }
    friend bool operator==(const StepTemplate&, const StepTemplate&) = default;
};

/// A step of this name is no act but the check of all steps before it (playbook_reader.h).
inline constexpr std::string_view kVerifyStep = "verify";

struct Playbook {
    std::string name;  // empty in a file: the file's own name
    std::string version = "1";
    Description description;
    Match match;
    std::int32_t order = 100;
    std::map<std::string, Parameter> parameters;
    Guards guards;
    std::vector<StepTemplate> steps;
    VerifyTemplate verify;
    model::OnFailure on_failure = model::OnFailure::undo;
    model::Autonomy autonomy = model::Autonomy::automatic;
    std::string expected_effect;

    static constexpr auto schema() {
        return std::tuple{
            setting("name", &Playbook::name, "Name in records and policy; else the file's name."),
            setting("version", &Playbook::version, "Changes when the playbook does.", {.min = 1, .max = 64}),
            setting("description", &Playbook::description, "For people."),
            setting("match", &Playbook::match, "Which causes it is a remedy for."),
            setting("order", &Playbook::order,
                    "Its place on the ladder of a cause: the lowest is tried first."),
            setting("parameters", &Playbook::parameters, "Typed values for $parameters.NAME.", {.max = 50}),
            setting("guards", &Playbook::guards, "Conditions read again before each step."),
            setting("steps", &Playbook::steps, "What is done, in this order.",
                    {.min = 1, .max = 20, .required = true}),
            setting("verify", &Playbook::verify, "When the cause counts as cured."),
            setting("on_failure", &Playbook::on_failure,
                    "undo: take back, then the next rung; next: the next rung; escalate: call a person."),
            setting("autonomy", &Playbook::autonomy, "How far it may ever go by itself."),
            setting("expected_effect", &Playbook::expected_effect, "What it should change, in a sentence.")};
    }

    [[nodiscard]] model::PlaybookId id() const { return model::PlaybookId{name + "@" + version}; }
    friend bool operator==(const Playbook&, const Playbook&) = default;
};

}  // namespace homeostat::plan

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::plan::ParameterType> =
    std::to_array<std::string_view>({"integer", "number", "text", "boolean"});
