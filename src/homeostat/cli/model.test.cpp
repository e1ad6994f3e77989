// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "homeostat/base/json.h"
#include "homeostat/base/prng.h"
#include "homeostat/cli/cli.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/load.h"

namespace homeostat::cli {
namespace {

namespace fs = std::filesystem;

struct Outcome {
    ExitCode code = ExitCode::ok;
    std::string out;
    std::string err;
};

Outcome call(const std::vector<std::string>& arguments) {
    std::istringstream in;
    std::ostringstream out, err;
    Environment environment{.in = in, .out = out, .err = err};
    const auto code = run(arguments, all_commands(), environment);
    return {code, out.str(), err.str()};
}

/// A folder with a configuration and a history, gone with the test.
class SavedModel : public testing::Test {
protected:
    ~SavedModel() override { fs::remove_all(folder_); }

    std::string write(const std::string& name, std::string_view text) {
        fs::create_directories(folder_);
        std::ofstream(folder_ / name) << text;
        return at(name);
    }
    [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }

    /// Events of three services, ten a second each.
    std::string history(int seconds) {
        Prng random(1);
        std::string lines;
        for (int i = 0; i < seconds * 10; ++i) {
            for (const auto* service : {"web", "cart", "db"}) {
                const auto noise = static_cast<double>(random.below(1000)) / 100;
                lines += fmt::format(
                    R"({{"service":"{}","timestamp":{:.1f},"latencies_ms":[{},{}],"responses":[{{"status":200}},)"
                    R"({{"status":200}}],"cpu_percent":{},"memory_mb":300}})"
                    "\n",
                    service, 1.8e9 + i / 10.0, 10 + noise, 12 + noise, 20 + noise);
            }
        }
        return write("events.jsonl", lines + "no event\n");
    }
    std::string small_forest() { return write("train.yaml", "detect: {forest: {sample: 64, trees: 10}}\n"); }

    const fs::path folder_ = fs::temp_directory_path() / ("homeostat-model-" + std::to_string(::getpid()));
};

TEST_F(SavedModel, IsTrainedShownAndLoadedByTheConfigurationThatNamesIt) {
    const auto trained =
        call({"model", "train", "--from", history(90), "-o", at("model.json"), "-c", small_forest()});
    ASSERT_EQ(trained.code, ExitCode::ok) << trained.err;
    EXPECT_NE(trained.err.find("1 bad lines were left out"), std::string::npos) << trained.err;
    const auto shown = json::parse(call({"model", "show", at("model.json"), "-o", "json"}).out);
    ASSERT_TRUE(shown.has_value());
    const auto& version = *shown->find("version")->as_string();
    EXPECT_NE(trained.out.find(version), std::string::npos) << trained.out;
    EXPECT_EQ(*shown->find("trees")->as_integer(), 10);

    const auto config = write("config.yaml", "detect:\n  forest:\n    model: model.json\n");
    EXPECT_EQ(call({"validate", config}).code, ExitCode::ok);
    const auto loaded = load(config);
    const auto detection = detect::ForestModel::load(loaded.config.detect.forest.model_text);
    ASSERT_TRUE(detection.has_value());
    EXPECT_EQ(detection->version().value(), version);
}

TEST_F(SavedModel, IsTheSameFromTheSameHistory) {
    const auto events = history(90);
    const auto config = small_forest();
    const auto one = call({"model", "train", "--from", events, "-o", at("model.json"), "-c", config});
    const auto other = call({"model", "train", "--from", events, "-o", at("model.json"), "-c", config});
    EXPECT_EQ(one.out, other.out);
}

TEST_F(SavedModel, ThatIsBadIsAProblemOfTheConfigurationsLine) {
    const auto config = write("config.yaml", "detect:\n  forest:\n    model: model.json\n");
    const auto absent = call({"validate", config});
    EXPECT_EQ(absent.code, ExitCode::failed);
    EXPECT_NE(
        absent.err.find(config + ":3:12: detect.forest.model: '" + at("model.json") + "': it cannot be read"),
        std::string::npos)
        << absent.err;
    write("model.json", R"({"format":"something","features":[],"calibration":[],"forest":{}})");
    const auto other = call({"validate", config});
    EXPECT_EQ(other.code, ExitCode::failed);
    EXPECT_NE(other.err.find("format 'something' is unknown"), std::string::npos) << other.err;
    EXPECT_EQ(call({"run", "-c", config}).code, ExitCode::usage);
    EXPECT_EQ(call({"model", "show", at("model.json")}).code, ExitCode::failed);
}

TEST_F(SavedModel, NeedsAHistoryThatIsLongEnough) {
    const auto short_one =
        call({"model", "train", "--from", history(30), "-o", at("model.json"), "-c", small_forest()});
    EXPECT_EQ(short_one.code, ExitCode::failed);
    EXPECT_NE(short_one.err.find("128 are needed"), std::string::npos) << short_one.err;
    EXPECT_FALSE(fs::exists(at("model.json")));
    const auto none = call({"model", "train", "--from", write("bad.jsonl", "{}\n"), "-o", at("model.json")});
    EXPECT_NE(none.err.find("holds no event; the first line: "), std::string::npos) << none.err;
    EXPECT_EQ(call({"model", "train", "--from", at("nothing"), "-o", at("model.json")}).code,
              ExitCode::unavailable);
}

}  // namespace
}  // namespace homeostat::cli
