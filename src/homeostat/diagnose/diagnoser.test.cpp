// SPDX-License-Identifier: Apache-2.0
#include "homeostat/diagnose/diagnoser.h"

#include <gtest/gtest.h>

namespace homeostat::diagnose {
namespace {

TEST(Diagnoser, SaysNothingWhenNothingIsAbnormal) {
    const graph::ServiceGraph graph;
    const std::map<model::Subject, SubjectState> subjects;
    EXPECT_TRUE(
        Diagnoser().diagnose({.graph = graph, .anomalies = {}, .changes = {}, .subjects = subjects}).empty());
}

}  // namespace
}  // namespace homeostat::diagnose
