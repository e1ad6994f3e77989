// SPDX-License-Identifier: Apache-2.0
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <algorithm>
#include <array>

#include "homeostat/adapters/yaml/yaml.h"

namespace homeostat::yaml {
namespace {

// Words that YAML 1.1 or 1.2 readers take for null, booleans or special numbers.
constexpr auto kWords =
    std::to_array<std::string_view>({"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n",
                                     ".nan", ".inf", "-.inf", "+.inf", "<<", "="});

/// Whether a reader could take the plain text for something else than this string.
bool is_ambiguous(const std::string& text) {
    if (std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; })) return true;
    std::string lower = text;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : static_cast<char>(c);
    });
    if (std::ranges::find(kWords, lower) != kWords.end()) return true;
    constexpr std::string_view kNumberStarts = "0123456789+-.";
    return kNumberStarts.find(text.front()) != std::string_view::npos;
}

void emit(YAML::Emitter& out, const json::Value& value) {
    if (const auto* text = value.as_string()) {
        if (is_ambiguous(*text)) out << YAML::DoubleQuoted;
        out << *text;
    } else if (const auto* array = value.as_array()) {
        if (array->empty()) out << YAML::Flow;
        out << YAML::BeginSeq;
        for (const auto& item : *array) emit(out, item);
        out << YAML::EndSeq;
    } else if (const auto* object = value.as_object()) {
        if (object->empty()) out << YAML::Flow;
        out << YAML::BeginMap;
        for (const auto& [key, member] : *object) {
            out << YAML::Key;
            emit(out, key);
            out << YAML::Value;
            emit(out, member);
        }
        out << YAML::EndMap;
    } else if (value.is_null()) {
        out << YAML::Null;
    } else {
        out << json::to_text(value);  // true, false and numbers are the same words
    }
}

}  // namespace

std::string to_yaml(const json::Value& value) {
    YAML::Emitter out;
    emit(out, value);
    return std::string(out.c_str()) + "\n";
}

}  // namespace homeostat::yaml
