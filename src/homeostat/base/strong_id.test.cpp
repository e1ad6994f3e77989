// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/strong_id.h"

#include <gtest/gtest.h>

#include <concepts>
#include <string>

namespace homeostat {
namespace {

using A = StrongId<struct ATag>;
using B = StrongId<struct BTag>;

static_assert(!std::convertible_to<std::string, A>);
static_assert(!std::convertible_to<A, std::string>);
static_assert(!std::equality_comparable_with<A, B>);

TEST(StrongId, ComparesByValue) {
    EXPECT_LT(A{"a"}, A{"b"});
}

}  // namespace
}  // namespace homeostat
