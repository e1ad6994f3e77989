// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/log/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string>
#include <utility>

namespace homeostat::log {

namespace {

constexpr std::string_view kSecret = "[secret]";

bool names_a_secret(std::string_view name) {
    constexpr std::array<std::string_view, 7> kSigns{"token",      "password", "passwd",       "secret",
                                                     "credential", "apikey",   "authorization"};
    std::string plain;  // lower case, without what joins words
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
        if (c >= 'a' && c <= 'z') plain += c;
    }
    return plain == "key" || plain.ends_with("privatekey") ||
           std::ranges::any_of(kSigns, [&](auto sign) { return plain.find(sign) != std::string::npos; });
}

void write_value(std::string& out, const Attribute& attribute) {
    if (names_a_secret(attribute.name))
        json::write_string(out, kSecret);
    else
        json::write(out, attribute.value);
}

std::string line_of(Format format, std::string_view message, Logger::Attributes attributes) {
    std::string line;
    if (format == Format::json) {
        line += R"("message":)";
        json::write_string(line, message);
        for (const auto& attribute : attributes) {
            line += ',';
            json::write_string(line, attribute.name);
            line += ':';
            write_value(line, attribute);
        }
        return line;
    }
    std::string escaped;
    json::write_string(escaped, message);
    line.append(escaped, 1, escaped.size() - 2);  // without the quotes
    for (const auto& attribute : attributes) {
        line.append(" ").append(attribute.name).append("=");
        write_value(line, attribute);
    }
    return line;
}

constexpr spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        case Level::error: break;
    }
    return spdlog::level::err;
}

const char* pattern_of(Format format) {
    return format == Format::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})"
                                  : "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v";
}

class CallbackSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit CallbackSink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        std::string_view text(line.data(), line.size());
        if (text.ends_with('\n')) text.remove_suffix(1);
        write_(text);
    }
    void flush_() override {}

    std::function<void(std::string_view)> write_;
};

}  // namespace

class Logger::Impl {
public:
    Impl(Format format, Level least, spdlog::sink_ptr sink)
        : format_(format), logger_("homeostat", std::move(sink)) {
        logger_.set_level(to_spdlog(least));
        logger_.set_pattern(pattern_of(format), spdlog::pattern_time_type::utc);
        logger_.set_error_handler([](const std::string&) {});  // nowhere to tell of it
        logger_.flush_on(spdlog::level::debug);
    }

    void write(Level level, std::string_view message, Attributes attributes) {
        if (logger_.should_log(to_spdlog(level))) {
            logger_.log(to_spdlog(level), "{}", line_of(format_, message, attributes));
        }
    }

private:
    Format format_;
    spdlog::logger logger_;
};

Logger::Logger(Format format, Level least)
    : impl_(std::make_shared<Impl>(format, least, std::make_shared<spdlog::sinks::stderr_color_sink_mt>())) {}

Logger::Logger(Format format, Level least, std::function<void(std::string_view)> write)
    : impl_(std::make_shared<Impl>(format, least, std::make_shared<CallbackSink>(std::move(write)))) {}

void Logger::debug(std::string_view message, Attributes attributes) const {
    impl_->write(Level::debug, message, attributes);
}
void Logger::info(std::string_view message, Attributes attributes) const {
    impl_->write(Level::info, message, attributes);
}
void Logger::warning(std::string_view message, Attributes attributes) const {
    impl_->write(Level::warning, message, attributes);
}
void Logger::error(std::string_view message, Attributes attributes) const {
    impl_->write(Level::error, message, attributes);
}

}  // namespace homeostat::log
