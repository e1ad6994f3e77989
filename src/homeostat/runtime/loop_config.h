// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "homeostat/config/config.h"
#include "homeostat/loop/config.h"
#include "homeostat/plan/playbook.h"

namespace homeostat::runtime {

/// What of the configuration decides, for the loop.
[[nodiscard]] loop::LoopConfig make_loop_config(const config::Config& config,
                                                const std::vector<plan::Playbook>& playbooks);

/// The same as a value, every default written out: decisions repeat only with an equal one.
[[nodiscard]] json::Value deciding_config(const config::Config& config,
                                          const std::vector<plan::Playbook>& playbooks);

/// Back from the value, to decide a journal again. Errors: `data_loss`, when a newer or older program wrote
/// it.
[[nodiscard]] Result<loop::LoopConfig> read_deciding_config(const json::Value& value);

}  // namespace homeostat::runtime
