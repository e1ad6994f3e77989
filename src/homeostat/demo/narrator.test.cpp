// SPDX-License-Identifier: Apache-2.0
#include "homeostat/demo/narrator.h"

#include <gtest/gtest.h>

#include <sstream>

namespace homeostat::demo {
namespace {

using namespace std::chrono_literals;

TEST(Narrator, TellsADecisionWithTheTimeSinceTheSceneBegan) {
    std::ostringstream out;
    Narrator narrator(out, false);
    narrator.begin("something breaks", EventTime{10s});
    narrator.tell({.at = EventTime{11500ms},
                   .kind = model::RecordKind::order_intended,
                   .reason = "restart payment/payment-2"});
    EXPECT_NE(out.str().find("1.5 s  act       restart payment/payment-2"), std::string::npos) << out.str();
}

TEST(Narrator, UsesNoColoursAwayFromATerminal) {
    std::ostringstream out;
    Narrator narrator(out, false);
    narrator.verdict(true, "healed", EventTime{});
    EXPECT_EQ(out.str().find('\033'), std::string::npos);
}

}  // namespace
}  // namespace homeostat::demo
