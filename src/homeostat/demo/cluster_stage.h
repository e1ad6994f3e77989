// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "homeostat/adapters/http/client.h"
#include "homeostat/demo/cluster_shop.h"
#include "homeostat/demo/stage.h"

namespace homeostat::demo {

/// Where a cluster and the Homeostat in it are.
struct ClusterAddress {
    kubernetes::ClusterAccess cluster;
    std::string api;  // URL of Homeostat's control surface
    http::ClientConfig api_client;
};

/// The shop and Homeostat as pods of a cluster. What Homeostat decides is read from its control surface.
class ClusterStage final : public Stage {
public:
    /// Waits until all pods of the shop are ready and Homeostat answers. Errors: `deadline_exceeded` with
    /// what is missing.
    [[nodiscard]] static Result<std::unique_ptr<ClusterStage>> open(ClusterAddress address,
                                                                    Observer observer);
    ClusterStage(const ClusterStage&) = delete;
    ClusterStage& operator=(const ClusterStage&) = delete;
    ~ClusterStage() override;

    [[nodiscard]] std::string introduction() const override;
    [[nodiscard]] std::shared_ptr<const api::Snapshot> snapshot() const override;
    [[nodiscard]] Result<shop::GroundTruth> inject(shop::Fault fault) override { return shop_.inject(fault); }
    [[nodiscard]] bool ended_by_itself(const shop::GroundTruth& truth) override {
        return shop_.was_restarted(truth);
    }
    [[nodiscard]] Result<> revoke(const shop::GroundTruth& truth) override { return shop_.revoke(truth); }

private:
    ClusterStage(ClusterAddress address, Observer observer);
    [[nodiscard]] Result<> wait_until_open();
    void watch();
    [[nodiscard]] Result<> look();
    [[nodiscard]] Result<json::Value> get(const std::string& path);

    const std::string api_;
    const Observer observer_;
    ClusterShop shop_;
    http::Client client_;  // of the one thread that looks
    std::uint64_t last_record_ = 0;
    mutable std::mutex mutex_;  // of the snapshot
    std::shared_ptr<const api::Snapshot> snapshot_ = std::make_shared<api::Snapshot>();
    std::atomic<bool> closing_ = false;
    std::thread thread_;
};

}  // namespace homeostat::demo
