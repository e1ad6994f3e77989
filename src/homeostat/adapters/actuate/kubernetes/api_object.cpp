// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/api_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "homeostat/base/text_form.h"

namespace homeostat::kubernetes {
namespace {

/// Whether the elements of a list are told apart by their names.
bool is_named_list(const json::Array& list) {
    return !list.empty() && std::ranges::all_of(list, [](const auto& element) {
        return element.find("name") != nullptr && element.find("name")->as_string() != nullptr;
    });
}

const json::Value* named_in(const json::Value* list, const json::Value& element) {
    if (list == nullptr || list->as_array() == nullptr) return nullptr;
    const auto& elements = *list->as_array();
    const auto found = std::ranges::find_if(elements, [&](const auto& other) {
        return other.find("name") != nullptr && *other.find("name") == *element.find("name");
    });
    return found == elements.end() ? nullptr : &*found;
}

json::Value inverse_of(const json::Value* before, const json::Value& patch) {
    if (const auto* object = patch.as_object()) {
        json::Object result;
        for (const auto& [key, value] : *object) {
            result.emplace_back(key, inverse_of(before != nullptr ? before->find(key) : nullptr, value));
        }
        return result;
    }
    if (const auto* list = patch.as_array(); list != nullptr && is_named_list(*list)) {
        json::Array result;
        for (const auto& element : *list) {
            auto undone = inverse_of(named_in(before, element), element);
            for (auto& [key, value] : *undone.as_object()) {
                if (key == "name") value = *element.find("name");
            }
            result.push_back(std::move(undone));
        }
        return result;
    }
    return before != nullptr ? *before : json::Value{};
}

}  // namespace

std::string to_string(const ObjectRef& object) {
    std::string text(object.resource.singular);
    text += ' ';
    if (!object.namespace_name.empty()) text += object.namespace_name + '/';
    return text + object.name;
}

std::string path_of(const ObjectRef& object) {
    const auto& [group, version, plural, singular, namespaced] = object.resource;
    auto path = group.empty() ? fmt::format("/api/{}", version) : fmt::format("/apis/{}/{}", group, version);
    if (!object.namespace_name.empty()) path += "/namespaces/" + object.namespace_name;
    path += fmt::format("/{}", plural);
    if (!object.name.empty()) path += '/' + object.name;
    if (!object.subresource.empty()) path += fmt::format("/{}", object.subresource);
    return path;
}

bool is_name(std::string_view text) {
    constexpr std::size_t kNameMax = 253;
    const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= kNameMax && alphanumeric(text.front()) &&
           alphanumeric(text.back()) && text.find("..") == std::string_view::npos &&
           std::ranges::all_of(text, [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
}

const json::Value* at(const json::Value& object, std::initializer_list<std::string_view> path) {
    const auto* value = &object;
    for (const auto key : path) {
        value = value->find(key);
        if (value == nullptr) return nullptr;
    }
    return value;
}

std::string text_at(const json::Value& object, std::initializer_list<std::string_view> path) {
    const auto* value = at(object, path);
    const auto* text = value != nullptr ? value->as_string() : nullptr;
    return text != nullptr ? *text : std::string{};
}

std::optional<std::int64_t> integer_at(const json::Value& object,
                                       std::initializer_list<std::string_view> path) {
    const auto* value = at(object, path);
    const auto* integer = value != nullptr ? value->as_integer() : nullptr;
    return integer != nullptr ? std::optional(*integer) : std::nullopt;
}

const json::Array& list_at(const json::Value& object, std::initializer_list<std::string_view> path) {
    static const json::Array kNone;
    const auto* value = at(object, path);
    return value != nullptr && value->as_array() != nullptr ? *value->as_array() : kNone;
}

json::Value nest(std::initializer_list<std::string_view> path, json::Value leaf) {
    for (auto key = std::rbegin(path); key != std::rend(path); ++key) {
        json::Object object;
        object.emplace_back(std::string(*key), std::move(leaf));
        leaf = std::move(object);
    }
    return leaf;
}

bool holds(const json::Value& object, const json::Value& patch) {
    if (const auto* members = patch.as_object()) {
        return std::ranges::all_of(*members, [&](const auto& member) {
            const auto& [key, wanted] = member;
            const auto* found = object.find(key);
            if (found == nullptr)
                return wanted.is_null() || (wanted.as_object() != nullptr && holds({}, wanted));
            return holds(*found, wanted);
        });
    }
    if (const auto* list = patch.as_array(); list != nullptr && is_named_list(*list)) {
        return std::ranges::all_of(*list, [&](const auto& element) {
            const auto* found = named_in(&object, element);
            return found != nullptr && holds(*found, element);
        });
    }
    return object == patch;
}

json::Value inverse(const json::Value& before, const json::Value& patch) {
    return inverse_of(&before, patch);
}

void require_version(json::Value& patch, const json::Value& object_read) {
    const auto version = text_at(object_read, {"metadata", "resourceVersion"});
    auto& members = *patch.as_object();
    auto metadata = std::ranges::find(members, "metadata", &std::pair<std::string, json::Value>::first);
    if (metadata == members.end()) metadata = members.emplace(members.end(), "metadata", json::Object{});
    metadata->second.as_object()->emplace_back("resourceVersion", version);
}

Result<double> parse_quantity(std::string_view text) {
    struct Suffix {
        std::string_view text;
        double factor;
    };
    // Longer suffixes first: "Ki" must not be read as "K" and a rest.
    static constexpr auto kSuffixes = std::to_array<Suffix>({{"Ki", 0x1p10},
                                                             {"Mi", 0x1p20},
                                                             {"Gi", 0x1p30},
                                                             {"Ti", 0x1p40},
                                                             {"Pi", 0x1p50},
                                                             {"Ei", 0x1p60},
                                                             {"n", 1e-9},
                                                             {"u", 1e-6},
                                                             {"m", 1e-3},
                                                             {"k", 1e3},
                                                             {"M", 1e6},
                                                             {"G", 1e9},
                                                             {"T", 1e12},
                                                             {"P", 1e15},
                                                             {"E", 1e18}});
    auto digits = text;
    double factor = 1;
    for (const auto& suffix : kSuffixes) {
        if (!digits.ends_with(suffix.text)) continue;
        digits.remove_suffix(suffix.text.size());
        factor = suffix.factor;
        break;
    }
    const auto number = text_form::parse_number(digits);
    if (number && *number >= 0 && std::isfinite(*number * factor)) return *number * factor;
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is no quantity: write a number and a unit, as in 500m or 2Gi", text));
}

Result<std::string> label_selector(const json::Value& selector) {
    std::string text;
    const auto* labels = at(selector, {"matchLabels"});
    if (labels != nullptr && labels->as_object() != nullptr) {
        for (const auto& [key, value] : *labels->as_object()) {
            if (!text.empty()) text += ',';
            text += fmt::format("{}={}", key, text_form::text_of(value));
        }
    }
    if (!text.empty() && list_at(selector, {"matchExpressions"}).empty()) return text;
    return fail(
        ErrorCode::failed_precondition,
        "its selector has no labels, or expressions as well: its pods cannot be told by labels alone");
}

}  // namespace homeostat::kubernetes
