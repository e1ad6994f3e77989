// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace homeostat::json {
namespace {

TEST(Json, ReadsBackWhatItWrites) {
    const Value value{Object{{"whole", std::int64_t{3}},
                             {"number", 0.1},
                             {"round", 2.0},
                             {"text", "a\"b\\c\n\x01"},
                             {"list", Array{true, Value{}, "x"}}}};
    const auto text = to_text(value);
    const auto again = parse(text);
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(*again, value);
    EXPECT_EQ(to_text(*again), text);
    EXPECT_EQ(*parse(to_pretty_text(value)), value);
}

TEST(Json, HasNoWordForInfinity) {
    EXPECT_EQ(to_text(Value{std::numeric_limits<double>::infinity()}), "null");
}

TEST(Json, RefusesBrokenTextAndDeepNesting) {
    EXPECT_FALSE(parse("{\"a\":").has_value());
    EXPECT_FALSE(parse("").has_value());
    EXPECT_FALSE(parse(std::string(5000, '[') + std::string(5000, ']')).has_value());
}

}  // namespace
}  // namespace homeostat::json
