// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/log_templates.h"

#include <gtest/gtest.h>

namespace homeostat::features {
namespace {

TEST(LogTemplates, SeesThroughChangingValues) {
    LogTemplates templates;
    EXPECT_TRUE(templates.learn("request 17 for user 4711 took 12ms"));
    EXPECT_FALSE(templates.learn("request 18 for user 99 took 340ms"));
    EXPECT_EQ(templates.size(), 1U);
}

TEST(LogTemplates, GeneralisesAWordThatVaries) {
    LogTemplates templates;
    EXPECT_TRUE(templates.learn("connected to peer alpha over tls"));
    EXPECT_FALSE(templates.learn("connected to peer beta over tls"));
    EXPECT_FALSE(templates.learn("connected to peer gamma over tls"));
    EXPECT_EQ(templates.size(), 1U);
}

TEST(LogTemplates, TellsAnUnknownLineFromTheKnown) {
    LogTemplates templates;
    EXPECT_TRUE(templates.learn("connected to peer alpha over tls"));
    EXPECT_TRUE(templates.learn("connection refused by peer after retries"));
    EXPECT_TRUE(templates.learn("out of memory"));
}

TEST(LogTemplates, IgnoresEmptyLinesAndStandsLongOnes) {
    LogTemplates templates;
    EXPECT_FALSE(templates.learn(""));
    EXPECT_FALSE(templates.learn(" \n\t"));
    EXPECT_TRUE(templates.learn(std::string(1'000'000, 'x')));
    EXPECT_FALSE(templates.learn(std::string(2'000'000, 'x')));
}

TEST(LogTemplates, StaysWithinItsBounds) {
    LogTemplates templates;
    const auto letters = [](std::size_t n) {
        std::string word;
        for (; n > 0; n /= 10) word += static_cast<char>('a' + n % 10);
        return word;
    };
    for (std::size_t i = 1; i <= 5'000; ++i) templates.learn(letters(i) + " " + letters(i * 7) + " failed");
    EXPECT_EQ(templates.size(), LogTemplates::kMaxTemplates);
    EXPECT_GT(templates.refused(), 0U);
}

}  // namespace
}  // namespace homeostat::features
