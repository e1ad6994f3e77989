// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/calendar.h"

#include <algorithm>

#include "homeostat/base/check.h"
#include "homeostat/base/contains.h"

namespace homeostat::policy {
namespace {

using Days = std::chrono::duration<std::int64_t, std::ratio<86'400>>;
using std::chrono::minutes;

Weekday weekday_of(Days since_epoch) {
    constexpr std::int64_t kThursday = 4;  // 1970-01-01
    const auto index = ((since_epoch.count() + kThursday) % 7 + 7) % 7;
    return static_cast<Weekday>(index);
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::optional<int> minute_of_day(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    for (const std::size_t i : {0U, 1U, 3U, 4U}) {
        if (!is_digit(text[i])) return std::nullopt;
    }
    const int hour = (text[0] - '0') * 10 + (text[1] - '0');
    const int minute = (text[3] - '0') * 10 + (text[4] - '0');
    if (hour > 23 || minute > 59) return std::nullopt;
    return hour * 60 + minute;
}

WindowPosition locate(const MaintenanceWindow& window, EventTime now) {
    const auto from = minute_of_day(window.from);
    const auto to = minute_of_day(window.to);
    HOMEOSTAT_CHECK(from && to);
    const minutes length{*to > *from ? *to - *from : *to - *from + 24 * 60};
    const auto today = std::chrono::floor<Days>(now.time_since_epoch());

    WindowPosition position;
    for (Days day = today - Days{1}; day <= today + Days{8}; day += Days{1}) {
        const bool applies = window.days.empty() || contains(window.days, weekday_of(day));
        if (!applies) continue;
        const EventTime start{day + minutes{*from}};
        const EventTime end = start + length;
        if (start <= now && now < end) position.ends_at = end;
        if (start > now && !position.starts_at) position.starts_at = start;
    }
    if (position.ends_at) position.starts_at.reset();
    return position;
}

}  // namespace homeostat::policy
