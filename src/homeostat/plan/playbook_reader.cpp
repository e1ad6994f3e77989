// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/playbook_reader.h"

#include <fmt/format.h>

#include <utility>

#include "homeostat/plan/lint.h"

namespace homeostat::plan {
namespace {

/// Moves places inside an embedded text to where they are in the file. A block scalar's text starts in the
/// line below its `|`; within a line of another style the exact place is not known.
void shift_lines(Node& node, int by) {
    if (node.line > 0) node.line += by;
    for (auto& item : node.items) shift_lines(item, by);
    for (auto& [key, value] : node.entries) {
        shift_lines(key, by);
        shift_lines(value, by);
    }
}

bool is_config_map(const Node& root) {
    const auto* kind = root.find("kind");
    return kind != nullptr && kind->text == "ConfigMap";
}

/// The fields that a ConfigMap holds as text, as one mapping.
Document from_config_map(const Document& document, const TextParser& parse_text, Problems& problems) {
    Document normal{document.file, {.kind = NodeKind::mapping, .line = 1, .column = 1}};
    const auto* metadata = document.root.find("metadata");
    const auto* name = metadata != nullptr ? metadata->find("name") : nullptr;
    if (name != nullptr) {
        normal.root.entries.push_back(
            {{.kind = NodeKind::scalar, .text = "name", .line = name->line}, *name});
    }
    const auto* data = document.root.find("data");
    if (data == nullptr) return normal;
    for (const auto& [key, value] : data->entries) {
        const auto known = problems.size();
        auto parsed = parse_text(value.text, document.file, problems);
        for (auto i = known; i < problems.size(); ++i) problems[i].line += value.line;
        if (!parsed) continue;
        shift_lines(parsed->root, value.line);
        normal.root.entries.push_back({key, std::move(parsed->root)});
    }
    return normal;
}

/// "restart" for "playbooks/restart.yaml".
std::string stem_of(const std::string& file) {
    const auto slash = file.find_last_of('/');
    const auto name = slash == std::string::npos ? file : file.substr(slash + 1);
    return name.substr(0, name.find('.'));
}

/// A step called verify is the verification's script. That of kubectl cannot be run yet: the SLI decides.
void take_verify_step(Playbook& playbook) {
    if (playbook.steps.empty() || playbook.steps.back().name != kVerifyStep) return;
    const auto& step = playbook.steps.back();
    if (step.action == model::ActionKind::script && step.args.as_array() != nullptr) {
        playbook.verify.script.clear();
        for (const auto& word : *step.args.as_array())
            playbook.verify.script.push_back(text_form::text_of(word));
    }
    playbook.steps.pop_back();
}

}  // namespace

void CriterionTemplate::check(Findings& findings) const {
    if (at_most || at_most_of_baseline) return;
    findings.report("", "sets no limit", "add 'at_most' or 'at_most_of_baseline'");
}

void VerifyTemplate::check(Findings& findings) const {
    if (initial_delay + soak <= deadline) return;
    findings.report(
        "deadline",
        fmt::format("{} leaves no room for the initial delay {} and the soak {}", format_duration(deadline),
                    format_duration(initial_delay), format_duration(soak)),
        "choose a later one");
}

std::optional<Playbook> read_playbook(const Document& document, const TextParser& parse_text,
                                      Problems& problems) {
    Problems found;
    const auto normal =
        is_config_map(document.root) ? from_config_map(document, parse_text, found) : document;
    Playbook playbook;
    if (read_document(normal, playbook, found)) {
        if (playbook.name.empty()) playbook.name = stem_of(document.file);
        lint_playbook(playbook, normal, found);
        take_verify_step(playbook);
    }
    const bool usable = !has_errors(found);
    problems.insert(problems.end(), std::make_move_iterator(found.begin()),
                    std::make_move_iterator(found.end()));
    return usable ? std::optional(std::move(playbook)) : std::nullopt;
}

}  // namespace homeostat::plan
