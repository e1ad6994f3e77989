// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "homeostat/base/codec.h"
#include "homeostat/base/strong_id.h"
#include "homeostat/base/time.h"
#include "homeostat/base/units.h"

namespace homeostat {

/// How a type is written as one scalar of a file. Specialise it for a type of your own:
///
///     static constexpr std::string_view kWanted = "a duration";   // completes "must be …"
///     static std::string cure(std::string_view text);             // completes "… — write a number and a
///     unit" static std::optional<T> parse(std::string_view text); static json::Value show(const T& value);
///     // as a file would write it static json::Value schema();                                // its JSON
///     Schema static constexpr bool kNumeric = false;                     // true: a quoted scalar is refused
template <class T>
struct TextForm;

template <class T>
concept HasTextForm = requires(const T& value, std::string_view text) {
    { TextForm<T>::parse(text) } -> std::same_as<std::optional<T>>;
    { TextForm<T>::show(value) } -> std::same_as<json::Value>;
};

namespace text_form {
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] std::optional<double> parse_number(std::string_view text);  // finite ones only
/// "write one of a, b, c", and before it "did you mean 'b'?" when `text` is a likely slip.
[[nodiscard]] std::string cure_for_names(std::string_view text, std::vector<std::string_view> names);
/// {"type": "string", "pattern": …}
[[nodiscard]] json::Value schema_of_text(std::string_view pattern);
[[nodiscard]] json::Value schema_of(std::string_view type);
/// A string as it is, anything else as JSON text.
[[nodiscard]] std::string text_of(const json::Value& value);
}  // namespace text_form

/// The name in `names` that a person most likely meant by `text`, by edit distance; empty when none is near.
[[nodiscard]] std::string_view nearest_name(std::string_view text,
                                            const std::vector<std::string_view>& names);

/// "64MiB", "1.5GB" or a plain number of bytes. Errors: `invalid_argument`.
[[nodiscard]] Result<Bytes> parse_bytes(std::string_view text);
/// The shortest exact spelling: "64MiB", "1500B".
[[nodiscard]] std::string format_bytes(Bytes bytes);

template <>
struct TextForm<std::string> {
    static constexpr std::string_view kWanted = "text";
    static constexpr bool kNumeric = false;
    static std::string cure(std::string_view) { return "write one value"; }
    static std::optional<std::string> parse(std::string_view text) { return std::string(text); }
    static json::Value show(const std::string& value) { return value; }
    static json::Value schema() { return text_form::schema_of("string"); }
};

template <>
struct TextForm<bool> {
    static constexpr std::string_view kWanted = "true or false";
    static constexpr bool kNumeric = true;
    static std::string cure(std::string_view) { return "write true or false, without quotes"; }
    static std::optional<bool> parse(std::string_view text);
    static json::Value show(bool value) { return value; }
    static json::Value schema() { return text_form::schema_of("boolean"); }
};

template <std::integral T>
    requires(!std::same_as<T, bool>)
struct TextForm<T> {
    static constexpr std::string_view kWanted = "a whole number";
    static constexpr bool kNumeric = true;
    static std::string cure(std::string_view) { return "write digits only, without quotes"; }
    static std::optional<T> parse(std::string_view text) {
        const auto number = text_form::parse_integer(text);
        if (!number || !std::in_range<T>(*number)) return std::nullopt;
        return static_cast<T>(*number);
    }
    static json::Value show(T value) { return static_cast<std::int64_t>(value); }
    static json::Value schema() { return text_form::schema_of("integer"); }
};

template <std::floating_point T>
struct TextForm<T> {
    static constexpr std::string_view kWanted = "a number";
    static constexpr bool kNumeric = true;
    static std::string cure(std::string_view) { return "write a finite number, without quotes or unit"; }
    static std::optional<T> parse(std::string_view text) {
        const auto number = text_form::parse_number(text);
        if (!number) return std::nullopt;
        return static_cast<T>(*number);
    }
    static json::Value show(T value) { return static_cast<double>(value); }
    static json::Value schema() { return text_form::schema_of("number"); }
};

template <NamedEnum E>
struct TextForm<E> {
    static constexpr std::string_view kWanted = "one of the known names";
    static constexpr bool kNumeric = false;
    static std::string cure(std::string_view text) {
        return text_form::cure_for_names(text, {kEnumNames<E>.begin(), kEnumNames<E>.end()});
    }
    static std::optional<E> parse(std::string_view text) { return enum_from<E>(text); }
    static json::Value show(E value) { return to_string(value); }
    static json::Value schema() {
        json::Array names;
        for (const auto name : kEnumNames<E>) names.emplace_back(name);
        return json::Object{{"enum", std::move(names)}};
    }
};

template <class Tag>
struct TextForm<StrongId<Tag>> {
    using Id = StrongId<Tag>;
    static constexpr std::string_view kWanted = "a name";
    static constexpr bool kNumeric = false;
    static std::string cure(std::string_view) { return "write a name that is not empty"; }
    static std::optional<Id> parse(std::string_view text) {
        if (text.empty()) return std::nullopt;
        return Id{std::string(text)};
    }
    static json::Value show(const Id& value) { return value.value(); }
    static json::Value schema() { return json::Object{{"type", "string"}, {"minLength", std::int64_t{1}}}; }
};

template <>
struct TextForm<Duration> {
    static constexpr std::string_view kWanted = "a duration";
    static constexpr bool kNumeric = false;
    static std::string cure(std::string_view) {
        return "write a number and a unit (ns, us, ms, s, m, h, d), as in 250ms, 30s or 5m";
    }
    static std::optional<Duration> parse(std::string_view text);
    static json::Value show(Duration value) { return format_duration(value); }
    static json::Value schema() {
        return text_form::schema_of_text("^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d)$");
    }
};

template <>
struct TextForm<EventTime> {
    static constexpr std::string_view kWanted = "a time";
    static constexpr bool kNumeric = false;
    static std::string cure(std::string_view) { return "write it as in 2026-01-31T12:00:00Z (RFC 3339)"; }
    static std::optional<EventTime> parse(std::string_view text);
    static json::Value show(EventTime value) { return format_rfc3339(value); }
    static json::Value schema() { return json::Object{{"type", "string"}, {"format", "date-time"}}; }
};

template <>
struct TextForm<Bytes> {
    static constexpr std::string_view kWanted = "a size";
    static constexpr bool kNumeric = false;
    static std::string cure(std::string_view) {
        return "write a number and a unit (B, KiB, MiB, GiB, TiB, kB, MB, GB, TB), as in 64MiB";
    }
    static std::optional<Bytes> parse(std::string_view text);
    static json::Value show(Bytes value) { return format_bytes(value); }
    static json::Value schema();
};

template <class Unit, std::integral Rep>
struct TextForm<Quantity<Unit, Rep>> : TextForm<Rep> {
    using Value = Quantity<Unit, Rep>;
    static std::optional<Value> parse(std::string_view text) {
        const auto count = TextForm<Rep>::parse(text);
        if (!count) return std::nullopt;
        return Value{*count};
    }
    static json::Value show(Value value) { return TextForm<Rep>::show(value.count()); }
};

template <>
struct TextForm<Ratio> {
    static constexpr std::string_view kWanted = "a share between 0 and 1";
    static constexpr bool kNumeric = false;
    static std::string cure(std::string_view) { return "write it as in 0.05 or 5%"; }
    static std::optional<Ratio> parse(std::string_view text);
    static json::Value show(Ratio value) { return value.value(); }
    static json::Value schema();
};

}  // namespace homeostat
