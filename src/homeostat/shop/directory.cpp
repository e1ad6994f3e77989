// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/directory.h"

#include "homeostat/shop/cluster_services.h"
#include "homeostat/shop/registry_file.h"

namespace homeostat::shop {

std::unique_ptr<Directory> open_directory(const std::string& registry_path) {
    if (registry_path.empty()) return std::make_unique<ClusterServices>();
    return std::make_unique<RegistryFile>(registry_path);
}

}  // namespace homeostat::shop
