// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "homeostat/act/actuator.h"
#include "homeostat/adapters/actuate/process/supervisor_client.h"

namespace homeostat::actuate {

/// Acts on local processes through their supervisor: restart, scale, rollback, reroute, throttle.
class ProcessActuator final : public act::Actuator {
public:
    explicit ProcessActuator(std::string socket_path) : client_(std::move(socket_path)) {}

    [[nodiscard]] bool supports(model::ActionKind kind) const noexcept override;
    [[nodiscard]] model::OrderResult execute(const model::Order& order, LoopTime now) override;
    [[nodiscard]] model::OrderResult reconcile(const model::OrderId& order) override;

private:
    SupervisorClient client_;
};

}  // namespace homeostat::actuate
