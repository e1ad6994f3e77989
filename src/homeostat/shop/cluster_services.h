// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "homeostat/shop/directory.h"

namespace homeostat::shop {

/// The Services of the namespace that our pod is in, as the kubelet tells them by the variables
/// RATE_LIMITER_SERVICE_HOST and RATE_LIMITER_SERVICE_PORT. They must be there before the pod is.
class ClusterServices final : public Directory {
public:
    [[nodiscard]] std::optional<std::string> next(const model::ServiceId& service,
                                                  const std::string& avoid) override;
    [[nodiscard]] double rate_of_one(const model::ServiceId& /*service*/) override { return 0; }
    /// A connection that is kept would stay with one pod, whichever are added or taken out.
    [[nodiscard]] http::Fields headers() const override { return {{"connection", "close"}}; }
};

}  // namespace homeostat::shop
