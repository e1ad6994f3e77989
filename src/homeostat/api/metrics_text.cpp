// SPDX-License-Identifier: Apache-2.0
#include "homeostat/api/metrics_text.h"

#include <fmt/format.h>

#include <iterator>

namespace homeostat::api {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view help, std::string_view type) {
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::sample(std::string_view name, double value, Labels labels) {
    text_ += name;
    const char* separator = "{";
    for (const auto& [key, label] : labels) {
        fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", separator, key, escaped(label));
        separator = ",";
    }
    if (labels.size() > 0) text_ += '}';
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

void MetricsText::counter(std::string_view name, std::string_view help, double value) {
    counter(name, help);
    sample(name, value);
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value) {
    gauge(name, help);
    sample(name, value);
}

void MetricsText::summary(std::string_view name, std::string_view help, double sum, double count) {
    family(name, help, "summary");
    const std::string base(name);
    sample(base + "_sum", sum);
    sample(base + "_count", count);
}

}  // namespace homeostat::api
