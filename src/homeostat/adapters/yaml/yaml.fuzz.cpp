// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/yaml/yaml.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "homeostat/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Problems problems;
    for (const auto& document : yaml::parse_all(text, "f", problems)) {
        const auto value = to_json_value(document.root);
        Problems again;
        const auto written = yaml::parse(yaml::to_yaml(value), "g", again);
        HOMEOSTAT_CHECK(written && again.empty() && to_json_value(written->root) == value);
    }
    return 0;
}
