// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/result.h"

#include <gtest/gtest.h>

#include <limits>
#include <type_traits>
#include <utility>

#include "homeostat/base/prng.h"
#include "homeostat/base/time.h"
#include "homeostat/base/units.h"

namespace homeostat {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return fail(ErrorCode::invalid_argument, "odd");
    return value / 2;
}

Result<int> quarter(int value) {
    HOMEOSTAT_TRY(const int once, half(value));
    HOMEOSTAT_TRY(const int twice, half(once));
    return twice;
}

Result<> must_be_even(int value) {
    HOMEOSTAT_TRY([[maybe_unused]] const int ignored, half(value));
    return {};
}

TEST(Result, TryReturnsTheFirstError) {
    EXPECT_EQ(quarter(8), 2);
    ASSERT_FALSE(quarter(6).has_value());
    EXPECT_EQ(quarter(6).error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(must_be_even(2).has_value());
    EXPECT_FALSE(must_be_even(3).has_value());
}

TEST(Ratio, AcceptsOnlyTheUnitInterval) {
    EXPECT_FALSE(Ratio::from(std::numeric_limits<double>::quiet_NaN()).has_value());
    EXPECT_FALSE(Ratio::from(1.01).has_value());
    EXPECT_TRUE(Ratio::from(0.5).has_value());
}

template <class C>
concept HasNow = requires { C::now(); };
static_assert(!HasNow<EventClock> && !HasNow<LoopClock>);
static_assert(!std::is_convertible_v<LoopTime, EventTime>);

TEST(Prng, SameSeedSameSequence) {
    Prng a{42};
    Prng b{42};
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(a.below(10), b.below(10));
}

}  // namespace
}  // namespace homeostat
