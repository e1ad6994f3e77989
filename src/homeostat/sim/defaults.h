// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "homeostat/loop/config.h"

namespace homeostat::sim {

/// The loop as the simulation runs it by default: it acts by itself, by the playbooks of examples/playbooks
/// as they were when this was built.
[[nodiscard]] loop::LoopConfig default_loop_config();

}  // namespace homeostat::sim
