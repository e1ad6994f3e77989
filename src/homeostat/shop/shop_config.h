// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "homeostat/adapters/actuate/process/supervisor_config.h"
#include "homeostat/base/document.h"
#include "homeostat/base/result.h"

namespace homeostat::shop {

/// The services of the example shop, as `examples/shop/shop.yaml` has them: built into the program, so that
/// a demonstration needs no file. The caller sets `run_dir` and `environment`; the processes look there for
/// OTEL_EXPORTER_OTLP_ENDPOINT.
[[nodiscard]] actuate::SupervisorConfig built_in_config();

/// The same from a file of one's own. nullopt: `problems` has gained what is wrong with it.
[[nodiscard]] std::optional<actuate::SupervisorConfig> read_config(const std::string& path,
                                                                   Problems& problems);

}  // namespace homeostat::shop
