// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "homeostat/base/document.h"
#include "homeostat/base/text_form.h"

/// How a setting is described, and where the problems of a file are gathered while it is read.
namespace homeostat {

namespace schema_detail {
struct NoBound {};

/// What `min` and `max` are for a member: the value itself; the number of items; the length of a text.
template <class T>
struct BoundOf {
    using Type = NoBound;
};
template <class T>
    requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>)
struct BoundOf<T> {
    using Type = T;
};
template <>
struct BoundOf<Duration> {
    using Type = Duration;
};
template <class Unit, class Rep>
struct BoundOf<Quantity<Unit, Rep>> {
    using Type = Quantity<Unit, Rep>;
};
template <>
struct BoundOf<Ratio> {
    using Type = double;
};
template <class T>
    requires(std::same_as<T, std::string> || codec_detail::kIs<T, std::vector> ||
             codec_detail::kIs<T, std::map>)
struct BoundOf<T> {
    using Type = std::size_t;
};
template <class T>
struct BoundOf<std::optional<T>> : BoundOf<T> {};
}  // namespace schema_detail

/// An objection to a value: what is wrong, and what to write instead.
struct Objection {
    std::string message;
    std::string cure;
};

/// What a setting's value must satisfy, beyond its type.
template <class Member>
struct Limits {
    using Bound = typename schema_detail::BoundOf<Member>::Type;
    std::optional<Bound> min{};
    std::optional<Bound> max{};
    bool required = false;
    bool secret = false;         // masked when the effective value is printed
    std::string_view pattern{};  // regular expression for the JSON Schema only: `accept` must say the same
    std::optional<Objection> (*accept)(const Member&) = nullptr;
};

/// One setting: its name in the file, its place in the struct, a sentence for people, its limits.
template <class T, class Member>
struct Setting {
    std::string_view name;
    Member T::* member;
    std::string_view help;
    Limits<Member> limits;
};

template <class T, class Member>
[[nodiscard]] constexpr Setting<T, Member> setting(std::string_view name, Member T::* member,
                                                   std::string_view help,
                                                   Limits<std::type_identity_t<Member>> limits = {}) {
    return {name, member, help, limits};
}

template <class T>
concept HasSchema = requires { T::schema(); };

/// Where a file's problems are gathered while it is read. At most kMaxProblems are kept; the last one then
/// says that there are more.
class BindContext {
public:
    static constexpr std::size_t kMaxProblems = 200;

    BindContext(std::string file, Problems& problems) : file_(std::move(file)), problems_(problems) {}

    void report(const Node& at, std::string_view rule, Objection objection,
                Severity severity = Severity::error);
    [[nodiscard]] std::size_t errors() const { return errors_; }

    /// Runs `body` with `step` added to the path: a name, or "[3]".
    template <class Body>
    void within(std::string_view step, Body body) {
        const auto length = path_.size();
        if (!path_.empty() && !step.starts_with('[')) path_ += '.';
        path_ += step;
        body();
        path_.resize(length);
    }

    /// Every doubled key, and every key that is not in `known` (when given), is a problem.
    void check_keys(const Node& mapping, const std::vector<std::string_view>* known);
    /// Whether `node` is a mapping (or nothing, which is an empty one); reports it if not.
    [[nodiscard]] bool expect_mapping(const Node& node);
    [[nodiscard]] bool expect_sequence(const Node& node);
    /// Whether `node` is a scalar that may be read as `wanted`; reports it if not.
    [[nodiscard]] bool expect_scalar(const Node& node, std::string_view wanted, bool numeric,
                                     const std::string& cure);

private:
    std::string file_;
    Problems& problems_;
    std::string path_;
    std::size_t errors_ = 0;
    bool full_ = false;
};

/// What a struct's check() says about its settings taken together.
class Findings {
public:
    Findings(BindContext& context, const Node& node) : context_(context), node_(node) {}

    /// `field` is a path such as "tls" or "services[2].name"; what is absent is placed at what is above it.
    void report(std::string_view field, std::string message, std::string cure,
                Severity severity = Severity::error);

private:
    BindContext& context_;
    const Node& node_;
};

enum class Secrets : bool { masked, shown };

/// What stands for a secret in the printed form.
inline constexpr std::string_view kMasked = "[secret]";

}  // namespace homeostat
