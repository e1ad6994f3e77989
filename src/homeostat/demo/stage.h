// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "homeostat/api/control.h"
#include "homeostat/base/result.h"
#include "homeostat/model/audit_record.h"
#include "homeostat/shop/faults.h"

namespace homeostat::demo {

/// What the tour is played on: the shop, under load, and Homeostat that watches it.
class Stage {
public:
    /// Is told of each decision, on a thread of the stage.
    using Observer = std::function<void(const model::AuditRecord&)>;

    Stage() = default;
    virtual ~Stage() = default;
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    /// For people: what is there, and where to look.
    [[nodiscard]] virtual std::string introduction() const = 0;
    [[nodiscard]] virtual std::shared_ptr<const api::Snapshot> snapshot() const = 0;

    /// Breaks the shop. Errors: `failed_precondition` when what is to be hit does not run, `unavailable`.
    [[nodiscard]] virtual Result<shop::GroundTruth> inject(shop::Fault fault) = 0;
    /// Whether what the shop lives in has ended the fault by its own means.
    [[nodiscard]] virtual bool ended_by_itself(const shop::GroundTruth& truth) = 0;
    /// Ends the fault by hand where it still lasts.
    [[nodiscard]] virtual Result<> revoke(const shop::GroundTruth& truth) = 0;
};

}  // namespace homeostat::demo
