// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/simulation.h"

#include <gtest/gtest.h>

namespace homeostat::sim {
namespace {

TEST(Simulation, Placeholder) {
    SUCCEED();
}

}  // namespace
}  // namespace homeostat::sim
