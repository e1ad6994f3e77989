// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "homeostat/base/describe.h"
#include "homeostat/base/json.h"
#include "homeostat/base/result.h"
#include "homeostat/base/strong_id.h"
#include "homeostat/base/time.h"
#include "homeostat/base/units.h"

/// JSON from and to described types (describe.h). An empty optional is left out; an unknown member is
/// ignored, so that an older program reads a newer record; a variant is written as its alternative's
/// members plus `"type"`, from the alternative's `static constexpr std::string_view kType`.
namespace homeostat {

template <class T>
[[nodiscard]] json::Value to_json(const T& value);
template <class T>
[[nodiscard]] Result<> read_json(const json::Value& json, T& out);

/// Decodes a whole value. Errors: `invalid_argument` naming the member that is missing or of a wrong type.
template <class T>
[[nodiscard]] Result<T> from_json(const json::Value& json) {
    T value{};
    if (auto read = read_json(json, value); !read) return std::unexpected(std::move(read).error());
    return value;
}

/// Specialise for a type whose JSON is not the list of its members.
template <class T>
struct JsonCodec;

namespace codec_detail {

template <class T>
concept HasCodec = requires(const T& value) { JsonCodec<T>::write(value); };

template <class T, template <class...> class Template>
inline constexpr bool kIs = false;
template <template <class...> class Template, class... Args>
inline constexpr bool kIs<Template<Args...>, Template> = true;

inline std::unexpected<Error> wrong_type(std::string_view wanted) {
    return fail(ErrorCode::invalid_argument, "must be " + std::string(wanted));
}

template <class T>
Result<> read_number(const json::Value& json, T& out) {
    if constexpr (std::same_as<T, bool>) {
        const auto* boolean = json.as_bool();
        if (boolean == nullptr) return wrong_type("true or false");
        out = *boolean;
    } else if constexpr (std::integral<T>) {
        const auto* integer = json.as_integer();
        if (integer == nullptr || !std::in_range<T>(*integer)) return wrong_type("a whole number in range");
        out = static_cast<T>(*integer);
    } else if (const auto* number = json.as_double()) {
        out = static_cast<T>(*number);
    } else if (const auto* whole = json.as_integer()) {
        out = static_cast<T>(*whole);
    } else {
        return wrong_type("a number");
    }
    return {};
}

template <class T>
Result<> read_member(const json::Value& object, std::string_view name, T& out) {
    const auto* member = object.find(name);
    if constexpr (kIs<T, std::optional>) {
        if (member == nullptr || member->is_null()) {
            out.reset();
            return {};
        }
    }
    if (member == nullptr) return fail(ErrorCode::invalid_argument, std::string(name) + ": is missing");
    if (auto read = read_json(*member, out); !read) {
        const auto& inner = read.error().message;
        const bool nested = inner.find(": ") != std::string::npos;
        return fail(read.error().code, std::string(name) + (nested ? "." : ": ") + inner);
    }
    return {};
}

template <class... Alternatives>
Result<> read_variant(const json::Value& json, std::variant<Alternatives...>& out) {
    const auto* type = json.find("type");
    if (type == nullptr || type->as_string() == nullptr) {
        return fail(ErrorCode::invalid_argument, "type: is missing");
    }
    Result<> result = fail(ErrorCode::invalid_argument, "type: unknown value '" + *type->as_string() + "'");
    auto attempt = [&]<class Alternative>() {
        if (*type->as_string() != Alternative::kType) return;
        result = read_json(json, out.template emplace<Alternative>());
    };
    (attempt.template operator()<Alternatives>(), ...);
    return result;
}

template <class T>
json::Value write_described(const T& value) {
    json::Object object;
    std::apply(
        [&](const auto&... fields) {
            [[maybe_unused]] const auto add = [&](const auto& field) {
                const auto& member = value.*field.member;
                if constexpr (kIs<std::remove_cvref_t<decltype(member)>, std::optional>) {
                    if (member) object.emplace_back(std::string(field.name), to_json(*member));
                } else {
                    object.emplace_back(std::string(field.name), to_json(member));
                }
            };
            (add(fields), ...);
        },
        T::describe());
    return object;
}

template <class T>
Result<> read_described(const json::Value& json, T& out) {
    if (json.as_object() == nullptr) return wrong_type("an object");
    Result<> result;
    std::apply(
        [&](const auto&... fields) {
            [[maybe_unused]] const auto read = [&](const auto& field) {
                if (result) result = read_member(json, field.name, out.*field.member);
            };
            (read(fields), ...);
        },
        T::describe());
    return result;
}

template <class T>
Result<> read_container(const json::Value& json, T& out) {
    if constexpr (kIs<T, std::vector>) {
        const auto* array = json.as_array();
        if (array == nullptr) return wrong_type("a list");
        out.clear();
        for (const auto& element : *array) {
            if (auto read = read_json(element, out.emplace_back()); !read) return read;
        }
    } else {
        const auto* object = json.as_object();
        if (object == nullptr) return wrong_type("an object");
        out.clear();
        for (const auto& [key, element] : *object) {
            if (auto read = read_json(element, out[typename T::key_type(key)]); !read) return read;
        }
    }
    return {};
}

template <class Key>
std::string key_text(const Key& key) {
    if constexpr (std::same_as<Key, std::string>)
        return key;
    else
        return key.value();
}

}  // namespace codec_detail

template <class T>
json::Value to_json(const T& value) {
    using codec_detail::kIs;
    if constexpr (codec_detail::HasCodec<T>) {
        return JsonCodec<T>::write(value);
    } else if constexpr (std::same_as<T, json::Value> || std::same_as<T, bool>) {
        return value;
    } else if constexpr (std::integral<T>) {
        return static_cast<std::int64_t>(value);
    } else if constexpr (std::floating_point<T>) {
        return static_cast<double>(value);
    } else if constexpr (std::is_enum_v<T>) {
        return to_string(value);
    } else if constexpr (std::convertible_to<T, std::string_view>) {
        return std::string_view(value);
    } else if constexpr (std::same_as<T, EventTime>) {
        return format_rfc3339(value);
    } else if constexpr (std::same_as<T, LoopTime>) {
        return static_cast<std::int64_t>(value.time_since_epoch().count());
    } else if constexpr (std::same_as<T, Duration>) {
        return static_cast<std::int64_t>(value.count());
    } else if constexpr (requires { value.count(); }) {
        return to_json(value.count());  // a Quantity
    } else if constexpr (kIs<T, StrongId> || std::same_as<T, Ratio>) {
        return to_json(value.value());
    } else if constexpr (kIs<T, std::optional>) {
        return value ? to_json(*value) : json::Value{};
    } else if constexpr (kIs<T, std::variant>) {
        return std::visit(
            [](const auto& alternative) {
                auto json = to_json(alternative);
                auto* object = json.as_object();
                object->emplace(object->begin(), "type",
                                std::string(std::remove_cvref_t<decltype(alternative)>::kType));
                return json;
            },
            value);
    } else if constexpr (kIs<T, std::vector>) {
        json::Array array;
        array.reserve(value.size());
        for (const auto& element : value) array.push_back(to_json(element));
        return array;
    } else if constexpr (kIs<T, std::map>) {
        json::Object object;
        for (const auto& [key, element] : value)
            object.emplace_back(codec_detail::key_text(key), to_json(element));
        return object;
    } else {
        static_assert(Described<T>, "give the type a describe() or a JsonCodec");
        return codec_detail::write_described(value);
    }
}

template <class T>
Result<> read_json(const json::Value& json, T& out) {
    using codec_detail::kIs;
    using codec_detail::read_number;
    using codec_detail::wrong_type;
    if constexpr (codec_detail::HasCodec<T>) {
        return JsonCodec<T>::read(json, out);
    } else if constexpr (std::same_as<T, json::Value>) {
        out = json;
        return {};
    } else if constexpr (std::is_arithmetic_v<T>) {
        return read_number(json, out);
    } else if constexpr (std::is_enum_v<T>) {
        const auto* name = json.as_string();
        const auto found = name != nullptr ? enum_from<T>(*name) : std::nullopt;
        if (!found) return wrong_type("one of the known names");
        out = *found;
        return {};
    } else if constexpr (std::same_as<T, std::string>) {
        const auto* text = json.as_string();
        if (text == nullptr) return wrong_type("a string");
        out = *text;
        return {};
    } else if constexpr (std::same_as<T, EventTime>) {
        const auto* text = json.as_string();
        if (text == nullptr) return wrong_type("an RFC 3339 time");
        HOMEOSTAT_TRY(out, parse_rfc3339(*text));
        return {};
    } else if constexpr (std::same_as<T, LoopTime>) {
        std::int64_t nanoseconds = 0;
        auto read = read_number(json, nanoseconds);
        if (read) out = LoopTime{Duration{nanoseconds}};
        return read;
    } else if constexpr (std::same_as<T, Duration>) {
        std::int64_t nanoseconds = 0;
        auto read = read_number(json, nanoseconds);
        if (read) out = Duration{nanoseconds};
        return read;
    } else if constexpr (std::same_as<T, Ratio>) {
        double number = 0;
        if (auto read = read_number(json, number); !read) return read;
        HOMEOSTAT_TRY(out, Ratio::from(number));
        return {};
    } else if constexpr (kIs<T, StrongId>) {
        std::remove_cvref_t<decltype(out.value())> inner{};
        auto read = read_json(json, inner);
        if (read) out = T{std::move(inner)};
        return read;
    } else if constexpr (requires { out.count(); }) {
        std::remove_cvref_t<decltype(out.count())> inner{};
        auto read = read_json(json, inner);
        if (read) out = T{inner};
        return read;
    } else if constexpr (kIs<T, std::optional>) {
        if (json.is_null()) {
            out.reset();
            return {};
        }
        return read_json(json, out.emplace());
    } else if constexpr (kIs<T, std::variant>) {
        return codec_detail::read_variant(json, out);
    } else if constexpr (kIs<T, std::vector> || kIs<T, std::map>) {
        return codec_detail::read_container(json, out);
    } else {
        static_assert(Described<T>, "give the type a describe() or a JsonCodec");
        return codec_detail::read_described(json, out);
    }
}

}  // namespace homeostat
