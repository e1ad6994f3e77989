// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "homeostat/base/result.h"

namespace homeostat::json {

class Value;
using Array = std::vector<Value>;
/// Members in the order in which they were written: the order is part of a hashed record.
using Object = std::vector<std::pair<std::string, Value>>;

/// A JSON document (RFC 8259) held in memory. For records, configuration and the API; the data path
/// reads JSON without it.
class Value {
public:
    Value() = default;                                            // null
    Value(bool value) : data_(value) {}                           // NOLINT(google-explicit-constructor)
    Value(std::int64_t value) : data_(value) {}                   // NOLINT(google-explicit-constructor)
    Value(double value) : data_(value) {}                         // NOLINT(google-explicit-constructor)
    Value(std::string value) : data_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
    Value(std::string_view value) : data_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
    Value(const char* value) : data_(std::string(value)) {}       // NOLINT(google-explicit-constructor)
    Value(Array value) : data_(std::move(value)) {}               // NOLINT(google-explicit-constructor)
    Value(Object value) : data_(std::move(value)) {}              // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
    [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&data_); }
    [[nodiscard]] const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&data_); }
    [[nodiscard]] const double* as_double() const { return std::get_if<double>(&data_); }
    [[nodiscard]] const std::string* as_string() const { return std::get_if<std::string>(&data_); }
    [[nodiscard]] const Array* as_array() const { return std::get_if<Array>(&data_); }
    [[nodiscard]] const Object* as_object() const { return std::get_if<Object>(&data_); }
    [[nodiscard]] Array* as_array() { return std::get_if<Array>(&data_); }
    [[nodiscard]] Object* as_object() { return std::get_if<Object>(&data_); }

    /// The member `key` of an object, or nullptr when there is none or this is no object.
    [[nodiscard]] const Value* find(std::string_view key) const;

    friend bool operator==(const Value&, const Value&) = default;

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

/// Reads one document. Integers outside int64 become doubles. Errors: `invalid_argument` with the
/// parser's reason; nesting is limited to 64 levels and the text to 64 MiB (`resource_exhausted`).
[[nodiscard]] Result<Value> parse(std::string_view text);

/// Appends the shortest text that reads back to the same value, without white space. A double that is
/// not finite is written as null, as JSON has no word for it.
void write(std::string& out, const Value& value);
void write_string(std::string& out, std::string_view text);
void write_number(std::string& out, double value);
[[nodiscard]] std::string to_text(const Value& value);

/// The same document, indented by two spaces, for people.
[[nodiscard]] std::string to_pretty_text(const Value& value);

}  // namespace homeostat::json
