// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/log/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace homeostat::log {
namespace {

class LogTest : public testing::Test {
protected:
    Logger logger(Format format, Level least = Level::debug) {
        return {format, least, [this](std::string_view line) { lines_.emplace_back(line); }};
    }
    std::vector<std::string> lines_;
};

TEST_F(LogTest, WritesAnObjectALine) {
    logger(Format::json)
        .warning("queue is \"full\"\n", {{"topic", "telemetry.raw"}, {"bytes", std::int64_t{17}}});
    ASSERT_EQ(lines_.size(), 1U);
    const auto line = json::parse(lines_[0]);
    ASSERT_TRUE(line) << lines_[0];
    EXPECT_EQ(*line->find("message"), json::Value("queue is \"full\"\n"));
    EXPECT_EQ(*line->find("level"), json::Value("warning"));
    EXPECT_EQ(*line->find("topic"), json::Value("telemetry.raw"));
    EXPECT_EQ(*line->find("bytes"), json::Value(std::int64_t{17}));
    EXPECT_TRUE(line->find("time")->as_string()->ends_with('Z'));
}

TEST_F(LogTest, WritesTextThatCannotPretendToBeAnotherLine) {
    logger(Format::text).info("started\n2026-01-01 error", {{"name", "a\x1b[31m"}});
    ASSERT_EQ(lines_.size(), 1U);
    EXPECT_NE(lines_[0].find(R"(info    started\n2026-01-01 error name="a\u001b[31m")"), std::string::npos)
        << lines_[0];
}

TEST_F(LogTest, KeepsSecretsToItself) {
    for (const auto format : {Format::text, Format::json}) {
        logger(format).error("refused", {{"bearer_token", "s3cr3t"},
                                         {"TLS-Private-Key", "s3cr3t"},
                                         {"api-key", "s3cr3t"},
                                         {"Authorization", "s3cr3t"},
                                         {"key", "s3cr3t"},
                                         {"monkey", "shown"}});
    }
    ASSERT_EQ(lines_.size(), 2U);
    for (const auto& line : lines_) {
        EXPECT_EQ(line.find("s3cr3t"), std::string::npos) << line;
        EXPECT_NE(line.find("shown"), std::string::npos) << line;
    }
}

TEST_F(LogTest, LeavesOutWhatIsLessSerious) {
    const auto log = logger(Format::text, Level::warning);
    log.debug("a");
    log.info("b");
    log.warning("c");
    log.error("d");
    EXPECT_EQ(lines_.size(), 2U);
}

}  // namespace
}  // namespace homeostat::log
