// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <variant>

#include "homeostat/adapters/ingest/event_lines.h"
#include "homeostat/adapters/system/file.h"
#include "homeostat/cli/api_client.h"
#include "homeostat/cli/commands.h"
#include "homeostat/cli/load.h"
#include "homeostat/cli/output.h"
#include "homeostat/cli/problems.h"
#include "homeostat/cli/progress.h"
#include "homeostat/detect/detection.h"
#include "homeostat/detect/forest_model.h"
#include "homeostat/features/feature_extractor.h"
#include "homeostat/runtime/journal.h"

namespace homeostat::cli {
namespace {

namespace fs = std::filesystem;

struct TrainOptions {
    std::string history;
    std::string model;
    std::string config;
};

/// Learns what is normal from a history, as a node would have.
class Trainer final : public model::SignalSink {
public:
    Trainer(const config::Config& config, detect::Detection detection, Progress& progress)
        : config_(config), detection_(std::move(detection)), progress_(progress) {}

    /// Events of telemetry.raw, one a line; an event's own time is the present. Errors: `invalid_argument`
    /// when none of them is good, with what is wrong with the first.
    [[nodiscard]] Result<> read_events(const std::string& file) {
        static constexpr EventTime kAfterAll{std::chrono::hours{24} * 365 *
                                             200};  // no event is from the future
        std::ifstream lines(file);
        ingest::Intake intake({.gate = config_.ingest.gate}, *this, [] { return kAfterAll; });
        const auto tally = ingest::read_event_lines(lines, file, intake);
        if (features_) observe(features_->advance(newest_ + std::chrono::seconds{1} + lateness()));
        const auto bad = intake.take_quarantined();
        bad_ = tally.rejected;
        if (tally.accepted > 0 || bad.empty()) return {};
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} holds no event; the first line: {}", file, bad.front().text));
    }

    /// The windows and changes that a node's journals hold. Errors: those of read_journal.
    [[nodiscard]] Result<> read_journals(const fs::path& folder) {
        auto journals = runtime::list_journals(folder / "journal");
        if (journals.empty()) journals.push_back(folder);
        for (const auto& journal : journals) {
            auto read = runtime::read_journal(
                journal, [](const runtime::JournalHeader&) -> Result<> { return {}; },
                [&](const loop::JournalEntry& entry) -> Result<> {
                    for (const auto& input : entry.inputs) {
                        if (const auto* arrived = std::get_if<loop::WindowsArrived>(&input))
                            observe(arrived->windows);
                        if (const auto* changed = std::get_if<loop::Changed>(&input))
                            detection_.note(changed->change);
                    }
                    return {};
                });
            if (!read) return read;
        }
        return {};
    }

    void on_event(const model::ServiceEvent& event) override {
        if (!features_) {
            auto created = features::FeatureExtractor::create(config_.features, event.at);
            if (!created) return;  // the configuration was checked
            features_ = *std::move(created);
        }
        newest_ = std::max(newest_, event.at);
        observe(features_->advance(newest_));
        features_->on_event(event);
    }
    void on_span(const model::SpanView&) override {}
    void on_metric(const model::MetricView&) override {}
    void on_log(const model::LogView&) override {}

    [[nodiscard]] const detect::Detection& detection() const { return detection_; }
    [[nodiscard]] std::uint64_t bad_lines() const { return bad_; }

private:
    [[nodiscard]] Duration lateness() const { return config_.features.allowed_lateness; }

    void observe(const std::vector<model::FeatureWindow>& windows) {
        for (const auto& window : windows) (void)detection_.observe(window);
        if (features_) {
            for (const auto& change : features_->take_changes()) detection_.note(change);
        }
        progress_.advance(windows.size());
    }

    const config::Config& config_;
    detect::Detection detection_;
    Progress& progress_;
    std::optional<features::FeatureExtractor> features_;
    EventTime newest_{};
    std::uint64_t bad_ = 0;
};

ExitCode train(const TrainOptions& options, Environment& environment) {
    Loaded loaded;
    if (!options.config.empty()) loaded = load(options.config);
    print_problems(environment, loaded.problems);
    if (!loaded.usable()) return ExitCode::usage;
    loaded.config.detect.forest.model.clear();  // the new one comes from the history alone
    loaded.config.detect.forest.model_text.clear();
    std::error_code error;
    const bool is_folder = fs::is_directory(options.history, error);
    if (!is_folder && !fs::exists(options.history, error)) {
        return report(
            environment,
            {ErrorCode::not_found, options.history + ": there is no such file or directory; name events, one "
                                                     "JSON object a line, or a node's data directory"});
    }
    auto detection = detect::Detection::create(loaded.config.detect);
    if (!detection) return report(environment, detection.error());
    Progress progress(environment, "reading the history", 0);
    Trainer trainer(loaded.config, *std::move(detection), progress);
    const auto read =
        is_folder ? trainer.read_journals(options.history) : trainer.read_events(options.history);
    if (!read) return report(environment, read.error());
    const auto text = trainer.detection().train_forest();
    if (!text) return report(environment, text.error());
    const auto model = detect::ForestModel::load(*text);
    if (!model) return report(environment, model.error());
    if (const auto written = system::replace_file(options.model, *text); !written)
        return report(environment, written.error());
    if (trainer.bad_lines() > 0)
        environment.err << fmt::format("{} bad lines were left out\n", trainer.bad_lines());
    environment.out << fmt::format("{}: {} from {} normal windows of {}; name it as detect.forest.model\n",
                                   options.model, model->version().value(), model->rows(),
                                   trainer.detection().counters().judged);
    return ExitCode::ok;
}

struct ShowOptions {
    std::string file;
    OutputFormat output = OutputFormat::table;
};

ExitCode show(const ShowOptions& options, Environment& environment) {
    const auto model = load_model(options.file);
    if (!model) return report(environment, {model.error().code, options.file + ": " + model.error().message});
    const auto scores = model->calibration();
    const auto quantile = [&](double share) {
        return scores[static_cast<std::size_t>(share * static_cast<double>(scores.size() - 1))];
    };
    const auto& forest = model->forest();
    const auto names = detect::ForestModel::feature_names();
    const Table table{.columns = {"MODEL", ""},
                      .rows = {{"version", model->version().value()},
                               {"features", fmt::format("{}", fmt::join(names, ", "))},
                               {"trees", fmt::format("{} of {} rows", forest.trees(), forest.sample())},
                               {"normal windows", std::to_string(model->rows())},
                               {"their scores", fmt::format("median {:.3f}, p95 {:.3f}, highest {:.3f}",
                                                            quantile(0.5), quantile(0.95), quantile(1))}}};
    print(
        environment, options.output, table,
        json::Object{
            {"version", model->version().value()},
            {"features", to_json(names)},
            {"trees", std::int64_t{forest.trees()}},
            {"sample", std::int64_t{forest.sample()}},
            {"rows", static_cast<std::int64_t>(model->rows())},
            {"scores", json::Object{{"p50", quantile(0.5)}, {"p95", quantile(0.95)}, {"max", quantile(1)}}}});
    return ExitCode::ok;
}

}  // namespace

Command model_train_command() {
    return make_command<TrainOptions>([](TrainOptions& options) {
        return Command{
            .name = "model train",
            .summary =
                "Grows an isolation forest from a history, for nodes that shall know from their start what "
                "is "
                "normal. Windows that look abnormal are left out.",
            .examples = {"homeostat model train --from events.jsonl -o model.json",
                         "homeostat model train --from homeostat-data -o model.json -c config.yaml"},
            .arguments = {of_files(
                              required("--from", options.history,
                                       "Events of telemetry.raw, one JSON object a line; or a node's data "
                                       "directory, or one journal.")),
                          of_files(required("-o,--output", options.model, "The file to write.")),
                          of_files(argument("-c,--config", options.config,
                                            "The configuration whose 'detect' and 'features' hold."))},
            .run = [&options](Environment& environment) { return train(options, environment); }};
    });
}

Command model_show_command() {
    return make_command<ShowOptions>([](ShowOptions& options) {
        return Command{
            .name = "model show",
            .summary = "Checks a saved isolation forest, and tells its version and what it is made of.",
            .examples = {"homeostat model show model.json"},
            .arguments = {of_files(required("FILE", options.file, "The model's file.")),
                          output_argument(options.output)},
            .run = [&options](Environment& environment) { return show(options, environment); }};
    });
}

}  // namespace homeostat::cli
