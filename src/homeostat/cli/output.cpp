// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/base/check.h"

namespace homeostat::cli {
namespace {

std::string_view code_of(Tone tone) {
    switch (tone) {
        case Tone::plain: return "";
        case Tone::good: return "\x1b[32m";
        case Tone::warning: return "\x1b[33m";
        case Tone::bad: return "\x1b[31m";
        case Tone::faint: return "\x1b[2m";
        case Tone::strong: return "\x1b[1m";
    }
    return "";
}

/// Columns on a terminal: code points, which is right for all that we print.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string paint(const Environment& environment, Tone tone, std::string_view text) {
    if (!environment.colors || tone == Tone::plain) return std::string(text);
    return fmt::format("{}{}\x1b[0m", code_of(tone), text);
}

void print(Environment& environment, const Table& table) {
    std::vector<std::size_t> widths;
    for (const auto& column : table.columns) widths.push_back(width_of(column));
    for (const auto& row : table.rows) {
        HOMEOSTAT_CHECK(row.size() == widths.size());
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i].text));
    }
    const auto write = [&](const std::vector<Cell>& cells) {
        std::size_t gap = 0;  // before the next text that is not empty: no line ends in spaces
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const auto& [text, tone] = cells[i];
            if (!text.empty()) environment.out << std::string(std::exchange(gap, 0), ' ');
            environment.out << paint(environment, text.empty() ? Tone::plain : tone, text);
            gap += widths[i] - width_of(text) + 2;
        }
        environment.out << '\n';
    };
    std::vector<Cell> head;
    for (const auto& column : table.columns) head.emplace_back(Tone::strong, column);
    write(head);
    for (const auto& row : table.rows) write(row);
}

void print(Environment& environment, OutputFormat format, const Table& table, const json::Value& value) {
    if (format == OutputFormat::table) {
        print(environment, table);
    } else {
        print(environment, format, value);
    }
}

void print(Environment& environment, OutputFormat format, const json::Value& value) {
    environment.out << (format == OutputFormat::json ? json::to_pretty_text(value) + "\n"
                                                     : yaml::to_yaml(value));
}

}  // namespace homeostat::cli
