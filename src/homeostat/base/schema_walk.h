// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include "homeostat/base/setting.h"

/// The walk over a described struct, once for each use: reading, printing, JSON Schema. schema.h is its
/// front.
namespace homeostat::schema_detail {

using codec_detail::kIs;

template <class T>
void bind_value(BindContext& context, const Node& node, T& out);
template <class T>
[[nodiscard]] json::Value show_value(const T& value, Secrets secrets);
/// `defaults` is what a file that says nothing gives.
template <class T>
[[nodiscard]] json::Value schema_value(const T& defaults);

using text_form::text_of;

template <class T>
void bind_scalar(BindContext& context, const Node& node, T& out) {
    using Form = TextForm<T>;
    if (!context.expect_scalar(node, Form::kWanted, Form::kNumeric, Form::cure(node.text))) return;
    if (auto value = Form::parse(node.text)) {
        out = *std::move(value);
        return;
    }
    context.report(node, "wrong-type",
                   {fmt::format("must be {}, not '{}'", Form::kWanted, node.text), Form::cure(node.text)});
}

template <class T>
void bind_list(BindContext& context, const Node& node, std::vector<T>& out) {
    if (!context.expect_sequence(node)) return;
    out.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        T item{};
        context.within(fmt::format("[{}]", i), [&] { bind_value(context, node.items[i], item); });
        out.push_back(std::move(item));
    }
}

template <class Key, class T>
void bind_map(BindContext& context, const Node& node, std::map<Key, T>& out) {
    if (!context.expect_mapping(node)) return;
    context.check_keys(node, nullptr);
    out.clear();
    for (const auto& entry : node.entries) {
        context.within(entry.key.text, [&] {
            Key key{};
            T item{};
            const auto before = context.errors();
            bind_scalar(context, entry.key, key);
            bind_value(context, entry.value, item);
            if (context.errors() == before) out.try_emplace(std::move(key), std::move(item));
        });
    }
}

/// A value's size for its bounds: itself, or how many items or bytes it has.
template <class Bound, class T>
Bound measure(const T& value) {
    if constexpr (std::same_as<T, Ratio>)
        return value.value();
    else if constexpr (std::same_as<Bound, T>)
        return value;
    else
        return value.size();
}

template <class Bound>
json::Value show_bound(const Bound& bound) {
    if constexpr (std::same_as<Bound, NoBound>)
        return {};
    else
        return TextForm<Bound>::show(bound);
}

template <class Member>
std::string range_text(const Limits<Member>& limits) {
    if (limits.min && limits.max) {
        return fmt::format("from {} to {}", text_of(show_bound(*limits.min)),
                           text_of(show_bound(*limits.max)));
    }
    if (limits.min) return fmt::format("of {} or more", text_of(show_bound(*limits.min)));
    return fmt::format("of {} or less", text_of(show_bound(*limits.max)));
}

template <class Member, class T>
void check_limits(BindContext& context, const Node& node, const Limits<Member>& limits, const T& value) {
    if constexpr (kIs<T, std::optional>) {
        if (value) check_limits(context, node, limits, *value);
    } else if constexpr (!std::same_as<typename Limits<Member>::Bound, NoBound>) {
        using Bound = typename Limits<Member>::Bound;
        const auto size = measure<Bound>(value);
        const bool low = limits.min && size < *limits.min;
        const bool high = limits.max && *limits.max < size;
        if (!low && !high) return;
        const std::string_view counted = kIs<T, std::vector> || kIs<T, std::map> ? "number of entries"
                                         : std::same_as<T, std::string>          ? "length"
                                                                                 : "value";
        context.report(
            node, "out-of-range",
            {fmt::format("must be at {} {}, not {}", low ? "least" : "most",
                         text_of(show_bound(low ? *limits.min : *limits.max)), text_of(show_bound(size))),
             fmt::format("choose a {} {}", counted, range_text(limits))});
    }
}

template <class T, class Member>
void bind_setting(BindContext& context, const Node& mapping, const Setting<T, Member>& setting, T& out) {
    const auto* node = mapping.find(setting.name);
    context.within(setting.name, [&] {
        if (node == nullptr) {
            if (!setting.limits.required) return;
            context.report(mapping, "missing",
                           {"is missing", fmt::format("add '{}': {}", setting.name, setting.help)});
            return;
        }
        const auto before = context.errors();
        Member& value = out.*setting.member;
        bind_value(context, *node, value);
        if (context.errors() != before) return;
        check_limits(context, *node, setting.limits, value);
        if (setting.limits.accept == nullptr || context.errors() != before) return;
        if (auto objection = setting.limits.accept(value)) {
            context.report(*node, "not-accepted", *std::move(objection));
        }
    });
}

/// The key that tells a variant's alternatives apart is no setting of theirs.
inline constexpr std::string_view kTypeKey = "type";

template <class T>
void bind_struct(BindContext& context, const Node& node, T& out, bool typed = false) {
    if (!context.expect_mapping(node)) return;
    const auto before = context.errors();
    std::vector<std::string_view> known;
    if (typed) known.push_back(kTypeKey);
    std::apply(
        [&](const auto&... settings) {
            (known.push_back(settings.name), ...);
            (bind_setting(context, node, settings, out), ...);
        },
        T::schema());
    const bool readable = context.errors() == before;
    context.check_keys(node, &known);
    if constexpr (requires(Findings& findings) { out.check(findings); }) {
        Findings findings(context, node);
        if (readable) out.check(findings);
    }
}

template <class... Alternatives>
void bind_variant(BindContext& context, const Node& node, std::variant<Alternatives...>& out) {
    if (!context.expect_mapping(node)) return;
    const auto* type = node.find(kTypeKey);
    const auto name = type != nullptr && type->kind == NodeKind::scalar ? type->text : std::string();
    bool found = false;
    const auto attempt = [&]<class Alternative>() {
        if (found || name != Alternative::kType) return;
        found = true;
        bind_struct(context, node, out.template emplace<Alternative>(), true);
    };
    (attempt.template operator()<Alternatives>(), ...);
    if (found) return;
    context.within(kTypeKey, [&] {
        context.report(type != nullptr ? *type : node, type != nullptr ? "wrong-type" : "missing",
                       {type != nullptr ? fmt::format("there is no type '{}'", name) : "is missing",
                        text_form::cure_for_names(name, {Alternatives::kType...})});
    });
}

template <class T>
void bind_value(BindContext& context, const Node& node, T& out) {
    if constexpr (HasTextForm<T>) {
        bind_scalar(context, node, out);
    } else if constexpr (std::same_as<T, json::Value>) {
        out = to_json_value(node);
    } else if constexpr (kIs<T, std::optional>) {
        if (node.kind == NodeKind::null) {
            out.reset();
        } else {
            if (!out) out.emplace();
            bind_value(context, node, *out);
        }
    } else if constexpr (kIs<T, std::vector>) {
        bind_list(context, node, out);
    } else if constexpr (kIs<T, std::map>) {
        bind_map(context, node, out);
    } else if constexpr (kIs<T, std::variant>) {
        bind_variant(context, node, out);
    } else {
        static_assert(HasSchema<T>, "give the type a schema() or a TextForm");
        bind_struct(context, node, out);
    }
}

template <class T>
json::Value show_struct(const T& value, Secrets secrets) {
    json::Object object;
    const auto add = [&](const auto& setting) {
        auto shown = show_value(value.*setting.member, secrets);
        if (shown.is_null()) return;
        const auto* text = shown.as_string();
        const bool empty = text != nullptr && text->empty();
        const bool mask = setting.limits.secret && secrets == Secrets::masked && !empty;
        object.emplace_back(std::string(setting.name), mask ? json::Value(kMasked) : std::move(shown));
    };
    std::apply([&](const auto&... settings) { (add(settings), ...); }, T::schema());
    return object;
}

template <class T>
json::Value show_value(const T& value, Secrets secrets) {
    if constexpr (HasTextForm<T>) {
        return TextForm<T>::show(value);
    } else if constexpr (std::same_as<T, json::Value>) {
        return value;
    } else if constexpr (kIs<T, std::optional>) {
        return value ? show_value(*value, secrets) : json::Value{};
    } else if constexpr (kIs<T, std::vector>) {
        json::Array array;
        for (const auto& item : value) array.push_back(show_value(item, secrets));
        return array;
    } else if constexpr (kIs<T, std::map>) {
        json::Object object;
        for (const auto& [key, item] : value) {
            object.emplace_back(text_of(show_value(key, secrets)), show_value(item, secrets));
        }
        return object;
    } else if constexpr (kIs<T, std::variant>) {
        return std::visit(
            [&]<class Alternative>(const Alternative& alternative) {
                auto shown = show_struct(alternative, secrets);
                auto* object = shown.as_object();
                object->emplace(object->begin(), std::string(kTypeKey), Alternative::kType);
                return shown;
            },
            value);
    } else {
        return show_struct(value, secrets);
    }
}

/// The type that a schema names, or nothing when it allows several.
inline std::string json_type_of(const json::Object& schema) {
    for (const auto& [keyword, value] : schema) {
        if (keyword == "type" && value.as_string() != nullptr) return *value.as_string();
    }
    return {};
}

/// Adds what the limits say: as keywords where JSON Schema has them for the type, else as words.
template <class Member>
void describe_limits(json::Object& schema, std::string& help, const Limits<Member>& limits) {
    using Bound = typename Limits<Member>::Bound;
    if (limits.secret) schema.emplace_back("writeOnly", true);
    if (!limits.pattern.empty()) schema.emplace_back("pattern", limits.pattern);
    if constexpr (!std::same_as<Bound, NoBound>) {
        if (!limits.min && !limits.max) return;
        const std::string kind = json_type_of(schema);
        const std::string_view suffix = kind == "array"    ? "Items"
                                        : kind == "object" ? "Properties"
                                        : kind == "string" ? "Length"
                                                           : "imum";
        if (std::same_as<Bound, Duration> || std::same_as<Bound, Bytes> || kind.empty()) {
            help += fmt::format(" Choose a value {}.", range_text(limits));
            return;
        }
        if (limits.min) schema.emplace_back(fmt::format("min{}", suffix), show_bound(*limits.min));
        if (limits.max) schema.emplace_back(fmt::format("max{}", suffix), show_bound(*limits.max));
    }
}

template <class T>
json::Value schema_struct(const T& defaults, std::string_view type_name = {}) {
    json::Object properties;
    json::Array required;
    if (!type_name.empty()) {
        properties.emplace_back(std::string(kTypeKey), json::Object{{"const", type_name}});
        required.emplace_back(kTypeKey);
    }
    const auto add = [&](const auto& setting) {
        const auto& value = defaults.*setting.member;
        auto schema = *schema_value(value).as_object();
        std::string help(setting.help);
        describe_limits(schema, help, setting.limits);
        schema.emplace(schema.begin(), "description", std::move(help));
        if (setting.limits.required) {
            required.emplace_back(setting.name);
        } else if constexpr (!HasSchema<std::remove_cvref_t<decltype(value)>>) {
            auto shown = show_value(value, Secrets::masked);
            if (!shown.is_null()) schema.emplace_back("default", std::move(shown));
        }
        properties.emplace_back(std::string(setting.name), std::move(schema));
    };
    std::apply([&](const auto&... settings) { (add(settings), ...); }, T::schema());
    json::Object schema{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) schema.emplace_back("required", std::move(required));
    schema.emplace_back("additionalProperties", false);
    return schema;
}

template <class... Alternatives>
json::Value schema_variant(const std::variant<Alternatives...>&) {
    return json::Object{{"oneOf", json::Array{schema_struct(Alternatives{}, Alternatives::kType)...}}};
}

template <class T>
json::Value schema_value(const T& defaults) {
    if constexpr (HasTextForm<T>) {
        return TextForm<T>::schema();
    } else if constexpr (std::same_as<T, json::Value>) {
        return json::Object{};
    } else if constexpr (kIs<T, std::optional>) {
        return defaults ? schema_value(*defaults) : schema_value(typename T::value_type{});
    } else if constexpr (kIs<T, std::vector>) {
        return json::Object{{"type", "array"}, {"items", schema_value(typename T::value_type{})}};
    } else if constexpr (kIs<T, std::map>) {
        return json::Object{{"type", "object"},
                            {"additionalProperties", schema_value(typename T::mapped_type{})}};
    } else if constexpr (kIs<T, std::variant>) {
        return schema_variant(defaults);
    } else {
        return schema_struct(defaults);
    }
}

}  // namespace homeostat::schema_detail
