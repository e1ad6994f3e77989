// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "homeostat/act/actuator.h"
#include "homeostat/act/kubernetes_config.h"
#include "homeostat/adapters/actuate/kubernetes/client.h"
#include "homeostat/adapters/actuate/kubernetes/decision.h"
#include "homeostat/adapters/actuate/records/record_store.h"

namespace homeostat::kubernetes {

/// What is known of an order. It is on disk before the write leaves, and again with the result.
struct OrderRecord {
    model::Order order;
    std::optional<Decision> decision;
    std::optional<model::OrderResult> result;

    static constexpr auto describe() {
        return std::tuple{field("order", &OrderRecord::order), field("decision", &OrderRecord::decision),
                          field("result", &OrderRecord::result)};
    }
};

/// Acts on a cluster through its API. An order is carried out as: read the state, decide, let the server try
/// it (dry run), keep the decision on disk, write; and all of that again when the object has changed in
/// between.
///
/// `done` means that the server has stored what is wanted; that it helped is for the verification to see. A
/// write without an answer is settled by reading whether its effect is there; while nobody answers it is
/// `unknown`. A decision found on disk after a crash is settled the same way.
class KubernetesActuator final : public act::Actuator {
public:
    /// How often an order is decided upon again because the object has changed.
    static constexpr int kDecisionsMax = 5;

    /// `records_dir` keeps what is known of orders. The cluster need not be up. Errors: those of reading the
    /// access to it, `failed_precondition` for the folder.
    [[nodiscard]] static Result<std::unique_ptr<KubernetesActuator>> create(act::KubernetesConfig config,
                                                                            std::string records_dir);

    [[nodiscard]] bool supports(model::ActionKind kind) const noexcept override;
    [[nodiscard]] model::OrderResult execute(const model::Order& order, LoopTime now) override;
    [[nodiscard]] model::OrderResult reconcile(const model::OrderId& order) override;

private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    KubernetesActuator(act::KubernetesConfig config, ClusterAccess access, actuate::RecordStore records);

    [[nodiscard]] Result<std::optional<OrderRecord>> find(const model::OrderId& order) const;
    [[nodiscard]] Result<> keep(const OrderRecord& record);
    [[nodiscard]] model::OrderResult conclude(OrderRecord record, model::OrderResult result);
    [[nodiscard]] model::OrderResult carry_out(OrderRecord& record);
    [[nodiscard]] model::OrderResult write(OrderRecord& record, const Action& action, SteadyTime deadline);
    [[nodiscard]] model::OrderResult drain(OrderRecord& record, const Drain& drain, SteadyTime deadline);
    [[nodiscard]] model::OrderResult finish_drain(const OrderRecord& record, const Drain& drain,
                                                  SteadyTime deadline);
    [[nodiscard]] model::OrderResult settle(const OrderRecord& record, SteadyTime deadline);

    act::KubernetesConfig config_;
    Client client_;
    actuate::RecordStore records_;
};

/// The access that a configuration names: a kubeconfig, or the account of the pod that we are.
[[nodiscard]] Result<ClusterAccess> access_of(const act::KubernetesConfig& config);

}  // namespace homeostat::kubernetes
