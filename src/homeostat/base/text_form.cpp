// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/text_form.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

namespace homeostat {
namespace {

// Names longer than this are compared by their head only: a slip of the pen is short.
constexpr std::size_t kMaxCompared = 64;

/// Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    a = a.substr(0, kMaxCompared);
    b = b.substr(0, kMaxCompared);
    std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
    std::iota(previous.begin(), previous.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
        }
        std::swap(before, previous);
        std::swap(previous, current);
    }
    return previous[b.size()];
}

constexpr auto kByteUnits =
    std::to_array<std::pair<std::string_view, std::int64_t>>({{"TiB", std::int64_t{1} << 40U},
                                                              {"GiB", std::int64_t{1} << 30U},
                                                              {"MiB", std::int64_t{1} << 20U},
                                                              {"KiB", std::int64_t{1} << 10U},
                                                              {"TB", 1'000'000'000'000},
                                                              {"GB", 1'000'000'000},
                                                              {"MB", 1'000'000},
                                                              {"kB", 1'000},
                                                              {"B", 1},
                                                              {"", 1}});

template <class T>
std::optional<T> value_or_nothing(Result<T> result) {
    if (!result) return std::nullopt;
    return *std::move(result);
}

}  // namespace

std::string_view nearest_name(std::string_view text, const std::vector<std::string_view>& names) {
    std::string_view best;
    std::size_t best_distance = 1 + std::max<std::size_t>(1, text.size() / 3);  // farther is no slip
    for (const auto name : names) {
        const auto distance = edit_distance(text, name);
        if (distance < best_distance) {
            best = name;
            best_distance = distance;
        }
    }
    return best;
}

Result<Bytes> parse_bytes(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& [name, size] : kByteUnits) {
        if (error != std::errc{} || unit != name) continue;
        const double bytes = number * static_cast<double>(size);
        if (bytes >= 0 && bytes < 9.2e18) return Bytes{std::llround(bytes)};
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is no size: {}", text, TextForm<Bytes>::cure(text)));
}

std::string format_bytes(Bytes bytes) {
    for (const auto& [unit, size] : kByteUnits) {
        if (bytes.count() != 0 && bytes.count() % size == 0)
            return fmt::format("{}{}", bytes.count() / size, unit);
    }
    return "0B";
}

namespace text_form {

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<double> parse_number(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
        return std::nullopt;
    }
    return number;
}

std::string cure_for_names(std::string_view text, std::vector<std::string_view> names) {
    const auto near = nearest_name(text, names);
    const auto hint = near.empty() ? std::string() : fmt::format("did you mean '{}'? ", near);
    return fmt::format("{}write one of {}", hint, fmt::join(names, ", "));
}

json::Value schema_of_text(std::string_view pattern) {
    return json::Object{{"type", "string"}, {"pattern", pattern}};
}

json::Value schema_of(std::string_view type) {
    return json::Object{{"type", type}};
}

std::string text_of(const json::Value& value) {
    const auto* text = value.as_string();
    return text != nullptr ? *text : json::to_text(value);
}

}  // namespace text_form

std::optional<bool> TextForm<bool>::parse(std::string_view text) {
    if (text == "true") return true;
    if (text == "false") return false;
    return std::nullopt;
}

std::optional<Duration> TextForm<Duration>::parse(std::string_view text) {
    const auto duration = parse_duration(text);
    if (!duration || *duration < Duration{0}) return std::nullopt;
    return *duration;
}

std::optional<EventTime> TextForm<EventTime>::parse(std::string_view text) {
    return value_or_nothing(parse_rfc3339(text));
}

std::optional<Bytes> TextForm<Bytes>::parse(std::string_view text) {
    return value_or_nothing(parse_bytes(text));
}

json::Value TextForm<Bytes>::schema() {
    return json::Object{{"type", json::Array{"string", "integer"}},
                        {"pattern", "^[0-9]+(\\.[0-9]+)?([KMGT]iB|[kMGT]?B)?$"}};
}

std::optional<Ratio> TextForm<Ratio>::parse(std::string_view text) {
    const bool percent = text.ends_with('%');
    const auto number = text_form::parse_number(percent ? text.substr(0, text.size() - 1) : text);
    if (!number) return std::nullopt;
    return value_or_nothing(Ratio::from(percent ? *number / 100.0 : *number));
}

json::Value TextForm<Ratio>::schema() {
    return json::Object{{"anyOf", json::Array{json::Object{{"type", "number"},
                                                           {"minimum", std::int64_t{0}},
                                                           {"maximum", std::int64_t{1}}},
                                              text_form::schema_of_text("^[0-9]+(\\.[0-9]+)?%$")}}};
}

}  // namespace homeostat
