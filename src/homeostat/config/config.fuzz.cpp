// SPDX-License-Identifier: Apache-2.0
#include "homeostat/config/config.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/base/check.h"

/// Whatever the text says, the reader answers with a configuration or with problems; and a configuration that
/// it accepts is accepted again in the form in which it is shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat;
    Problems problems;
    const auto document = yaml::parse({reinterpret_cast<const char*>(data), size}, "f", problems);
    config::Config config;
    if (!document || !config::read(*document, config, problems)) {
        HOMEOSTAT_CHECK(has_errors(problems));
        return 0;
    }
    const auto shown = config::show(config);
    const auto again = yaml::parse(yaml::to_yaml(shown), "g", problems);
    config::Config same;
    HOMEOSTAT_CHECK(again && config::read(*again, same, problems) && config::show(same) == shown);
    return 0;
}
