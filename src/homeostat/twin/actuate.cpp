// SPDX-License-Identifier: Apache-2.0
// How the world obeys orders.
#include <fmt/format.h>

#include <algorithm>

#include "homeostat/base/hash.h"
#include "homeostat/twin/random.h"
#include "homeostat/twin/world.h"

namespace homeostat::twin {
namespace {

using model::ActionKind;
using model::OrderOutcome;
using model::OrderResult;

OrderResult answer(const model::Order& order, OrderOutcome outcome, std::string detail) {
    return {.id = order.id, .outcome = outcome, .detail = std::move(detail)};
}

OrderResult refuse(const model::Order& order, std::string detail) {
    return answer(order, OrderOutcome::refused, std::move(detail));
}

model::ActionRequest request(const model::Order& order, ActionKind kind) {
    return {.kind = kind, .service = order.action.service, .instance = order.action.instance};
}

std::optional<double> number(const model::Order& order, const std::string& name) {
    const auto found = order.action.parameters.find(name);
    if (found == order.action.parameters.end()) return std::nullopt;
    if (const auto* whole = found->second.as_integer()) return static_cast<double>(*whole);
    if (const auto* real = found->second.as_double()) return *real;
    return std::nullopt;
}

Duration start_time(Prng& prng) {
    return std::chrono::milliseconds{1000 + static_cast<std::int64_t>(prng.below(2000))};
}

}  // namespace

OrderResult World::apply(const model::Order& order, LoopTime now) {
    if (const auto known = answers_.find(order.id); known != answers_.end()) return known->second.result;
    if (now > order.lease_until) return refuse(order, "the lease of the order is over");
    return answers_.emplace(order.id, carry_out(order, now)).first->second.result;
}

OrderResult World::reconcile(const model::OrderId& order) {
    const OrderResult lost{.id = order, .outcome = OrderOutcome::failed, .detail = "it never arrived"};
    return answers_.try_emplace(order, Answer{.result = lost}).first->second.result;
}

LoopTime World::completed_at(const model::OrderId& order) const {
    const auto known = answers_.find(order);
    return known == answers_.end() ? LoopTime{} : known->second.completed_at;
}

World::Answer World::carry_out(const model::Order& order, LoopTime now) {
    auto* service = find(order.action.service);
    if (service == nullptr) {
        return {refuse(order, fmt::format("there is no service '{}'", order.action.service.value()))};
    }
    switch (order.action.kind) {
        case ActionKind::restart: return restart(*service, order, now);
        case ActionKind::scale: return scale(*service, order, now);
        case ActionKind::rollback: return rollback(*service, order, now);
        case ActionKind::reroute: return reroute(*service, order, now);
        case ActionKind::throttle: return throttle(*service, order, now);
        case ActionKind::script:
        case ActionKind::kubectl: break;
    }
    return {refuse(order, fmt::format("a simulated world has no {}", to_string(order.action.kind)))};
}

World::Answer World::restart(Service& service, const model::Order& order, LoopTime now) {
    Prng prng(hash64(order.id.value(), seed_));
    LoopTime at = now;
    std::size_t count = 0;
    for (auto& instance : service.instances) {
        if (order.action.instance && instance.id != *order.action.instance) continue;
        instance.restart_at = at;
        instance.restart_takes = start_time(prng);
        instance.restarted_by = order.id;
        at += instance.restart_takes;
        ++count;
    }
    if (count == 0) return {refuse(order, "there is no such instance")};
    return {answer(order, OrderOutcome::done, fmt::format("restarted {} instance(s)", count)), at};
}

World::Answer World::scale(Service& service, const model::Order& order, LoopTime now) {
    const auto wanted = number(order, "replicas");
    if (!wanted || *wanted < 1 || *wanted > kMaxReplicas) {
        return {refuse(order, fmt::format("replicas must lie in 1..{}", kMaxReplicas))};
    }
    const auto before = service.instances.size();
    const auto after = static_cast<std::size_t>(*wanted);
    Prng prng(hash64(order.id.value(), seed_));
    LoopTime complete = now;
    while (service.instances.size() > after) {
        cure_instance(service, service.instances.back().id, order.id, now);  // gone, and its trouble with it
        service.instances.pop_back();
    }
    if (after > before) service.relieved_by = order.id;
    while (service.instances.size() < after) {
        Instance& instance = add_instance(service);
        instance.down_until = now + start_time(prng);
        instance.restarted_by = order.id;
        complete = std::max(complete, *instance.down_until);
    }
    note(now, service, nullptr, model::ChangeKind::scaled, std::to_string(after), order.id);
    Answer done{answer(order, OrderOutcome::done, fmt::format("scaled from {} to {}", before, after)),
                complete};
    done.result.undo = request(order, ActionKind::scale);
    done.result.undo->parameters["replicas"] = static_cast<std::int64_t>(before);
    return done;
}

World::Answer World::rollback(Service& service, const model::Order& order, LoopTime now) {
    model::DeploymentVersion target = service.previous_version;
    const auto given = order.action.parameters.find("version");
    if (given != order.action.parameters.end() && given->second.as_string() != nullptr) {
        target = model::DeploymentVersion{*given->second.as_string()};
    }
    if (target == service.version || service.rollback_at) {
        return {refuse(order, fmt::format("it runs {} or is being rolled back", target.value()))};
    }
    service.rollback_at = now + std::chrono::seconds{2};
    service.rollback_to = target;
    service.rollback_by = order.id;
    Answer done{answer(order, OrderOutcome::done,
                       fmt::format("rolled back from {} to {}", service.version.value(), target.value())),
                *service.rollback_at};
    done.result.undo = request(order, ActionKind::rollback);
    done.result.undo->parameters["version"] = service.version.value();
    return done;
}

World::Answer World::reroute(Service& service, const model::Order& order, LoopTime now) {
    const auto same = [&](const Instance& instance) { return instance.id == order.action.instance; };
    const auto found = std::find_if(service.instances.begin(), service.instances.end(), same);
    if (found == service.instances.end()) return {refuse(order, "there is no such instance")};
    const auto given = order.action.parameters.find("enabled");
    const bool away = given == order.action.parameters.end() || given->second.as_bool() == nullptr ||
                      *given->second.as_bool();
    const auto others = std::count_if(
        service.instances.begin(), service.instances.end(),
        [&](const Instance& other) { return other.in_rotation && other.alive() && other.id != found->id; });
    if (away && others == 0) return {refuse(order, "no other instance would be left to take the traffic")};
    const bool was_away = !found->in_rotation;
    found->in_rotation = !away;
    Answer done{
        answer(order, OrderOutcome::done, away ? "taken out of the traffic" : "put back into the traffic"),
        now};
    done.result.undo = request(order, ActionKind::reroute);
    done.result.undo->parameters["enabled"] = was_away;
    return done;
}

World::Answer World::throttle(Service& service, const model::Order& order, LoopTime now) {
    const auto limit = number(order, "rate_rps");
    if (!limit || *limit < 0) return {refuse(order, "rate_rps must be 0 or more")};
    const double before = service.throttle_rps.value_or(0.0);
    service.throttle_rps = *limit > 0 ? limit : std::nullopt;
    if (service.throttle_rps) service.relieved_by = order.id;
    Answer done{answer(order, OrderOutcome::done, fmt::format("limited to {} requests a second", *limit)),
                now};
    done.result.undo = request(order, ActionKind::throttle);
    done.result.undo->parameters["rate_rps"] = before;
    return done;
}

}  // namespace homeostat::twin
