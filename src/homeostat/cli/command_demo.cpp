// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "homeostat/adapters/actuate/kubernetes/access.h"
#include "homeostat/cli/api_client.h"
#include "homeostat/cli/commands.h"
#include "homeostat/demo/cluster_stage.h"
#include "homeostat/demo/process_stage.h"
#include "homeostat/demo/tour.h"
#include "homeostat/runtime/endpoint.h"

namespace homeostat::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::vector<shop::Fault> faults;
    std::string report;
    std::string keep;
    std::string kubeconfig;
    ApiOptions api;
};

/// A folder of this run; gone afterwards unless it is to be kept.
class RunFolder {
public:
    explicit RunFolder(const std::string& keep)
        : path_(keep.empty() ? fs::temp_directory_path() / ("homeostat-demo-" + std::to_string(::getpid()))
                             : fs::path(keep)),
          kept_(!keep.empty()) {}
    ~RunFolder() {
        std::error_code ignored;
        if (!kept_) fs::remove_all(path_, ignored);
    }
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
    bool kept_;
};

/// Blocks the signals that end us before the first thread starts; then says whether one has come.
class Interrupts {
public:
    Interrupts() {
        sigemptyset(&signals_);
        for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, number);
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    }
    [[nodiscard]] bool came() {
        const timespec no_wait{};
        came_ = came_ || sigtimedwait(&signals_, nullptr, &no_wait) > 0;
        return came_;
    }

private:
    sigset_t signals_{};
    bool came_ = false;
};

/// The stage that the options name: processes below us, or a cluster that runs already.
Result<std::unique_ptr<demo::Stage>> open_stage(const Options& options, const fs::path& folder,
                                                demo::Stage::Observer observer) {
    if (options.kubeconfig.empty()) return demo::ProcessStage::open(folder, std::move(observer));
    HOMEOSTAT_TRY(auto cluster, kubernetes::read_kubeconfig(options.kubeconfig));
    HOMEOSTAT_TRY(auto token, runtime::read_token({.token_file = options.api.token_file}));
    return demo::ClusterStage::open(
        {.cluster = std::move(cluster),
         .api = options.api.url,
         .api_client = {.bearer_token = std::move(token), .ca_file = options.api.ca_file}},
        std::move(observer));
}

ExitCode run_demo(const Options& options, Environment& environment) {
    Interrupts interrupts;
    const RunFolder folder(options.keep);
    demo::Narrator narrator(environment.out, environment.colors);
    std::vector<demo::Scene> scenes;
    for (const auto fault : options.faults) scenes.push_back(demo::scene_of(fault));
    if (scenes.empty()) scenes.assign(demo::scenes().begin(), demo::scenes().end());

    const auto result = demo::Tour(narrator, [&] { return interrupts.came(); })
                            .play(
                                [&](demo::Stage::Observer observer) {
                                    return open_stage(options, folder.path(), std::move(observer));
                                },
                                scenes);
    if (!result) {
        environment.err << "homeostat demo: " << result.error().message << '\n';
        return ExitCode::unavailable;
    }
    environment.out << '\n' << sim::to_table(result->kpi);
    if (!options.keep.empty()) {
        environment.out << "\nDecide it all again:  homeostat replay "
                        << (folder.path() / "homeostat").string() << '\n';
    }
    if (!options.report.empty()) {
        std::ofstream file(options.report);
        file << json::to_pretty_text(to_json(result->kpi)) << '\n';
        if (!file.flush()) {
            environment.err << "homeostat demo: the report cannot be written to " << options.report << '\n';
            return ExitCode::failed;
        }
    }
    return result->all_good ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

Command demo_command() {
    return make_command<Options>([](Options& options) {
        return Command{
            .name = "demo",
            .summary = "Start a small shop of real processes, break it again and again, and heal it",
            .examples = {"homeostat demo", "homeostat demo --fault crash --fault hang",
                         "homeostat demo --report kpi.json"},
            .arguments = with_api(
                options.api,
                {argument("--fault", options.faults, "Only this fault; may be given several times"),
                 of_files(argument("--report", options.report, "Write the table as JSON to this file")),
                 of_files(argument("--keep", options.keep,
                                   "Keep the journal, the audit and all else in this folder")),
                 of_files(argument("--kubeconfig", options.kubeconfig,
                                   "Break and heal the shop in this cluster, whose node is this machine"))}),
            .run = [&options](Environment& environment) { return run_demo(options, environment); }};
    });
}

}  // namespace homeostat::cli
