// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/kubernetes_actuator.h"

#include <fmt/format.h>

#include <cstdlib>
#include <thread>
#include <utility>

#include "homeostat/adapters/actuate/kubernetes/drain.h"

namespace homeostat::kubernetes {
namespace {

using model::ActionKind;
using model::OrderOutcome;
using model::OrderResult;

constexpr auto kBetweenReads =
    std::chrono::milliseconds(200);  // between two attempts to read what became of a write

OrderResult result_of(const model::OrderId& order, OrderOutcome outcome, std::string detail) {
    return {.id = order, .outcome = outcome, .detail = std::move(detail)};
}

/// Nothing was written. What another attempt may change is `failed`, the rest is `refused`.
OrderResult not_done(const model::OrderId& order, const Error& error) {
    const bool again = error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded ||
                       error.code == ErrorCode::resource_exhausted || error.code == ErrorCode::conflict;
    return result_of(order, again ? OrderOutcome::failed : OrderOutcome::refused, error.message);
}

bool is_unanswered(const Error& error) {
    return error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded;
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody calls setenv
    return value != nullptr ? value : "";
}

OrderResult done(const OrderRecord& record) {
    auto result = result_of(record.order.id, OrderOutcome::done, record.decision->detail);
    result.undo = record.decision->undo;
    return result;
}

}  // namespace

Result<ClusterAccess> access_of(const act::KubernetesConfig& config) {
    if (!config.kubeconfig.empty()) return read_kubeconfig(config.kubeconfig, config.context);
    return read_account(std::string(kAccountFolder), variable("KUBERNETES_SERVICE_HOST"),
                        variable("KUBERNETES_SERVICE_PORT"));
}

KubernetesActuator::KubernetesActuator(act::KubernetesConfig config, ClusterAccess access,
                                       actuate::RecordStore records)
    : config_(std::move(config)), client_(std::move(access)), records_(std::move(records)) {}

Result<std::unique_ptr<KubernetesActuator>> KubernetesActuator::create(act::KubernetesConfig config,
                                                                       std::string records_dir) {
    HOMEOSTAT_TRY(auto access, access_of(config));
    HOMEOSTAT_TRY(auto records, actuate::RecordStore::open(std::move(records_dir)));
    return std::unique_ptr<KubernetesActuator>(
        new KubernetesActuator(std::move(config), std::move(access), std::move(records)));
}

bool KubernetesActuator::supports(ActionKind kind) const noexcept {
    return kind == ActionKind::restart || kind == ActionKind::scale || kind == ActionKind::rollback ||
           kind == ActionKind::reroute || kind == ActionKind::kubectl;
}

Result<std::optional<OrderRecord>> KubernetesActuator::find(const model::OrderId& order) const {
    HOMEOSTAT_TRY(const auto json, records_.find(order));
    if (!json) return std::nullopt;
    auto record = from_json<OrderRecord>(*json);
    if (!record) return fail(ErrorCode::data_loss, "the record of an order: " + record.error().message);
    return *std::move(record);
}

Result<> KubernetesActuator::keep(const OrderRecord& record) {
    return records_.put(record.order.id, to_json(record));
}

OrderResult KubernetesActuator::conclude(OrderRecord record, OrderResult result) {
    if (result.outcome == OrderOutcome::unknown) return result;  // stays open, to be settled later
    record.result = result;
    if (auto kept = keep(record); !kept) result.detail += " (" + kept.error().message + ")";
    return result;
}

OrderResult KubernetesActuator::execute(const model::Order& order, LoopTime now) {
    const auto known = find(order.id);
    if (!known) return result_of(order.id, OrderOutcome::unknown, known.error().message);
    const auto deadline = std::chrono::steady_clock::now() + order.timeout;
    const bool lease_over = now >= order.lease_until;
    if (const auto& found = *known) {
        if (found->result) return *found->result;
        auto settled = settle(*found, deadline);
        if (settled.outcome != OrderOutcome::failed || lease_over)
            return conclude(*found, std::move(settled));
    }
    if (lease_over) return result_of(order.id, OrderOutcome::refused, "its lease is over");
    OrderRecord record{.order = order};
    auto result = carry_out(record);
    return conclude(std::move(record), std::move(result));
}

OrderResult KubernetesActuator::reconcile(const model::OrderId& order) {
    const auto known = find(order);
    if (!known) return result_of(order, OrderOutcome::unknown, known.error().message);
    if (const auto& found = *known) {
        if (found->result) return *found->result;
        return conclude(*found, settle(*found, std::chrono::steady_clock::now() + found->order.timeout));
    }
    OrderRecord closed{.order = {.id = order}};
    closed.result = result_of(order, OrderOutcome::failed, "never arrived; it will not be carried out");
    if (auto kept = keep(closed); !kept) return result_of(order, OrderOutcome::unknown, kept.error().message);
    return *closed.result;
}

OrderResult KubernetesActuator::carry_out(OrderRecord& record) {
    const auto deadline = std::chrono::steady_clock::now() + record.order.timeout;
    const auto action = translate(record.order, config_);
    if (!action) return result_of(record.order.id, OrderOutcome::refused, action.error().message);
    if (const auto* wanted = std::get_if<Drain>(&*action)) return drain(record, *wanted, deadline);
    return write(record, *action, deadline);
}

OrderResult KubernetesActuator::write(OrderRecord& record, const Action& action, SteadyTime deadline) {
    const auto& id = record.order.id;
    for (int attempt = 0; attempt < kDecisionsMax; ++attempt) {
        auto decision = decide(client_, record.order, action);
        if (!decision) return not_done(id, decision.error());
        // A pod that came in the place of the one that was meant is not to be removed: a removal is decided
        // once.
        const bool once = std::holds_alternative<RemovePod>(action);
        auto tried = send(client_, *decision, Dry::yes);
        if (!tried && tried.error().code == ErrorCode::conflict && !once) continue;
        if (!tried) return not_done(id, tried.error());
        if (std::chrono::steady_clock::now() >= deadline) {
            return result_of(id, OrderOutcome::failed, "its time was over before anything was written");
        }
        record.decision = *std::move(decision);
        if (auto kept = keep(record); !kept) return result_of(id, OrderOutcome::failed, kept.error().message);
        const auto sent = send(client_, *record.decision, Dry::no);
        if (sent) return done(record);
        if (is_unanswered(sent.error())) return settle(record, deadline);
        if (sent.error().code != ErrorCode::conflict || once) return not_done(id, sent.error());
    }
    return result_of(id, OrderOutcome::failed, "the object changed each time before it could be written");
}

OrderResult KubernetesActuator::settle(const OrderRecord& record, SteadyTime deadline) {
    const auto& id = record.order.id;
    for (;;) {
        const auto reached = is_done(client_, *record.decision);
        if (reached && !*reached) {
            return result_of(id, OrderOutcome::failed, "it was not carried out: its effect is not there");
        }
        if (reached) {
            const auto action = translate(record.order, config_);
            const auto* drained = action ? std::get_if<Drain>(&*action) : nullptr;
            return drained != nullptr ? finish_drain(record, *drained, deadline) : done(record);
        }
        if (std::chrono::steady_clock::now() + kBetweenReads >= deadline) {
            return result_of(id, OrderOutcome::unknown, reached.error().message);
        }
        std::this_thread::sleep_for(kBetweenReads);
    }
}

OrderResult KubernetesActuator::drain(OrderRecord& record, const Drain& drain, SteadyTime deadline) {
    if (auto fine = check_drain(client_, drain); !fine) return not_done(record.order.id, fine.error());
    auto cordoned = write(record, drain, deadline);
    if (cordoned.outcome != OrderOutcome::done) return cordoned;
    return finish_drain(record, drain, deadline);
}

OrderResult KubernetesActuator::finish_drain(const OrderRecord& record, const Drain& drain,
                                             SteadyTime deadline) {
    const auto& id = record.order.id;
    const auto report = evict_all(client_, drain, deadline);
    auto result = done(record);
    if (report.left.empty()) {
        result.detail = fmt::format("drained {}: {} pods evicted", to_string(drain.node), report.evicted);
        return result;
    }
    const auto trouble =
        fmt::format("{} pods are left, such as {}; {}", report.left.size(), report.left.front(),
                    report.why.empty() ? "they take long to end" : report.why);
    // What has been evicted runs elsewhere; that the node takes pods again is all there is to take back.
    const model::Order back{.id = id, .action = *record.decision->undo};
    const auto uncordon = translate(back, config_);
    const auto decision = uncordon ? decide(client_, back, *uncordon) : std::unexpected(uncordon.error());
    const auto sent = decision ? send(client_, *decision, Dry::no) : std::unexpected(decision.error());
    if (sent) return result_of(id, OrderOutcome::failed, trouble + "; the node takes pods as before");
    return result_of(id, OrderOutcome::unknown,
                     fmt::format("{}; and the node is still cordoned: {}", trouble, sent.error().message));
}

}  // namespace homeostat::kubernetes
