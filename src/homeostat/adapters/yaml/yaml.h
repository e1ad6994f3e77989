// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/document.h"

/// YAML files as documents (base/document.h), and JSON values as YAML text. Files come from people: whatever
/// they hold, the answer is a tree or problems with their lines, in bounded memory and without an exception.
///
/// Anchors and aliases are supported and copied; merge keys (`<<`), tags of an application (`!include`), keys
/// that are no scalars and an alias inside of its own anchor are refused.
namespace homeostat::yaml {

inline constexpr std::size_t kMaxTextBytes = 1U << 20U;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxDocuments = 256;
/// Bounds what aliases may unfold to ("billion laughs").
inline constexpr std::size_t kMaxTreeBytes = 64U << 20U;

/// Reads every document of a stream (`---` between them). `file` is the name used in problems. A document
/// that cannot be read ends the stream: its problem is added to `problems`, the documents before it are
/// returned.
[[nodiscard]] std::vector<Document> parse_all(std::string_view text, std::string_view file,
                                              Problems& problems);

/// Reads a text that must hold one document; an empty text is a document of nothing.
[[nodiscard]] std::optional<Document> parse(std::string_view text, std::string_view file, Problems& problems);

/// As parse(), from a file.
[[nodiscard]] std::optional<Document> read_file(const std::string& path, Problems& problems);

/// As parse_all(), from a file.
[[nodiscard]] std::vector<Document> read_file_all(const std::string& path, Problems& problems);

/// The value as YAML in block style, ending with a newline. Strings that would read as something else are
/// quoted.
[[nodiscard]] std::string to_yaml(const json::Value& value);

}  // namespace homeostat::yaml
