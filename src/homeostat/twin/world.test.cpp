// SPDX-License-Identifier: Apache-2.0
#include "homeostat/twin/world.h"

#include <gtest/gtest.h>

namespace homeostat::twin {
namespace {

TEST(World, RunsQuietly) {
    auto world = World::create({.seed = 1, .services = 20});
    ASSERT_TRUE(world.has_value());
    for (int i = 0; i < 60; ++i) world->advance();
    EXPECT_FALSE(world->windows().empty());
    EXPECT_TRUE(world->changes().empty());
    for (const auto& service : world->state().services) EXPECT_TRUE(world->is_healthy(service.profile.id));
}

}  // namespace
}  // namespace homeostat::twin
