// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>

#include "homeostat/base/document.h"
#include "homeostat/base/schema_walk.h"
#include "homeostat/base/setting.h"

/// One description of a struct serves its reader, its validation, its defaults, the printed effective value
/// and its JSON Schema:
///
///     struct LoopConfig {
///         Duration tick = std::chrono::seconds{1};
///         std::vector<ServiceId> services;
///
///         static constexpr auto schema() {
///             return std::tuple{
///                 setting("tick", &LoopConfig::tick, "Time between two steps.", {.min = 10ms, .max = 10s}),
///                 setting("services", &LoopConfig::services, "Whom to watch.", {.required = true})};
///         }
///         void check(Findings& findings) const;   // optional: rules over several settings
///     };
///
///     LoopConfig config;
///     Problems problems;
///     if (!read_document(document, config, problems)) { … }   // every problem at once
///
/// Members may be anything with a TextForm (text_form.h: text, numbers, enums with kEnumNames, strong ids,
/// durations, sizes, ratios), structs with schema(), optionals, vectors, maps by text, variants of structs
/// with `static constexpr std::string_view kType` (written with `type: NAME`), and json::Value for anything.
namespace homeostat {

/// Reads a document into `out`, whose present values are the defaults. True when nothing is wrong beyond
/// warnings; if not, `problems` has gained every problem, and `out` holds what could be read.
template <class T>
[[nodiscard]] bool read_document(const Document& document, T& out, Problems& problems) {
    BindContext context(document.file, problems);
    schema_detail::bind_value(context, document.root, out);
    return context.errors() == 0;
}

/// The value in the form of its file, every default written out.
template <class T>
[[nodiscard]] json::Value show(const T& value, Secrets secrets = Secrets::masked) {
    return schema_detail::show_value(value, secrets);
}

/// JSON Schema (draft 2020-12) of a file that read_document() reads into a T.
template <class T>
[[nodiscard]] json::Value json_schema(std::string_view title) {
    json::Object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
    auto body = schema_detail::schema_value(T{});
    for (auto& member : *body.as_object()) schema.push_back(std::move(member));
    return schema;
}

}  // namespace homeostat
