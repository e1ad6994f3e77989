// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/defaults.h"

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/base/check.h"
#include "homeostat/plan/playbook_reader.h"
#include "homeostat/sim/embedded_playbooks.h"

namespace homeostat::sim {

loop::LoopConfig default_loop_config() {
    loop::LoopConfig config;
    config.policy.mode = model::Autonomy::automatic;
    config.policy.max_acts_per_hour = 100;  // the simulation breaks more in an hour than life does
    for (const auto& [file, text] : kEmbeddedPlaybooks) {
        Problems problems;
        const auto document = yaml::parse(text, file, problems);
        HOMEOSTAT_CHECK(document.has_value());
        auto playbook = plan::read_playbook(
            *document,
            [](std::string_view inner, std::string_view name, Problems& found) {
                return yaml::parse(inner, name, found);
            },
            problems);
        HOMEOSTAT_CHECK(playbook.has_value());  // `homeostat playbook lint` guards the files
        config.playbooks.push_back(*std::move(playbook));
    }
    return config;
}

}  // namespace homeostat::sim
