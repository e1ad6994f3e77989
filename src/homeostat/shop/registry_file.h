// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "homeostat/adapters/actuate/process/registry.h"
#include "homeostat/shop/directory.h"

namespace homeostat::shop {

/// The supervisor's registry as a service sees it: read again when the file has changed, looked at no
/// more often than every 50 ms. The routed instances of a service take turns.
class RegistryFile final : public Directory {
public:
    explicit RegistryFile(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] std::optional<std::string> next(const model::ServiceId& service,
                                                  const std::string& avoid) override;
    [[nodiscard]] double rate_of_one(const model::ServiceId& service) override;

private:
    /// Shared by the requests that were balanced over this state of the registry.
    [[nodiscard]] std::shared_ptr<const actuate::Registry> current();

    const std::string path_;
    std::atomic<std::size_t> turn_ = 0;
    std::mutex mutex_;
    std::chrono::steady_clock::time_point looked_{};
    std::string seen_;  // the text that `registry_` was read from
    std::shared_ptr<const actuate::Registry> registry_ = std::make_shared<actuate::Registry>();
};

}  // namespace homeostat::shop
