// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/shop_config.h"

#include "homeostat/adapters/yaml/yaml.h"
#include "homeostat/base/check.h"
#include "homeostat/base/schema.h"
#include "homeostat/shop/built_in_yaml.h"

namespace homeostat::shop {
namespace {

std::optional<actuate::SupervisorConfig> read(const std::optional<Document>& document, Problems& problems) {
    actuate::SupervisorConfig config;
    if (!document || !read_document(*document, config, problems)) return std::nullopt;
    return config;
}

}  // namespace

actuate::SupervisorConfig built_in_config() {
    Problems problems;
    auto config = read(yaml::parse(kBuiltInYaml, "shop.yaml", problems), problems);
    HOMEOSTAT_CHECK(config.has_value());
    return *std::move(config);
}

std::optional<actuate::SupervisorConfig> read_config(const std::string& path, Problems& problems) {
    return read(yaml::read_file(path, problems), problems);
}

}  // namespace homeostat::shop
