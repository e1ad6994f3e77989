// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "homeostat/base/result.h"
#include "homeostat/demo/shop_process.h"
#include "homeostat/runtime/node.h"
#include "homeostat/shop/faults.h"

namespace homeostat::demo {

/// Homeostat and the shop that it watches, on ports that the system picks.
class Stage {
public:
    /// Both keep their files below `folder`. Errors: those of the node and of the shop.
    [[nodiscard]] static Result<std::unique_ptr<Stage>> open(const std::filesystem::path& folder,
                                                             runtime::Node::Observer observer);

    [[nodiscard]] runtime::Node& node() { return *node_; }
    [[nodiscard]] const shop::FaultInjector& faults() const { return faults_; }
    [[nodiscard]] std::filesystem::path data_dir() const { return folder_ / "homeostat"; }

private:
    explicit Stage(const std::filesystem::path& folder);

    std::filesystem::path folder_;
    shop::FaultInjector faults_;
    std::unique_ptr<runtime::Node> node_;
    std::unique_ptr<ShopProcess> shop_;  // closes first
};

/// The configuration that the demo runs: standard settings, acting by itself, on this shop.
[[nodiscard]] config::Config demo_config(const std::filesystem::path& folder);

/// The playbooks of examples/playbooks, built in.
[[nodiscard]] std::vector<plan::Playbook> built_in_playbooks();

}  // namespace homeostat::demo
