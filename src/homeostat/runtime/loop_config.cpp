// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/loop_config.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/base/schema.h"
#include "homeostat/plan/playbook_reader.h"

namespace homeostat::runtime {
namespace {

/// The sections of the configuration that decide; the others say where and how.
constexpr auto kDeciding =
    std::to_array<std::string_view>({"detect", "graph", "diagnose", "policy", "verify", "loop"});

std::unexpected<Error> unreadable(const Problems& problems) {
    return fail(ErrorCode::data_loss,
                "the configuration in the journal cannot be read: " +
                    (problems.empty() ? std::string("no reason given") : to_string(problems.front())));
}

}  // namespace

loop::LoopConfig make_loop_config(const config::Config& config,
                                  const std::vector<plan::Playbook>& playbooks) {
    loop::LoopConfig loop{.detect = config.detect,
                          .diagnose = config.diagnose,
                          .graph = config.graph.learning,
                          .policy = config.policy,
                          .verify = config.verify,
                          .patience = config.loop,
                          .services = config.graph.services,
                          .playbooks = playbooks};
    for (const auto& call : config.graph.edges) loop.edges.emplace_back(call.caller, call.callee);
    return loop;
}

json::Value deciding_config(const config::Config& config, const std::vector<plan::Playbook>& playbooks) {
    const auto all = config::show(config);
    json::Object sections;
    for (const auto section : kDeciding) {
        if (const auto* value = all.find(section)) sections.emplace_back(std::string(section), *value);
    }
    json::Array shown;
    for (const auto& playbook : playbooks) shown.push_back(homeostat::show(playbook));
    json::Object deciding{{"config", std::move(sections)}, {"playbooks", std::move(shown)}};
    const auto& model = config.detect.forest.model_text;
    if (!model.empty()) deciding.emplace_back("forest_model", model);
    return deciding;
}

Result<loop::LoopConfig> read_deciding_config(const json::Value& value) {
    const auto* sections = value.find("config");
    const auto* shown = value.find("playbooks");
    if (sections == nullptr || shown == nullptr || shown->as_array() == nullptr) {
        return fail(ErrorCode::data_loss, "the journal's header holds no configuration");
    }
    // JSON is YAML, so the readers of the files read it too.
    Problems problems;
    config::Config config;
    const auto document = yaml::parse(json::to_text(*sections), "journal header", problems);
    if (!document || !config::read(*document, config, problems)) return unreadable(problems);
    if (const auto* model = value.find("forest_model"); model != nullptr && model->as_string() != nullptr)
        config.detect.forest.model_text = *model->as_string();
    std::vector<plan::Playbook> playbooks;
    for (const auto& entry : *shown->as_array()) {
        const auto text = yaml::parse(json::to_text(entry), "journal header", problems);
        auto playbook = text ? plan::read_playbook(*text, yaml::parse, problems) : std::nullopt;
        if (!playbook) return unreadable(problems);
        playbooks.push_back(*std::move(playbook));
    }
    return make_loop_config(config, playbooks);
}

}  // namespace homeostat::runtime
