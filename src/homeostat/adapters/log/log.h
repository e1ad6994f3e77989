// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "homeostat/base/json.h"

namespace homeostat::log {

enum class Level : std::uint8_t { debug, info, warning, error };
enum class Format : std::uint8_t {
    text,  // for people; in colour on a terminal
    json,  // an object a line: time, level, message and the attributes
};

/// A named value of a log line. One whose name tells of a secret (a token, a password, a key, an
/// authorization) is written as "[secret]". Texts are escaped, so that nothing from outside can begin a
/// line of its own or steer a terminal.
struct Attribute {
    std::string_view name;
    json::Value value;
};

/// Writes log lines to standard error. Cheap to copy; copies write to one place. Thread-safe. A line that
/// cannot be written is dropped: logging never stops the work.
///
///     log.warning("queue is full", {{"topic", "telemetry.raw"}, {"bytes", size}});
class Logger {
public:
    Logger(Format format, Level least);
    /// Hands each line, without its end, to `write` instead.
    Logger(Format format, Level least, std::function<void(std::string_view)> write);

    using Attributes = std::initializer_list<Attribute>;
    void debug(std::string_view message, Attributes attributes = {}) const;
    void info(std::string_view message, Attributes attributes = {}) const;
    void warning(std::string_view message, Attributes attributes = {}) const;
    void error(std::string_view message, Attributes attributes = {}) const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  // shared by the copies
};

}  // namespace homeostat::log
