// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace homeostat {
namespace {

std::string_view kind_name(const Node& node) {
    switch (node.kind) {
        case NodeKind::null: return "nothing";
        case NodeKind::scalar: return "a single value";
        case NodeKind::sequence: return "a list";
        case NodeKind::mapping: return "a mapping";
    }
    return "something else";
}

/// Takes one step of a path such as "services[2].name" off its front: the node there, or nullptr.
const Node* step_into(const Node& node, std::string_view& path) {
    if (path.starts_with('[')) {
        const auto end = std::min(path.find(']'), path.size());
        const auto index = text_form::parse_integer(path.substr(1, end - 1));
        path.remove_prefix(std::min(end + 1, path.size()));
        if (path.starts_with('.')) path.remove_prefix(1);
        if (!index || *index < 0 || std::cmp_greater_equal(*index, node.items.size())) return nullptr;
        return &node.items[static_cast<std::size_t>(*index)];
    }
    const auto end = std::min(path.find_first_of(".["), path.size());
    const auto* below = node.find(path.substr(0, end));
    path.remove_prefix(end);
    if (path.starts_with('.')) path.remove_prefix(1);
    return below;
}

}  // namespace

void BindContext::report(const Node& at, std::string_view rule, Objection objection, Severity severity) {
    if (severity == Severity::error) ++errors_;
    if (full_) return;
    Problem problem{.file = file_,
                    .line = at.line,
                    .column = at.column,
                    .field = path_,
                    .message = std::move(objection.message),
                    .cure = std::move(objection.cure),
                    .severity = severity,
                    .rule = std::string(rule)};
    if (problems_.size() + 1 >= kMaxProblems) {
        full_ = true;
        problem.message = "there are more problems than are shown";
        problem.cure = "repair these first";
        problem.rule = "too-many-problems";
    }
    problems_.push_back(std::move(problem));
}

void BindContext::check_keys(const Node& mapping, const std::vector<std::string_view>* known) {
    std::set<std::string_view> seen;
    for (const auto& [key, value] : mapping.entries) {
        const std::string_view name = key.text;
        const auto say = [&](std::string_view rule, std::string message, std::string cure) {
            within(name, [&] { report(key, rule, {std::move(message), std::move(cure)}); });
        };
        if (!seen.insert(name).second) {
            say("duplicate-key", fmt::format("is there twice, first in line {}", mapping.find(name)->line),
                "keep one of the two");
        } else if (known != nullptr && std::ranges::find(*known, name) == known->end()) {
            say("unknown-key", "there is no such setting", text_form::cure_for_names(name, *known));
        }
    }
}

bool BindContext::expect_mapping(const Node& node) {
    if (node.kind == NodeKind::mapping || node.kind == NodeKind::null) return true;
    report(node, "wrong-type",
           {fmt::format("must be a mapping, not {}", kind_name(node)), "write 'name: value' lines below it"});
    return false;
}

bool BindContext::expect_sequence(const Node& node) {
    if (node.kind == NodeKind::sequence || node.kind == NodeKind::null) return true;
    report(node, "wrong-type",
           {fmt::format("must be a list, not {}", kind_name(node)), "write [a, b], or '- a' lines below it"});
    return false;
}

bool BindContext::expect_scalar(const Node& node, std::string_view wanted, bool numeric,
                                const std::string& cure) {
    if (node.kind != NodeKind::scalar) {
        report(node, "wrong-type", {fmt::format("must be {}, not {}", wanted, kind_name(node)), cure});
        return false;
    }
    if (node.quoted && numeric) {
        report(node, "wrong-type", {fmt::format("must be {}, not the text \"{}\"", wanted, node.text), cure});
        return false;
    }
    return true;
}

void Findings::report(std::string_view field, std::string message, std::string cure, Severity severity) {
    const Node* at = &node_;
    for (std::string_view rest = field; !rest.empty();) {
        const auto* below = step_into(*at, rest);
        if (below == nullptr) break;
        at = below;
    }
    context_.within(field, [&] {
        context_.report(*at, "inconsistent", {std::move(message), std::move(cure)}, severity);
    });
}

}  // namespace homeostat
