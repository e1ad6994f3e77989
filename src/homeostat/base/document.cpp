// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <tuple>

namespace homeostat {
namespace {

template <class Number>
bool read_whole(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

json::Value scalar_value(const Node& node) {
    if (node.quoted) return node.text;
    if (node.text == "true") return true;
    if (node.text == "false") return false;
    std::int64_t integer = 0;
    if (read_whole(node.text, integer)) return integer;
    double number = 0;
    if (read_whole(node.text, number) && std::isfinite(number)) return number;
    return node.text;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    const auto found =
        std::ranges::find_if(entries, [key](const Entry& entry) { return entry.key.text == key; });
    return found == entries.end() ? nullptr : &found->value;
}

json::Value to_json_value(const Node& node) {
    switch (node.kind) {
        case NodeKind::null: return {};
        case NodeKind::scalar: return scalar_value(node);
        case NodeKind::sequence: {
            json::Array array;
            for (const auto& item : node.items) array.push_back(to_json_value(item));
            return array;
        }
        case NodeKind::mapping: break;
    }
    json::Object object;
    std::set<std::string_view> seen;
    for (const auto& [key, value] : node.entries) {
        if (seen.insert(key.text).second) object.emplace_back(key.text, to_json_value(value));
    }
    return object;
}

std::string to_string(const Problem& problem) {
    std::string out = problem.file;
    if (problem.line > 0) out += fmt::format(":{}:{}", problem.line, problem.column);
    if (problem.severity == Severity::warning) out += ": warning";
    if (!problem.field.empty()) out += ": " + problem.field;
    out += ": " + problem.message;
    if (!problem.cure.empty()) out += " — " + problem.cure;
    return out;
}

bool has_errors(const Problems& problems) {
    return std::ranges::any_of(problems, [](const Problem& p) { return p.severity == Severity::error; });
}

void sort_by_place(Problems& problems) {
    std::ranges::sort(problems, {}, [](const Problem& p) {
        return std::tie(p.file, p.line, p.column, p.field, p.message);
    });
}

}  // namespace homeostat
