// SPDX-License-Identifier: Apache-2.0
#include "homeostat/demo/process_stage.h"

#include <fmt/format.h>

#include <utility>

#include "homeostat/adapters/actuate/process/supervisor_config.h"
#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/base/check.h"
#include "homeostat/demo/built_in_playbooks.h"
#include "homeostat/plan/playbook_reader.h"

namespace homeostat::demo {
namespace {

using namespace std::chrono_literals;

std::string run_dir_in(const std::filesystem::path& folder) {
    return (folder / "shop").string();
}

}  // namespace

config::Config demo_config(const std::filesystem::path& folder) {
    config::Config config;
    config.node.name = "demo";
    config.node.data_dir = (folder / "homeostat").string();
    config.ingest.otlp_grpc.listen.port = 0;
    config.ingest.otlp_http.listen.port = 0;
    config.api.listen.port = 0;
    config.actuators.process =
        config::ProcessActuatorConfig{actuate::SupervisorConfig{.run_dir = run_dir_in(folder)}.socket_path()};
    config.features.allowed_lateness = 300ms;  // the shop exports five times a second, on this machine
    config.policy.mode = model::Autonomy::automatic;
    config.policy.cooldown = 5s;  // the tour breaks the same service again and again
    config.graph.services = {
        {.service = model::ServiceId{"payment-service"}, .criticality = model::Criticality::high},
        {.service = model::ServiceId{"db"}, .criticality = model::Criticality::high}};
    return config;
}

std::vector<plan::Playbook> built_in_playbooks() {
    Problems problems;
    std::vector<plan::Playbook> playbooks;
    for (const auto& document : yaml::parse_all(kPlaybooksYaml, "built-in playbooks", problems)) {
        auto playbook = plan::read_playbook(document, yaml::parse, problems);
        HOMEOSTAT_CHECK(playbook.has_value());  // a test lints examples/playbooks
        playbooks.push_back(*std::move(playbook));
    }
    return playbooks;
}

ProcessStage::ProcessStage(const std::filesystem::path& folder) : faults_(run_dir_in(folder)) {}

Result<std::unique_ptr<ProcessStage>> ProcessStage::open(const std::filesystem::path& folder,
                                                         Observer observer) {
    std::unique_ptr<ProcessStage> stage(new ProcessStage(folder));
    HOMEOSTAT_TRY(stage->node_, runtime::Node::start(demo_config(folder), built_in_playbooks(),
                                                     log::Logger(log::Format::text, log::Level::error),
                                                     std::move(observer)));
    HOMEOSTAT_TRY(stage->shop_,
                  ShopProcess::start(run_dir_in(folder),
                                     fmt::format("http://127.0.0.1:{}", stage->node_->otlp_http_port())));
    return stage;
}

std::string ProcessStage::introduction() const {
    return fmt::format("14 processes are open, under load; the control API is at http://127.0.0.1:{}",
                       node_->api_port());
}

}  // namespace homeostat::demo
