// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/calendar.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace homeostat::policy {
namespace {

EventTime at(const char* text) {
    return *parse_rfc3339(text);
}

TEST(Calendar, ReadsTimesOfDayOnly) {
    EXPECT_EQ(minute_of_day("00:00"), 0);
    EXPECT_EQ(minute_of_day("23:59"), 23 * 60 + 59);
    for (const auto* text : {"", "24:00", "12:60", "1:00", "12-00", "ab:cd", "12:000", "+1:00"}) {
        EXPECT_EQ(minute_of_day(text), std::nullopt) << text;
    }
}

TEST(Calendar, IncludesTheStartAndExcludesTheEnd) {
    const MaintenanceWindow noon{.from = "11:00", .to = "12:00"};
    EXPECT_EQ(locate(noon, at("2026-01-31T11:00:00Z")).ends_at, at("2026-01-31T12:00:00Z"));
    EXPECT_EQ(locate(noon, at("2026-01-31T11:59:59.999999999Z")).ends_at, at("2026-01-31T12:00:00Z"));
    EXPECT_EQ(locate(noon, at("2026-01-31T12:00:00Z")).ends_at, std::nullopt);
    EXPECT_EQ(locate(noon, at("2026-01-31T12:00:00Z")).starts_at, at("2026-02-01T11:00:00Z"));
    EXPECT_EQ(locate(noon, at("2026-01-31T10:59:59Z")).starts_at, at("2026-01-31T11:00:00Z"));
}

TEST(Calendar, ARangeOverMidnightBelongsToTheDayOnWhichItStarts) {
    // 31 January 2026 is a Saturday.
    const MaintenanceWindow night{.days = {Weekday::saturday}, .from = "22:00", .to = "04:00"};
    EXPECT_EQ(locate(night, at("2026-01-31T03:00:00Z")).starts_at, at("2026-01-31T22:00:00Z"));
    EXPECT_EQ(locate(night, at("2026-02-01T03:59:00Z")).ends_at, at("2026-02-01T04:00:00Z"));
    EXPECT_EQ(locate(night, at("2026-02-01T04:00:00Z")).starts_at, at("2026-02-07T22:00:00Z"));
}

TEST(Calendar, EqualTimesAreTheWholeDay) {
    const MaintenanceWindow sunday{.days = {Weekday::sunday}};
    EXPECT_EQ(locate(sunday, at("2026-02-01T00:00:00Z")).ends_at, at("2026-02-02T00:00:00Z"));
    EXPECT_EQ(locate(sunday, at("2026-02-02T00:00:00Z")).starts_at, at("2026-02-08T00:00:00Z"));
}

TEST(Calendar, KnowsTheDaysBefore1970) {
    const MaintenanceWindow wednesday{.days = {Weekday::wednesday}};
    EXPECT_TRUE(locate(wednesday, at("1969-12-31T12:00:00Z")).ends_at);
}

RC_GTEST_PROP(CalendarProperty, AMomentIsInsideOrAStartIsAhead, ()) {
    const auto text = [](int minute) {
        const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
        return two(minute / 60) + ":" + two(minute % 60);
    };
    MaintenanceWindow window{.from = text(*rc::gen::inRange(0, 1440)),
                             .to = text(*rc::gen::inRange(0, 1440))};
    const auto days = *rc::gen::unique<std::vector<int>>(rc::gen::inRange(0, 7));
    for (const int day : days) window.days.push_back(static_cast<Weekday>(day));
    const EventTime now{std::chrono::seconds{*rc::gen::inRange<std::int64_t>(-100'000'000, 4'000'000'000)}};

    const auto position = locate(window, now);
    RC_ASSERT(position.ends_at.has_value() != position.starts_at.has_value());
    const auto border = position.ends_at.value_or(position.starts_at.value_or(now));
    RC_ASSERT(border > now);
    RC_ASSERT(border - now <= std::chrono::hours{8 * 24});
    if (position.starts_at) RC_ASSERT(locate(window, *position.starts_at).ends_at.has_value());
}

}  // namespace
}  // namespace homeostat::policy
