// SPDX-License-Identifier: Apache-2.0
#include "homeostat/detect/isolation_forest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "homeostat/base/codec.h"
#include "homeostat/detect/archive.h"
#include "homeostat/detect/synthetic.h"

namespace homeostat::detect {
namespace {

struct Reference {
    json::Value model;
    std::vector<float> rows;
    std::vector<double> scores;

    static constexpr auto describe() {
        return std::tuple{field("model", &Reference::model), field("rows", &Reference::rows),
                          field("scores", &Reference::scores)};
    }
};

Reference read_reference() {
    std::ifstream file(HOMEOSTAT_DETECT_TESTDATA "/forest_reference.json");
    std::stringstream text;
    text << file.rdbuf();
    const auto json = json::parse(text.str());
    return json ? from_json<Reference>(*json).value_or(Reference{}) : Reference{};
}

std::vector<float> normal_rows(std::size_t rows, std::size_t features, std::uint64_t seed) {
    synthetic::Random random(seed);
    std::vector<float> values(rows * features);
    for (auto& value : values) value = static_cast<float>(random.normal());
    return values;
}

TEST(IsolationForest, ScoresLikeScikitLearn) {
    const auto reference = read_reference();
    ASSERT_FALSE(reference.scores.empty());
    const auto forest = IsolationForest::load(json::to_text(reference.model));
    ASSERT_TRUE(forest.has_value()) << forest.error().message;
    std::vector<double> batch(reference.scores.size());
    forest->score(reference.rows, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const std::span row(reference.rows.data() + i * 8, 8);
        EXPECT_NEAR(forest->score(row), reference.scores[i], 1e-6);
        EXPECT_NEAR(batch[i], reference.scores[i], 1e-6);
    }
}

TEST(IsolationForest, ScoresOutliersHigher) {
    const auto forest = *IsolationForest::grow(normal_rows(2000, 4, 1), {.features = 4});
    const std::vector<float> centre(4, 0);
    const std::vector<float> outlier(4, 5);
    EXPECT_LT(forest.score(centre), 0.45);
    EXPECT_GT(forest.score(outlier), 0.7);
}

TEST(IsolationForest, IsTheSameForTheSameSeed) {
    const auto rows = normal_rows(500, 3, 2);
    const auto one = *IsolationForest::grow(rows, {.features = 3, .seed = 5});
    EXPECT_EQ(one.version(), IsolationForest::grow(rows, {.features = 3, .seed = 5})->version());
    EXPECT_NE(one.version(), IsolationForest::grow(rows, {.features = 3, .seed = 6})->version());
}

RC_GTEST_PROP(IsolationForest, SurvivesSaveAndLoadAndArchive, ()) {
    const auto features = *rc::gen::inRange<std::int32_t>(1, 6);
    const auto count = *rc::gen::inRange<std::size_t>(2, 300);
    const auto rows =
        normal_rows(count, static_cast<std::size_t>(features), *rc::gen::arbitrary<std::uint64_t>());
    const auto forest = *IsolationForest::grow(rows, {.features = features, .trees = 13, .sample = 64});
    const auto loaded = IsolationForest::load(forest.save());
    RC_ASSERT(loaded.has_value());
    RC_ASSERT(loaded->version() == forest.version());
    RC_ASSERT(loaded->save() == forest.save());
    Writer writer;
    writer(forest);
    const auto bytes = writer.take();
    homeostat::detect::Reader reader(bytes);
    IsolationForest unpacked;
    reader(unpacked);
    RC_ASSERT(reader.done());
    std::vector<double> batch(count);
    forest.score(rows, batch);
    for (std::size_t i = 0; i < count; ++i) {
        const std::span row(rows.data() + i * static_cast<std::size_t>(features),
                            static_cast<std::size_t>(features));
        RC_ASSERT(std::abs(batch[i] - forest.score(row)) < 1e-12);
        RC_ASSERT(loaded->score(row) == forest.score(row));
        RC_ASSERT(unpacked.score(row) == forest.score(row));
        RC_ASSERT(forest.score(row) > 0 && forest.score(row) <= 1);
    }
}

TEST(IsolationForest, GrowsFromRowsThatAreAllAlike) {
    const std::vector<float> rows(40, 1.0F);
    const auto forest = IsolationForest::grow(rows, {.features = 2});
    ASSERT_TRUE(forest.has_value());
    EXPECT_NEAR(forest->score(std::span(rows).first(2)), 0.5, 1e-6);
}

TEST(IsolationForest, RefusesBadRowsAndModels) {
    const std::vector<float> nan{0, std::nanf("")};
    EXPECT_FALSE(IsolationForest::grow(nan, {.features = 1}).has_value());
    EXPECT_FALSE(IsolationForest::grow(std::vector<float>(5), {.features = 2}).has_value());
    EXPECT_FALSE(IsolationForest::load("{}").has_value());
    const auto model = [](std::string_view tree) {
        return R"({"format":"homeostat-isolation-forest-1","features":1,"sample":2,"trees":[)" +
               std::string(tree) + "]}";
    };
    EXPECT_TRUE(IsolationForest::load(
        model(R"({"feature":[-1],"threshold":[0],"left":[0],"right":[0],"samples":[2]})")));
    const auto circle = model(R"({"feature":[0],"threshold":[0],"left":[0],"right":[0],"samples":[2]})");
    EXPECT_EQ(IsolationForest::load(circle).error().message,
              "isolation forest model: tree 0: is no tree, or too deep");
    const auto child = model(R"({"feature":[0],"threshold":[0],"left":[7],"right":[0],"samples":[2]})");
    EXPECT_FALSE(IsolationForest::load(child).has_value());
}

}  // namespace
}  // namespace homeostat::detect
