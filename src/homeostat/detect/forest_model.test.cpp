// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/forest_model.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "homeostat/detect/detection.h"
#include "homeostat/detect/forest_detector.h"
#include "homeostat/detect/synthetic.h"

namespace homeostat::detect {
namespace {

using namespace std::chrono_literals;

const model::Subject kPayment{.service = model::ServiceId{"payment"}};
const ForestConfig kSmall{.trees = 20, .sample = 64, .reservoir = 512, .refresh_windows = 1000};

std::vector<ForestModel::Row> normal_rows(std::size_t count, std::uint64_t seed) {
    synthetic::Random random(seed);
    std::vector<ForestModel::Row> rows(count);
    for (auto& row : rows) {
        for (auto& value : row) value = static_cast<float>(random.normal());
    }
    return rows;
}

ForestModel grown(std::size_t rows = 512) {
    ForestModel::Growth growth(normal_rows(rows, 1), kSmall, 7);
    for (;;) {
        if (auto model = growth.advance()) return *std::move(model);
    }
}

ForestModel::Row outlier() {
    ForestModel::Row row;
    row.fill(6);
    return row;
}

TEST(ForestModel, SurvivesItsFileBitForBit) {
    const auto model = grown();
    const auto loaded = ForestModel::load(model.save());
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    EXPECT_EQ(loaded->version(), model.version());
    EXPECT_EQ(loaded->rows(), 512U);
    for (const auto& row : normal_rows(200, 2)) EXPECT_EQ(loaded->surprise(row), model.surprise(row));
    EXPECT_EQ(loaded->surprise(outlier()), model.surprise(outlier()));
    EXPECT_GT(model.surprise(outlier()), 3);
}

TEST(ForestModel, IsAnotherVersionWithAnotherCalibration) {
    auto text = grown().save();
    const auto at = text.find("\"calibration\":[") + 15;
    text.replace(at, text.find(',', at) - at, "0.01");
    EXPECT_NE(ForestModel::load(text).value().version(), grown().version());
}

TEST(ForestModel, RefusesWhatIsNoModelOfOurs) {
    const auto good = grown().save();
    const auto refused = [&](std::string_view part, std::string_view instead) {
        auto text = good;
        text.replace(text.find(part), part.size(), instead);
        const auto loaded = ForestModel::load(text);
        return loaded ? std::string("nothing") : loaded.error().message;
    };
    EXPECT_NE(
        refused("homeostat-forest-1", "homeostat-forest-9").find("format 'homeostat-forest-9' is unknown"),
        std::string::npos);
    EXPECT_NE(refused("rate_rps", "rate_rpm").find("it is of other features"), std::string::npos);
    EXPECT_NE(refused("\"calibration\":[", "\"calibration\":[7,").find("calibration scores from 0 to 1"),
              std::string::npos);
    EXPECT_NE(refused("\"features\":8", "\"features\":1").find("tree 0: a feature is out of range"),
              std::string::npos);
    EXPECT_FALSE(ForestModel::load("").has_value());
    EXPECT_FALSE(ForestModel::load("[]").has_value());
    EXPECT_FALSE(ForestModel::load(good.substr(0, good.size() / 2)).has_value());
    EXPECT_EQ(ForestModel::load(std::string(ForestModel::kTextMax + 1, ' ')).error().code,
              ErrorCode::resource_exhausted);
}

TEST(ForestDetector, BeginsWithASavedModelAndGoesOnToOneOfItsOwn) {
    const auto saved = grown(256);
    ForestDetector detector(kSmall, saved);
    EXPECT_EQ(detector.model().version(), saved.version());
    const auto rows = normal_rows(20'000, 3);
    std::size_t learned = 0;
    while (detector.model().version() == saved.version() && learned < rows.size()) {
        const EventTime end{std::chrono::seconds(learned / 50)};  // of fifty services
        detector.learn(rows[learned++], end);
    }
    ASSERT_LT(learned, rows.size()) << "it was never refreshed";
    EXPECT_GT(learned, 1000U);
    EXPECT_GE(detector.model().rows(), 128U);
    EXPECT_GT(detector.model().surprise(outlier()), 3);
}

TEST(ForestDetector, TrainsOnlyFromEnoughRows) {
    ForestDetector detector(kSmall);
    for (const auto& row : normal_rows(127, 4)) detector.learn(row, {});
    EXPECT_EQ(detector.train().error().code, ErrorCode::failed_precondition);
    detector.learn(outlier(), {});
    EXPECT_EQ(detector.train().value().rows(), 128U);
}

/// What the forest said when payment failed just after its warm-up; empty if it said nothing.
std::string forest_vote(Detection& detection) {
    synthetic::Stream stream(kPayment, {.deploy_chance = 0}, 7);
    for (int i = 0; i < 60; ++i) (void)detection.observe(stream.next());
    const auto anomaly = detection.observe(stream.next({.error_rate = 0.5, .latency_factor = 4}));
    EXPECT_TRUE(anomaly.has_value());
    for (const auto& vote : anomaly->votes) {
        if (vote.detector == "isolation_forest" && vote.p_value < 0.01) return vote.model.value();
    }
    return "";
}

TEST(Detection, HasTheForestsVoteFromTheBeginningWithASavedModel) {
    auto teacher = *Detection::create({.forest = kSmall});
    synthetic::Stream history(kPayment, {.deploy_chance = 0}, 8);
    for (int i = 0; i < 2000; ++i) (void)teacher.observe(history.next());
    const auto text = teacher.train_forest().value();

    auto with = *Detection::create({.forest = {.model = "model.json", .model_text = text}});
    EXPECT_EQ(with.forest_version(), ForestModel::load(text)->version());
    EXPECT_EQ(forest_vote(with), with.forest_version().value());
    auto without = *Detection::create({});
    EXPECT_EQ(forest_vote(without), "");
}

TEST(Detection, RefusesASavedModelThatIsNoneOrWasNotRead) {
    EXPECT_EQ(Detection::create({.forest = {.model = "m.json", .model_text = "{}"}}).error().code,
              ErrorCode::invalid_argument);
    EXPECT_EQ(Detection::create({.forest = {.model = "m.json"}}).error().message,
              "detect: forest.model m.json was not read");
}

}  // namespace
}  // namespace homeostat::detect
