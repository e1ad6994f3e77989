// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/json.h"
#include "homeostat/cli/command.h"

/// How commands print what they list.
namespace homeostat::cli {

enum class OutputFormat : std::uint8_t { table, json, yaml };

enum class Tone : std::uint8_t { plain, good, warning, bad, faint, strong };

/// `text` in the colour of the tone, when `environment` shows colours.
[[nodiscard]] std::string paint(const Environment& environment, Tone tone, std::string_view text);

struct Cell {
    Cell(std::string value) : text(std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Cell(const char* value) : text(value) {}             // NOLINT(google-explicit-constructor)
    Cell(Tone value_tone, std::string value) : text(std::move(value)), tone(value_tone) {}

    std::string text;
    Tone tone = Tone::plain;
};

/// Rows for people: aligned columns, the last one as long as it likes.
struct Table {
    std::vector<std::string> columns;
    std::vector<std::vector<Cell>> rows;  // each as long as `columns`
};

void print(Environment& environment, const Table& table);

/// Prints a list: the table for people, the value for programs.
void print(Environment& environment, OutputFormat format, const Table& table, const json::Value& value);

/// Prints a value for programs; `table` reads as `yaml`.
void print(Environment& environment, OutputFormat format, const json::Value& value);

/// The option that every list has.
[[nodiscard]] inline Argument output_argument(OutputFormat& format) {
    return argument("-o,--output", format, "How to print.");
}

}  // namespace homeostat::cli

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::cli::OutputFormat> =
    std::to_array<std::string_view>({"table", "json", "yaml"});
