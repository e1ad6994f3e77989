// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "homeostat/config/config.h"
#include "homeostat/demo/shop_process.h"
#include "homeostat/demo/stage.h"
#include "homeostat/plan/playbook.h"
#include "homeostat/runtime/node.h"

namespace homeostat::demo {

/// The shop as processes, and Homeostat in our own, on ports that the system picks.
class ProcessStage final : public Stage {
public:
    /// Both keep their files below `folder`. Errors: those of the node and of the shop.
    [[nodiscard]] static Result<std::unique_ptr<ProcessStage>> open(const std::filesystem::path& folder,
                                                                    Observer observer);

    [[nodiscard]] std::string introduction() const override;
    [[nodiscard]] std::shared_ptr<const api::Snapshot> snapshot() const override { return node_->snapshot(); }
    [[nodiscard]] Result<shop::GroundTruth> inject(shop::Fault fault) override {
        return faults_.inject(fault);
    }
    [[nodiscard]] bool ended_by_itself(const shop::GroundTruth& /*truth*/) override { return false; }
    [[nodiscard]] Result<> revoke(const shop::GroundTruth& truth) override { return faults_.revoke(truth); }

private:
    explicit ProcessStage(const std::filesystem::path& folder);

    shop::FaultInjector faults_;
    std::unique_ptr<runtime::Node> node_;
    std::unique_ptr<ShopProcess> shop_;  // closes first
};

/// The configuration that the demo runs: standard settings, acting by itself, on this shop.
[[nodiscard]] config::Config demo_config(const std::filesystem::path& folder);

/// The playbooks of examples/playbooks, built in.
[[nodiscard]] std::vector<plan::Playbook> built_in_playbooks();

}  // namespace homeostat::demo
