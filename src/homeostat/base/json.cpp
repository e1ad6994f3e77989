// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/json.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>

#include "homeostat/base/check.h"

namespace homeostat::json {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20U;
constexpr std::size_t kMaxDepth = 64;

Value convert(const simdjson::dom::element& element) {
    using simdjson::dom::element_type;
    switch (element.type()) {
        case element_type::NULL_VALUE: return {};
        case element_type::BOOL: return bool(element);
        case element_type::INT64: return std::int64_t(element);
        case element_type::UINT64: return static_cast<double>(std::uint64_t(element));
        case element_type::DOUBLE: return double(element);
        case element_type::STRING: return std::string_view(element);
        case element_type::ARRAY: {
            Array array;
            for (const auto child : simdjson::dom::array(element)) array.push_back(convert(child));
            return array;
        }
        case element_type::OBJECT: {
            Object object;
            for (const auto field : simdjson::dom::object(element)) {
                object.emplace_back(std::string(field.key), convert(field.value));
            }
            return object;
        }
    }
    return {};
}

void indent(std::string& out, std::size_t depth) {
    out += '\n';
    out.append(depth * 2, ' ');
}

void write_pretty(std::string& out, const Value& value, std::size_t depth) {
    if (const auto* array = value.as_array(); array != nullptr && !array->empty()) {
        out += '[';
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (i > 0) out += ',';
            indent(out, depth + 1);
            write_pretty(out, (*array)[i], depth + 1);
        }
        indent(out, depth);
        out += ']';
    } else if (const auto* object = value.as_object(); object != nullptr && !object->empty()) {
        out += '{';
        for (std::size_t i = 0; i < object->size(); ++i) {
            if (i > 0) out += ',';
            indent(out, depth + 1);
            write_string(out, (*object)[i].first);
            out += ": ";
            write_pretty(out, (*object)[i].second, depth + 1);
        }
        indent(out, depth);
        out += '}';
    } else {
        write(out, value);
    }
}

}  // namespace

const Value* Value::find(std::string_view key) const {
    if (const auto* object = as_object()) {
        for (const auto& [name, value] : *object) {
            if (name == key) return &value;
        }
    }
    return nullptr;
}

Result<Value> parse(std::string_view text) {
    if (text.size() > kMaxBytes) return fail(ErrorCode::resource_exhausted, "JSON text is over 64 MiB");
    simdjson::dom::parser parser;
    if (const auto error = parser.allocate(text.size(), kMaxDepth); error != simdjson::SUCCESS) {
        return fail(ErrorCode::resource_exhausted, simdjson::error_message(error));
    }
    simdjson::dom::element element;
    if (const auto error = parser.parse(text.data(), text.size()).get(element); error != simdjson::SUCCESS) {
        return fail(ErrorCode::invalid_argument, simdjson::error_message(error));
    }
    return convert(element);
}

void write_string(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (byte < 0x20) {
                    out += "\\u00";
                    out += kHex[byte >> 4U];
                    out += kHex[byte & 0xfU];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void write_number(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    HOMEOSTAT_CHECK(error == std::errc{});
    const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
    out += text;
    // A whole number must read back as a double, not as an integer.
    if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void write(std::string& out, const Value& value) {
    if (const auto* boolean = value.as_bool()) {
        out += *boolean ? "true" : "false";
    } else if (const auto* integer = value.as_integer()) {
        out += std::to_string(*integer);
    } else if (const auto* number = value.as_double()) {
        write_number(out, *number);
    } else if (const auto* string = value.as_string()) {
        write_string(out, *string);
    } else if (const auto* array = value.as_array()) {
        out += '[';
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (i > 0) out += ',';
            write(out, (*array)[i]);
        }
        out += ']';
    } else if (const auto* object = value.as_object()) {
        out += '{';
        for (std::size_t i = 0; i < object->size(); ++i) {
            if (i > 0) out += ',';
            write_string(out, (*object)[i].first);
            out += ':';
            write(out, (*object)[i].second);
        }
        out += '}';
    } else {
        out += "null";
    }
}

std::string to_text(const Value& value) {
    std::string out;
    write(out, value);
    return out;
}

std::string to_pretty_text(const Value& value) {
    std::string out;
    write_pretty(out, value, 0);
    return out;
}

}  // namespace homeostat::json
