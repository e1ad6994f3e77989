// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <tuple>

namespace homeostat {

/// One member of a described struct: its wire name and where it lives.
template <class T, class Member>
struct Field {
    std::string_view name;
    Member T::* member;
};

template <class T, class Member>
[[nodiscard]] constexpr Field<T, Member> field(std::string_view name, Member T::* member) {
    return {name, member};
}

/// A struct that lists its members once, so that encoding, decoding and hashing follow from the list:
///
///     struct Anomaly {
///         Subject subject;
///         double score = 0;
///         static constexpr auto describe() {
///             return std::tuple{field("subject", &Anomaly::subject), field("score", &Anomaly::score)};
///         }
///     };
template <class T>
concept Described = requires { T::describe(); };

/// Specialise to name the values of an enum, in the order of the enumerators, which start at 0:
///
///     template <> inline constexpr auto kEnumNames<Color> = std::to_array<std::string_view>({"red",
///     "green"});
template <class E>
inline constexpr std::array<std::string_view, 0> kEnumNames{};

template <class E>
concept NamedEnum = std::is_enum_v<E> && (kEnumNames<E>.size() > 0);

template <NamedEnum E>
[[nodiscard]] constexpr std::string_view to_string(E value) {
    const auto index = static_cast<std::size_t>(value);
    return index < kEnumNames<E>.size() ? kEnumNames<E>[index] : "unknown";
}

template <NamedEnum E>
[[nodiscard]] constexpr std::optional<E> enum_from(std::string_view name) {
    for (std::size_t i = 0; i < kEnumNames<E>.size(); ++i) {
        if (kEnumNames<E>[i] == name) return static_cast<E>(i);
    }
    return std::nullopt;
}

}  // namespace homeostat
