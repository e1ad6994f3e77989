// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "homeostat/base/contains.h"
#include "homeostat/plan/actions.h"
#include "homeostat/plan/variables.h"

namespace homeostat::plan {
namespace {

using Names = std::set<std::string, std::less<>>;

/// The node at a path such as "steps[1].args.replicas", or the nearest one above it.
const Node& locate(const Node& root, std::string_view path) {
    const Node* at = &root;
    while (!path.empty()) {
        const Node* below = nullptr;
        if (path.front() == '[') {
            const auto close = path.find(']');
            std::size_t index = 0;
            std::from_chars(path.data() + 1, path.data() + close, index);
            if (index < at->items.size()) below = &at->items[index];
            path.remove_prefix(close + 1);
        } else {
            const auto end = std::min(path.find_first_of(".["), path.size());
            below = at->find(path.substr(0, end));
            path.remove_prefix(end);
        }
        if (path.starts_with('.')) path.remove_prefix(1);
        if (below == nullptr) break;
        at = below;
    }
    return *at;
}

class Report {
public:
    Report(const Document& document, Problems& problems) : document_(document), problems_(problems) {}

    void error(std::string_view rule, std::string field, std::string message, std::string cure) {
        add(rule, std::move(field), {std::move(message), std::move(cure)}, Severity::error);
    }
    void warn(std::string_view rule, std::string field, std::string message, std::string cure) {
        add(rule, std::move(field), {std::move(message), std::move(cure)}, Severity::warning);
    }

private:
    void add(std::string_view rule, std::string field, Objection objection, Severity severity) {
        const auto& node = locate(document_.root, field);
        problems_.push_back({.file = document_.file,
                             .line = node.line,
                             .column = node.column,
                             .field = std::move(field),
                             .message = std::move(objection.message),
                             .cure = std::move(objection.cure),
                             .severity = severity,
                             .rule = std::string(rule)});
    }

    const Document& document_;
    Problems& problems_;
};

/// Checks the variables of one text and notes which ones it uses.
class VariableCheck {
public:
    VariableCheck(const Playbook& playbook, Report& report) : report_(report) {
        for (const auto name : variable_names()) known_.emplace(name);
        for (const auto& [name, parameter] : playbook.parameters) known_.insert("parameters." + name);
    }

    void text(const std::string& field, const std::string& text) {
        if (const auto name = variable_in(text)) {
            used_.emplace(*name);
            if (known_.contains(*name)) return;
            report_.error("HP001", field, fmt::format("there is no variable '{}'", text),
                          text_form::cure_for_names(*name, {known_.begin(), known_.end()}));
            return;
        }
        const auto dollar = text.find('$');
        if (dollar == std::string::npos || dollar + 1 == text.size()) return;
        report_.warn("HP103", field,
                     fmt::format("'{}' is plain text: a variable stands for a whole argument", text),
                     "make the variable an argument of its own");
    }
    void value(const std::string& field, const json::Value& value) {
        if (const auto* text = value.as_string()) return this->text(field, *text);
        if (const auto* list = value.as_array()) {
            for (std::size_t i = 0; i < list->size(); ++i)
                this->value(fmt::format("{}[{}]", field, i), (*list)[i]);
        }
        if (const auto* mapping = value.as_object()) {
            for (const auto& [name, item] : *mapping) this->value(field + "." + name, item);
        }
    }
    [[nodiscard]] bool uses(const std::string& name) const { return used_.contains(name); }

private:
    Report& report_;
    Names known_;
    Names used_;
};

std::string flaw_of_default(const Parameter& parameter) {
    const auto& value = parameter.value;
    switch (parameter.type) {
        case ParameterType::boolean: return value.as_bool() != nullptr ? "" : "must be true or false";
        case ParameterType::text: {
            const auto* text = value.as_string();
            if (text == nullptr) return "must be text";
            if (variable_in(*text)) return "must not be a variable";
            return parameter.one_of.empty() || contains(parameter.one_of, *text) ? ""
                                                                                 : "is not one of 'one_of'";
        }
        case ParameterType::integer:
            if (value.as_integer() == nullptr) return "must be a whole number";
            break;
        case ParameterType::number:
            if (value.as_integer() == nullptr && value.as_double() == nullptr) return "must be a number";
            break;
    }
    const double number =
        value.as_integer() != nullptr ? static_cast<double>(*value.as_integer()) : *value.as_double();
    if (parameter.min && number < *parameter.min) return fmt::format("must be at least {}", *parameter.min);
    if (parameter.max && number > *parameter.max) return fmt::format("must be at most {}", *parameter.max);
    return {};
}

void check_parameters(const Playbook& playbook, const VariableCheck& variables, Report& report) {
    for (const auto& [name, parameter] : playbook.parameters) {
        const auto field = "parameters." + name;
        if (auto flaw = flaw_of_default(parameter); !flaw.empty()) {
            report.error("HP003", field + ".default", std::move(flaw), "write a default that fits");
        }
        if (!variables.uses(field)) {
            report.warn("HP104", field, "is never used",
                        fmt::format("write ${} where it is meant, or remove it", field));
        }
    }
}

/// Only these have a state before the act to return to.
bool can_be_undone(model::ActionKind kind) {
    switch (kind) {
        case model::ActionKind::scale:
        case model::ActionKind::rollback:
        case model::ActionKind::reroute:
        case model::ActionKind::throttle:
        case model::ActionKind::kubectl: return true;
        case model::ActionKind::restart:
        case model::ActionKind::script: break;
    }
    return false;
}

/// Whether a kubectl command looks at the cluster and leaves it as it is.
bool only_reads(const json::Value& args) {
    const auto* words = args.as_array();
    if (words == nullptr || words->empty()) return false;
    const auto verb = text_form::text_of(words->front());
    if (verb == "rollout") return words->size() > 1 && text_form::text_of((*words)[1]) == "status";
    return verb == "get" || verb == "describe" || verb == "wait";
}

void check_verify_step(const Playbook& playbook, std::size_t index, Report& report) {
    const auto& step = playbook.steps[index];
    const bool command =
        step.action == model::ActionKind::script || step.action == model::ActionKind::kubectl;
    const bool last = index + 1 == playbook.steps.size();
    if (command && last && playbook.steps.size() > 1) return;
    report.error("HP006", fmt::format("steps[{}]", index),
                 "a step called 'verify' is no act but the check of all steps before it",
                 "make it the last step with action: script, or give it another name");
}

/// The value with the defaults of parameters in their places, so that they are checked as arguments.
json::Value with_defaults(const json::Value& value, const Playbook& playbook) {
    if (const auto* text = value.as_string()) {
        const auto name = variable_in(*text).value_or("");
        constexpr std::string_view kPrefix = "parameters.";
        if (!name.starts_with(kPrefix)) return value;
        const auto found = playbook.parameters.find(std::string(name.substr(kPrefix.size())));
        return found != playbook.parameters.end() ? found->second.value : value;
    }
    if (const auto* list = value.as_array()) {
        json::Array out;
        for (const auto& item : *list) out.push_back(with_defaults(item, playbook));
        return out;
    }
    if (const auto* mapping = value.as_object()) {
        json::Object out;
        for (const auto& [name, item] : *mapping) out.emplace_back(name, with_defaults(item, playbook));
        return out;
    }
    return value;
}

void check_step(const Playbook& playbook, std::size_t index, VariableCheck& variables, Report& report) {
    const auto& step = playbook.steps[index];
    const auto field = fmt::format("steps[{}]", index);
    variables.text(field + ".service", step.service);
    if (step.instance) variables.text(field + ".instance", *step.instance);
    variables.value(field + ".args", step.args);
    for (auto& flaw :
         check_arguments(step.action, with_defaults(step.args, playbook), step.instance.has_value())) {
        report.error("HP002", field + "." + flaw.field, std::move(flaw.message), std::move(flaw.cure));
    }
    if (step.verify) {
        for (const auto& word : step.verify->script) variables.text(field + ".verify.script", word);
    }
    if (step.action == model::ActionKind::kubectl && step.name != kVerifyStep && only_reads(step.args)) {
        report.error("HP008", field + ".args", "reads and changes nothing",
                     "name the step 'verify', or use a verb that acts");
    }
    if (step.name == kVerifyStep) return check_verify_step(playbook, index, report);
    if (step.undo == model::UndoPolicy::automatic && !can_be_undone(step.action)) {
        report.warn("HP105", field,
                    fmt::format("'{}' cannot be taken back", homeostat::to_string(step.action)),
                    "add 'undo: impossible'");
    }
}

void check_steps(const Playbook& playbook, VariableCheck& variables, Report& report) {
    Names names;
    for (std::size_t i = 0; i < playbook.steps.size(); ++i) {
        check_step(playbook, i, variables, report);
        if (names.insert(playbook.steps[i].name).second) continue;
        report.error("HP004", fmt::format("steps[{}].name", i),
                     fmt::format("there is a step '{}' already", playbook.steps[i].name),
                     "give it another name");
    }
}

/// Playbooks that come one after the other on a ladder only by their names.
void check_order(const Playbook& a, const Playbook& b, Problems& problems) {
    if (a.order != b.order || a.name == b.name) return;
    for (const auto cause : a.match.causes) {
        if (!contains(b.match.causes, cause)) continue;
        const bool apart = !a.match.services.empty() && !b.match.services.empty() &&
                           std::ranges::none_of(a.match.services, [&](const auto& id) {
                               return contains(b.match.services, id);
                           });
        if (apart) continue;
        problems.push_back(
            {.field = "order",
             .message = fmt::format("{} and {} share the place {} on the ladder for {}", a.id().value(),
                                    b.id().value(), a.order, homeostat::to_string(cause)),
             .cure = "give one of them another order",
             .severity = Severity::warning,
             .rule = "HP107"});
    }
}

}  // namespace

void lint_playbook(const Playbook& playbook, const Document& document, Problems& problems) {
    Report report(document, problems);
    VariableCheck variables(playbook, report);
    check_steps(playbook, variables, report);
    for (const auto& word : playbook.verify.script) variables.text("verify.script", word);
    check_parameters(playbook, variables, report);

    if (playbook.match.causes.empty()) {
        report.warn("HP101", "match", "without causes the playbook is never chosen by itself",
                    "add 'match: {causes: […]}'");
    }
    if (contains(playbook.match.causes, model::CauseKind::telemetry_silence)) {
        report.error("HP005", "match.causes", "telemetry_silence has no remedy: nothing may be done",
                     "remove it");
    }
    if (playbook.description.what.empty() || playbook.description.when.empty()) {
        report.warn("HP106", "description", "does not say what the playbook does and when",
                    "add 'what' and 'when', a sentence each");
    }
}

void lint_library(const std::vector<Playbook>& playbooks, Problems& problems) {
    std::map<model::PlaybookId, int> seen;
    for (const auto& playbook : playbooks) {
        if (++seen[playbook.id()] != 2) continue;
        problems.push_back(
            {.field = "name",
             .message = fmt::format("playbook {} is there more than once", playbook.id().value()),
             .cure = "give each another name or version",
             .rule = "HP007"});
    }
    for (std::size_t i = 0; i < playbooks.size(); ++i) {
        for (auto j = i + 1; j < playbooks.size(); ++j) check_order(playbooks[i], playbooks[j], problems);
    }
}

}  // namespace homeostat::plan
