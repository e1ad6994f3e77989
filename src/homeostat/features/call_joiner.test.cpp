// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/call_joiner.h"

#include <gtest/gtest.h>

#include "homeostat/features/series.h"

namespace homeostat::features {
namespace {

class CallJoinerTest : public testing::Test {
protected:
    CallJoiner joiner_{1024};
    Service caller_;
    Service callee_;
};

TEST_F(CallJoinerTest, JoinsAChildThatComesAfterItsParent) {
    EXPECT_FALSE(joiner_.parent(7, &caller_));
    EXPECT_EQ(joiner_.child(7, {.callee = &callee_}), &caller_);
}

TEST_F(CallJoinerTest, JoinsAChildThatComesBeforeItsParentOnce) {
    EXPECT_EQ(joiner_.child(7, {.callee = &callee_, .error = true}), nullptr);
    const auto side = joiner_.parent(7, &caller_);
    ASSERT_TRUE(side);
    EXPECT_EQ(side->callee, &callee_);
    EXPECT_TRUE(side->error);
    EXPECT_FALSE(joiner_.parent(7, &caller_));
}

TEST_F(CallJoinerTest, NeverJoinsSpansThatOnlyShareAPlace) {
    for (std::uint64_t id = 1; id < 5'000; ++id) EXPECT_FALSE(joiner_.parent(id, &caller_));
    for (std::uint64_t id = 5'000; id < 9'000; ++id)
        EXPECT_EQ(joiner_.child(id, {.callee = &callee_}), nullptr);
}

TEST_F(CallJoinerTest, ForgetsAServiceOnBothSides) {
    EXPECT_FALSE(joiner_.parent(7, &caller_));
    EXPECT_EQ(joiner_.child(8, {.callee = &callee_}), nullptr);
    joiner_.forget(&caller_);
    joiner_.forget(&callee_);
    EXPECT_EQ(joiner_.child(7, {.callee = &callee_}), nullptr);
    EXPECT_FALSE(joiner_.parent(8, &caller_));
}

}  // namespace
}  // namespace homeostat::features
