// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/order_desk.h"

#include <algorithm>
#include <cmath>
#include <ranges>

namespace homeostat::actuate {
namespace {

using model::ActionKind;
using model::OrderOutcome;
using model::OrderResult;

OrderResult result_of(const model::Order& order, OrderOutcome outcome, std::string detail) {
    return {.id = order.id, .outcome = outcome, .detail = std::move(detail)};
}

OrderResult refused(const model::Order& order, std::string why) {
    return result_of(order, OrderOutcome::refused, std::move(why));
}

OrderResult result_of(const model::Order& order, const Result<>& acted) {
    return acted ? result_of(order, OrderOutcome::done, "")
                 : result_of(order, OrderOutcome::failed, acted.error().message);
}

/// The parameter `name`, or nullopt when the order has none of that name and type.
template <class T>
std::optional<T> parameter(const model::Order& order, const std::string& name) {
    const auto found = order.action.parameters.find(name);
    if (found == order.action.parameters.end()) return std::nullopt;
    auto value = from_json<T>(found->second);
    return value ? std::optional(std::move(*value)) : std::nullopt;
}

model::ActionRequest undo_of(const model::Order& order, const std::string& name, json::Value before) {
    auto undo = order.action;
    undo.parameters = {{name, std::move(before)}};
    return undo;
}

/// Marks a service as busy for as long as an act on it lasts.
class BusyGuard {
public:
    explicit BusyGuard(Service& service) : service_(service) { service_.busy = true; }
    ~BusyGuard() { service_.busy = false; }
    BusyGuard(const BusyGuard&) = delete;
    BusyGuard& operator=(const BusyGuard&) = delete;

private:
    Service& service_;
};

}  // namespace

awaitable<OrderResult> OrderDesk::execute(ExecuteRequest request) {
    const auto& order = request.order;
    if (const auto known = results_.find(order.id); known != results_.end()) {
        const auto& result = known->second;
        if (result) co_return *result;
        co_return result_of(order, OrderOutcome::unknown, "is still being carried out");
    }
    const bool lease_over = std::chrono::steady_clock::now().time_since_epoch() >= request.lease_until;
    remember(order.id, std::nullopt);
    auto result = refused(order, "its lease is over");
    if (!lease_over) result = co_await carry_out(order);
    remember(order.id, result);
    co_return result;
}

OrderResult OrderDesk::reconcile(const model::OrderId& order) {
    const auto known = results_.find(order);
    if (known == results_.end()) {
        const OrderResult closed{.id = order,
                                 .outcome = OrderOutcome::failed,
                                 .detail = "never arrived; it will not be carried out"};
        remember(order, closed);
        return closed;
    }
    const auto& result = known->second;
    if (result) return *result;
    return {.id = order, .outcome = OrderOutcome::unknown, .detail = "is still being carried out"};
}

void OrderDesk::remember(const model::OrderId& order, std::optional<OrderResult> result) {
    const auto [entry, added] = results_.insert_or_assign(order, std::move(result));
    if (!added) return;
    age_.push_back(order);
    if (age_.size() <= kResultsMax) return;
    const auto oldest = std::ranges::find_if(age_, [&](const auto& id) { return results_[id].has_value(); });
    if (oldest == age_.end()) return;  // all in progress: at most one for each service
    results_.erase(*oldest);
    age_.erase(oldest);
}

awaitable<OrderResult> OrderDesk::carry_out(const model::Order& order) {
    auto* service = fleet_.find(order.action.service);
    if (service == nullptr)
        co_return refused(order, "there is no service '" + order.action.service.value() + "'");
    if (service->busy) co_return refused(order, "another act on it is in progress");
    Instance* instance = nullptr;
    if (order.action.instance) {
        instance = Fleet::find(*service, *order.action.instance);
        if (instance == nullptr) {
            co_return refused(order, "there is no instance '" + order.action.instance->value() + "'");
        }
    }
    const BusyGuard busy(*service);
    const Job job{.order = order, .service = *service, .instance = instance};
    co_return co_await act(job);
}

awaitable<OrderResult> OrderDesk::act(Job job) {
    switch (job.order.action.kind) {
        case ActionKind::restart: co_return co_await restart(job);
        case ActionKind::scale: co_return co_await scale(job);
        case ActionKind::rollback: co_return co_await rollback(job);
        case ActionKind::reroute: co_return reroute(job);
        case ActionKind::throttle: co_return throttle(job);
        case ActionKind::script:
        case ActionKind::kubectl: break;
    }
    co_return refused(job.order, "the supervisor knows no such act");
}

awaitable<OrderResult> OrderDesk::restart(Job job) {
    if (job.instance != nullptr) {
        const auto restarted = co_await fleet_.restart(job.service, *job.instance, job.order.id);
        co_return result_of(job.order, restarted);
    }
    for (auto& instance : job.service.instances | std::views::values) {
        const auto restarted = co_await fleet_.restart(job.service, instance, job.order.id);
        if (!restarted) co_return result_of(job.order, restarted);
    }
    co_return result_of(job.order, Result<>{});
}

awaitable<OrderResult> OrderDesk::scale(Job job) {
    const auto replicas = parameter<std::int32_t>(job.order, "replicas");
    const auto limit = job.service.config.replicas_max;
    if (!replicas || *replicas < 1 || *replicas > limit) {
        co_return refused(job.order, "replicas must be a number from 1 to " + std::to_string(limit));
    }
    auto undo = undo_of(job.order, "replicas", static_cast<std::int64_t>(job.service.instances.size()));
    const auto scaled = co_await fleet_.scale(job.service, *replicas, job.order.id);
    auto result = result_of(job.order, scaled);
    if (result.outcome == OrderOutcome::done) result.undo = std::move(undo);
    co_return result;
}

awaitable<OrderResult> OrderDesk::rollback(Job job) {
    auto version = parameter<model::DeploymentVersion>(job.order, "version");
    if (!version) {
        if (job.service.history.empty()) co_return refused(job.order, "there is no version before this one");
        version = job.service.history.back();
    }
    if (!job.service.config.versions.contains(*version)) {
        co_return refused(job.order, "there is no version '" + version->value() + "'");
    }
    if (*version == job.service.version)
        co_return refused(job.order, "it runs version '" + version->value() + "'");
    auto undo = undo_of(job.order, "version", job.service.version.value());
    const auto changed = co_await fleet_.change_version(job.service, *version, job.order.id);
    auto result = result_of(job.order, changed);
    if (result.outcome == OrderOutcome::done) result.undo = std::move(undo);
    co_return result;
}

OrderResult OrderDesk::reroute(Job job) {
    if (job.instance == nullptr) return refused(job.order, "name the instance to route around");
    const bool enabled = parameter<bool>(job.order, "enabled").value_or(true);
    const bool routed = !enabled;
    const auto others =
        std::ranges::count_if(job.service.instances | std::views::values, [&](const auto& other) {
            return other.id != job.instance->id && other.routed && !other.address.empty();
        });
    if (!routed && others == 0) return refused(job.order, "it is the last instance that takes traffic");
    auto result = result_of(job.order, OrderOutcome::done, "");
    result.undo = undo_of(job.order, "enabled", !job.instance->routed);
    fleet_.route(job.service, *job.instance, routed, job.order.id);
    return result;
}

OrderResult OrderDesk::throttle(Job job) {
    const auto rate = parameter<double>(job.order, "rate_rps");
    if (!rate || !std::isfinite(*rate) || *rate < 0) {
        return refused(job.order, "rate_rps must be a number, 0 for no limit");
    }
    auto result = result_of(job.order, OrderOutcome::done, "");
    result.undo = undo_of(job.order, "rate_rps", job.service.rate_rps);
    fleet_.throttle(job.service, *rate, job.order.id);
    return result;
}

awaitable<Result<>> OrderDesk::deploy(DeployRequest request) {
    auto* service = fleet_.find(request.service);
    if (service == nullptr) {
        co_return fail(ErrorCode::not_found, "there is no service '" + request.service.value() + "'");
    }
    if (!service->config.versions.contains(request.version)) {
        co_return fail(ErrorCode::not_found, "service '" + request.service.value() + "' has no version '" +
                                                 request.version.value() + "'");
    }
    if (service->busy) co_return fail(ErrorCode::conflict, "another act on it is in progress: try again");
    if (service->version == request.version) co_return Result<>{};
    const BusyGuard busy(*service);
    co_return co_await fleet_.change_version(*service, request.version, std::nullopt);
}

}  // namespace homeostat::actuate
