// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "homeostat/adapters/actuate/process/fleet.h"
#include "homeostat/adapters/actuate/process/protocol.h"

namespace homeostat::actuate {

/// Carries out orders on a fleet, each id at most once, and remembers the results.
class OrderDesk {
public:
    /// The oldest results are forgotten beyond this; an order that comes back after that is stopped by
    /// its lease, which is far shorter than so many orders take.
    static constexpr std::size_t kResultsMax = 4096;

    explicit OrderDesk(Fleet& fleet) : fleet_(fleet) {}

    [[nodiscard]] awaitable<model::OrderResult> execute(ExecuteRequest request);
    /// An id that has not come by now is closed: it will not be carried out later.
    [[nodiscard]] model::OrderResult reconcile(const model::OrderId& order);
    /// A deployment that no order asked for.
    [[nodiscard]] awaitable<Result<>> deploy(DeployRequest request);

private:
    /// What an act needs, all of it found and checked.
    struct Job {
        const model::Order& order;
        Service& service;
        Instance* instance;  // nullptr: the order names none
    };

    [[nodiscard]] awaitable<model::OrderResult> carry_out(const model::Order& order);
    [[nodiscard]] awaitable<model::OrderResult> act(Job job);
    [[nodiscard]] awaitable<model::OrderResult> restart(Job job);
    [[nodiscard]] awaitable<model::OrderResult> scale(Job job);
    [[nodiscard]] awaitable<model::OrderResult> rollback(Job job);
    [[nodiscard]] model::OrderResult reroute(Job job);
    [[nodiscard]] model::OrderResult throttle(Job job);
    void remember(const model::OrderId& order, std::optional<model::OrderResult> result);

    Fleet& fleet_;
    std::map<model::OrderId, std::optional<model::OrderResult>> results_;  // empty: in progress
    std::deque<model::OrderId> age_;                                       // oldest first
};

}  // namespace homeostat::actuate
