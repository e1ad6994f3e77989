// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/time.h"

#include <gtest/gtest.h>

namespace homeostat {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, ReadsOffsetsAndFractions) {
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.5Z").value(), EventTime{1500ms});
    EXPECT_EQ(parse_rfc3339("1970-01-01T02:00:00+02:00").value(), EventTime{});
    EXPECT_EQ(format_rfc3339(EventTime{1500ms}), "1970-01-01T00:00:01.500000000Z");
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
    for (const auto* text : {"", "now", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00",
                             "9999-01-01T00:00:00Z", "2026-01-01T00:00:00Zx"}) {
        EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
    }
}

TEST(DurationText, ReadsAndWritesUnits) {
    EXPECT_EQ(parse_duration("1.5s").value(), Duration{1500ms});
    EXPECT_EQ(parse_duration("5m").value(), Duration{300s});
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_FALSE(parse_duration("5").has_value());
    EXPECT_FALSE(parse_duration("fast").has_value());
    EXPECT_FALSE(parse_duration("1e300d").has_value());
}

}  // namespace
}  // namespace homeostat
