// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/codec.h"

/// A file that people write, as a tree that remembers where each piece stands, and what is wrong with it.
/// The tree knows no format: an adapter parses the text (adapters/yaml), a schema (schema.h) gives it types.
namespace homeostat {

enum class NodeKind : std::uint8_t { null, scalar, sequence, mapping };

struct Entry;

/// One value of a document. Lines and columns count from 1; 0 means that the place is not known.
struct Node {
    NodeKind kind = NodeKind::null;
    std::string text;            // of a scalar, without quotes
    bool quoted = false;         // a quoted scalar is text, whatever it looks like
    std::vector<Node> items;     // of a sequence
    std::vector<Entry> entries;  // of a mapping, in the order of the file, doubles included
    int line = 0;
    int column = 0;

    /// The value at `key` of a mapping (the first, if it is there twice), or nullptr.
    [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Entry {
    Node key;  // always a scalar
    Node value;
};

struct Document {
    std::string file;  // as the user named it, for messages
    Node root;
};

/// The value as JSON: an unquoted true, false or number becomes one (YAML 1.2 core schema), all other
/// scalars are strings. Of doubled keys the first one counts.
[[nodiscard]] json::Value to_json_value(const Node& node);

enum class Severity : std::uint8_t { error, warning };

/// Something wrong in a document, with all that its author needs to repair it.
struct Problem {
    std::string file;
    int line = 0;
    int column = 0;
    std::string field;    // dotted path such as "ingest.otlp_grpc.listen" or "edges[2].callee"; may be empty
    std::string message;  // what is wrong, with the offending value
    std::string cure;     // what to write instead
    Severity severity = Severity::error;
    std::string rule;  // stable id such as "unknown-key"

    static constexpr auto describe() {
        return std::tuple{
            homeostat::field("file", &Problem::file),         homeostat::field("line", &Problem::line),
            homeostat::field("column", &Problem::column),     homeostat::field("field", &Problem::field),
            homeostat::field("message", &Problem::message),   homeostat::field("cure", &Problem::cure),
            homeostat::field("severity", &Problem::severity), homeostat::field("rule", &Problem::rule)};
    }
    friend bool operator==(const Problem&, const Problem&) = default;
};

using Problems = std::vector<Problem>;

/// "config.yaml:12:5: loop.tick: must be a duration, not '5' — write a number and a unit".
[[nodiscard]] std::string to_string(const Problem& problem);

[[nodiscard]] bool has_errors(const Problems& problems);

/// Orders by file, line and column, as a reader repairs them.
void sort_by_place(Problems& problems);

}  // namespace homeostat

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::Severity> =
    std::to_array<std::string_view>({"error", "warning"});
