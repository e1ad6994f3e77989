// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace homeostat {
namespace {

Result<EventTime> bad_time(std::string_view text) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no RFC 3339 time", text));
}

/// Reads exactly `width` digits from the front of `text`.
bool take_digits(std::string_view& text, std::size_t width, int& out) {
    if (text.size() < width) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + width, out);
    if (error != std::errc{} || end != text.data() + width || out < 0) return false;
    text.remove_prefix(width);
    return true;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

std::int64_t take_fraction(std::string_view& text) {
    std::int64_t nanos = 0;
    std::int64_t scale = 100'000'000;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        nanos += (text.front() - '0') * scale;
        scale /= 10;
        text.remove_prefix(1);
    }
    return nanos;
}

constexpr auto kUnits = std::to_array<std::pair<std::string_view, std::int64_t>>({{"d", 86'400'000'000'000},
                                                                                  {"h", 3'600'000'000'000},
                                                                                  {"m", 60'000'000'000},
                                                                                  {"s", 1'000'000'000},
                                                                                  {"ms", 1'000'000},
                                                                                  {"us", 1'000},
                                                                                  {"ns", 1}});

}  // namespace

std::string format_rfc3339(EventTime time) {
    const std::chrono::sys_time<Duration> wall{time.time_since_epoch()};
    const auto day = std::chrono::floor<std::chrono::days>(wall);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{wall - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

Result<EventTime> parse_rfc3339(std::string_view text) {
    const auto whole = text;
    int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
    const bool shaped = take_digits(text, 4, y) && take(text, "-") && take_digits(text, 2, mo) &&
                        take(text, "-") && take_digits(text, 2, d) && take(text, "Tt ") &&
                        take_digits(text, 2, h) && take(text, ":") && take_digits(text, 2, mi) &&
                        take(text, ":") && take_digits(text, 2, s);
    const std::chrono::year_month_day date{std::chrono::year{y},
                                           std::chrono::month{static_cast<unsigned>(mo)},
                                           std::chrono::day{static_cast<unsigned>(d)}};
    // The range of int64 nanoseconds since 1970 ends in 2262.
    if (!shaped || !date.ok() || y < 1678 || y > 2261 || h > 23 || mi > 59 || s > 60) return bad_time(whole);
    const std::int64_t nanos = take(text, ".") ? take_fraction(text) : 0;
    int offset_minutes = 0;
    if (!take(text, "Zz")) {
        const bool west = !text.empty() && text.front() == '-';
        int oh = 0, om = 0;
        if (!take(text, "+-") || !take_digits(text, 2, oh) || !take(text, ":") || !take_digits(text, 2, om)) {
            return bad_time(whole);
        }
        offset_minutes = (west ? -1 : 1) * (oh * 60 + om);
    }
    if (!text.empty()) return bad_time(whole);
    const auto wall = std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{h} +
                      std::chrono::minutes{mi - offset_minutes} + std::chrono::seconds{s};
    return EventTime{wall + Duration{nanos}};
}

std::string format_duration(Duration duration) {
    for (const auto& [unit, size] : kUnits) {
        if (duration.count() != 0 && duration.count() % size == 0)
            return fmt::format("{}{}", duration.count() / size, unit);
    }
    return "0s";
}

Result<Duration> parse_duration(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& [name, size] : kUnits) {
        if (error != std::errc{} || unit != name) continue;
        const double nanos = number * static_cast<double>(size);
        if (std::abs(nanos) < 9.2e18) return Duration{std::llround(nanos)};
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is no duration: write a number and a unit, as in 250ms, 30s or 5m", text));
}

}  // namespace homeostat
