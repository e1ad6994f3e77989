// SPDX-License-Identifier: Apache-2.0
#include "homeostat/twin/world.h"

#include <gtest/gtest.h>

#include "homeostat/base/hash.h"

namespace homeostat::twin {
namespace {

using model::Feature;
using namespace std::chrono_literals;

World make_world(std::uint64_t seed = 1, std::uint32_t services = 12) {
    auto world = World::create({.seed = seed, .services = services});
    EXPECT_TRUE(world.has_value());
    for (int i = 0; i < 30; ++i) world->advance();
    return std::move(*world);
}

void run(World& world, int seconds) {
    for (int i = 0; i < seconds; ++i) world.advance();
}

/// A service that has callers and callees.
const Service& inner_service(const World& world) {
    for (const auto& service : world.state().services) {
        if (service.profile.entry_rps == 0 && service.edges_begin < service.edges_end) return service;
    }
    ADD_FAILURE() << "no inner service";
    return world.state().services.front();
}

const model::FeatureWindow* window_of(const World& world, const model::Subject& subject) {
    for (const auto& window : world.windows()) {
        if (window.subject == subject) return &window;
    }
    return nullptr;
}

double value_of(const World& world, const model::Subject& subject, Feature feature) {
    const auto* window = window_of(world, subject);
    return window == nullptr ? -1.0 : window->values.get_or(feature, -1.0);
}

model::Subject caller_edge(const World& world, const model::ServiceId& callee) {
    for (const auto& edge : world.state().edges) {
        const auto& services = world.state().services;
        if (services[edge.profile.callee].profile.id == callee) {
            return {.service = services[edge.profile.caller].profile.id, .callee = callee};
        }
    }
    ADD_FAILURE() << "nobody calls " << callee.value();
    return {};
}

model::Order order_for(const World& world, const FaultRecord& fault, model::ActionKind kind,
                       std::string id = "o1") {
    model::Order order;
    order.id = model::OrderId{std::move(id)};
    order.action.kind = kind;
    order.action.service = fault.service;
    if (kind == model::ActionKind::restart || kind == model::ActionKind::reroute)
        order.action.instance = fault.instance;
    if (kind == model::ActionKind::scale) order.action.parameters["replicas"] = std::int64_t{kMaxReplicas};
    if (kind == model::ActionKind::throttle) order.action.parameters["rate_rps"] = 1.0;
    order.issued_at = world.now().loop;
    order.lease_until = order.issued_at + 20s;
    return order;
}

const FaultRecord& inject(World& world, FaultKind kind, double severity = 0.5) {
    const auto number = world.inject(
        {.kind = kind, .service = inner_service(world).profile.id, .severity = severity}, world.now().loop);
    EXPECT_TRUE(number.has_value()) << (number ? "" : number.error().message);
    return world.faults().back();
}

std::uint64_t fingerprint(World& world, int seconds) {
    std::uint64_t hash = 0;
    for (int i = 0; i < seconds; ++i) {
        world.advance();
        for (const auto& window : world.windows()) hash = hash64(json::to_text(to_json(window)), hash);
    }
    return hash;
}

TEST(World, RefusesANumberOfServicesOutOfBounds) {
    EXPECT_FALSE(World::create({.services = 4}).has_value());
    EXPECT_FALSE(World::create({.services = 501}).has_value());
}

TEST(World, IsTheSameForTheSameSeed) {
    auto one = make_world(7);
    auto two = make_world(7);
    auto other = make_world(8);
    inject(one, FaultKind::hang);
    inject(two, FaultKind::hang);
    const auto first = fingerprint(one, 20);
    EXPECT_EQ(first, fingerprint(two, 20));
    EXPECT_NE(first, fingerprint(other, 20));
}

TEST(World, StaysWellByItself) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        auto world = make_world(seed, 5 + static_cast<std::uint32_t>(seed) * 8);
        int unwell = 0;
        for (int second = 0; second < 600; ++second) {
            world.advance();
            EXPECT_TRUE(world.changes().empty());
            for (const auto& service : world.state().services)
                unwell += world.is_healthy(service.profile.id) ? 0 : 1;
        }
        EXPECT_EQ(unwell, 0) << "seed " << seed;
    }
}

TEST(World, EveryServiceCarriesTraffic) {
    for (std::uint32_t services : {5U, 50U, 200U}) {
        auto world = make_world(3, services);
        EXPECT_EQ(world.state().services.size(), services);
        for (const auto& service : world.state().services) EXPECT_GT(service.profile.nominal_rps, 1.0);
        for (const auto& edge : world.state().edges) EXPECT_LT(edge.profile.caller, edge.profile.callee);
    }
}

TEST(World, ACrashTakesAReplicaAndItsCallersSeeErrors) {
    auto world = make_world();
    const auto& fault = inject(world, FaultKind::crash);
    const model::Subject service{.service = fault.service};
    const double replicas = value_of(world, service, Feature::replicas);
    world.advance();
    ASSERT_EQ(world.changes().size(), 1U);
    EXPECT_EQ(world.changes()[0].kind, model::ChangeKind::instance_exited);
    run(world, 1);
    EXPECT_EQ(value_of(world, service, Feature::replicas), replicas - 1);
    EXPECT_GT(value_of(world, caller_edge(world, fault.service), Feature::error_rate), 0.05);
    run(world, 3);
    const auto* instance = window_of(world, {.service = fault.service, .instance = fault.instance});
    ASSERT_NE(instance, nullptr);
    EXPECT_EQ(instance->freshness, model::Freshness::stale);
}

TEST(World, AHangLeavesTheCallersWaitingForTheirTimeOut) {
    auto world = make_world();
    const auto& fault = inject(world, FaultKind::hang);
    run(world, 3);
    EXPECT_TRUE(world.changes().empty());
    const auto edge = caller_edge(world, fault.service);
    EXPECT_GT(value_of(world, edge, Feature::error_rate), 0.05);
    EXPECT_GT(value_of(world, edge, Feature::latency_p99_ms), 200.0);
}

TEST(World, ASurgeRaisesRateAndLatencyTogether) {
    auto world = make_world();
    const model::Subject service{.service = inner_service(world).profile.id};
    const double rate = value_of(world, service, Feature::rate_rps);
    const double latency = value_of(world, service, Feature::latency_ms);
    inject(world, FaultKind::load_surge);
    run(world, 3);
    EXPECT_GT(value_of(world, service, Feature::rate_rps), 1.5 * rate);
    EXPECT_GT(value_of(world, service, Feature::latency_ms), 1.5 * latency);
}

TEST(World, ABurnUsesCpuWithoutRequests) {
    auto world = make_world();
    const auto& fault = inject(world, FaultKind::cpu_burn);
    const model::Subject instance{.service = fault.service, .instance = fault.instance};
    const double cpu = value_of(world, instance, Feature::cpu_pct);
    run(world, 2);
    EXPECT_GT(value_of(world, instance, Feature::cpu_pct), cpu + 50.0);
}

TEST(World, ALeakGrowsUntilTheInstanceIsKilled) {
    auto world = make_world();
    const auto& fault = inject(world, FaultKind::memory_leak, 1.0);
    const model::Subject instance{.service = fault.service, .instance = fault.instance};
    const double before = value_of(world, instance, Feature::mem_mb);
    run(world, 5);
    EXPECT_GT(value_of(world, instance, Feature::mem_mb), 1.05 * before);
    bool killed = false;
    for (int i = 0; i < 120 && !killed; ++i) {
        world.advance();
        for (const auto& change : world.changes()) killed = killed || change.detail == "signal 9";
    }
    EXPECT_TRUE(killed);
}

TEST(World, ABadVersionAnnouncesItself) {
    auto world = make_world();
    const auto& fault = inject(world, FaultKind::bad_version, 1.0);
    world.advance();
    ASSERT_EQ(world.changes().size(), 1U);
    EXPECT_EQ(world.changes()[0].kind, model::ChangeKind::version_changed);
    EXPECT_FALSE(world.is_healthy(fault.service));
}

TEST(World, ALostDependencyFailsInTheCallerAlone) {
    auto world = make_world();
    const auto& fault = inject(world, FaultKind::lost_dependency);
    run(world, 2);
    EXPECT_GT(value_of(world, {.service = fault.service, .callee = fault.callee}, Feature::error_rate), 0.1);
    EXPECT_LT(value_of(world, {.service = *fault.callee}, Feature::error_rate), 0.05);
    EXPECT_TRUE(world.is_healthy(*fault.callee));
}

TEST(World, SilenceIsOnlySilence) {
    auto world = make_world();
    const auto& fault = inject(world, FaultKind::telemetry_silence);
    world.advance();
    EXPECT_EQ(window_of(world, {.service = fault.service}), nullptr);
    run(world, 4);
    ASSERT_NE(window_of(world, {.service = fault.service}), nullptr);
    EXPECT_EQ(window_of(world, {.service = fault.service})->freshness, model::Freshness::stale);
    EXPECT_LT(value_of(world, caller_edge(world, fault.service), Feature::error_rate), 0.05);
    EXPECT_TRUE(world.is_healthy(fault.service));
    run(world, 61);
    EXPECT_EQ(window_of(world, {.service = fault.service})->freshness, model::Freshness::fresh);
    EXPECT_EQ(world.faults()[0].end, FaultEnd::healed_itself);
}

TEST(World, OnlyTheRightRemedyCures) {
    using enum model::ActionKind;
    constexpr std::array kKinds{FaultKind::crash,           FaultKind::hang,           FaultKind::load_surge,
                                FaultKind::cpu_burn,        FaultKind::memory_leak,    FaultKind::bad_version,
                                FaultKind::slow_dependency, FaultKind::lost_dependency};
    for (const auto kind : kKinds) {
        for (const auto action : {restart, scale, rollback, reroute}) {
            auto world = make_world(5);
            const auto number = inject(world, kind).number;
            run(world, 3);
            const bool has_target = action != reroute || world.faults()[number].instance;
            if (!has_target) continue;
            const auto result =
                world.apply(order_for(world, world.faults()[number], action), world.now().loop);
            run(world, 25);
            const auto& fault = world.faults()[number];
            const auto label = std::string(to_string(kind)) + " by " + std::string(to_string(action));
            EXPECT_EQ(fault.end == FaultEnd::cured, cures(action, kind)) << label << ": " << result.detail;
            if (cures(action, kind)) {
                EXPECT_TRUE(world.is_healthy(fault.service)) << label;
                EXPECT_EQ(fault.cured_by, model::OrderId{"o1"}) << label;
            }
        }
    }
}

TEST(World, ReroutingHidesABrokenInstanceFromItsCallers) {
    auto world = make_world();
    const auto number = inject(world, FaultKind::hang).number;
    run(world, 3);
    EXPECT_FALSE(world.is_healthy(world.faults()[number].service));
    const auto order = order_for(world, world.faults()[number], model::ActionKind::reroute);
    ASSERT_EQ(world.apply(order, world.now().loop).outcome, model::OrderOutcome::done);
    run(world, 2);
    EXPECT_TRUE(world.is_healthy(world.faults()[number].service));
    EXPECT_EQ(world.faults()[number].end, FaultEnd::active);
}

TEST(World, CarriesOutAnOrderOnceAndNoneAfterItsLease) {
    auto world = make_world();
    const auto& fault = inject(world, FaultKind::crash);
    run(world, 2);
    const auto order = order_for(world, fault, model::ActionKind::scale);
    const auto first = world.apply(order, world.now().loop);
    EXPECT_EQ(first, world.apply(order, world.now().loop + 60s));
    const auto late = order_for(world, fault, model::ActionKind::restart, "o2");
    EXPECT_EQ(world.apply(late, late.lease_until + 1ns).outcome, model::OrderOutcome::refused);
    run(world, 5);
    EXPECT_NE(world.faults()[0].end, FaultEnd::cured);
}

TEST(World, UndoTakesTheActBack) {
    auto world = make_world();
    const auto number = inject(world, FaultKind::crash).number;
    const auto replicas = [&] { return inner_service(world).instances.size(); };
    const auto version = [&] { return inner_service(world).version; };
    for (const auto action :
         {model::ActionKind::scale, model::ActionKind::rollback, model::ActionKind::throttle}) {
        const auto replicas_before = replicas();
        const auto version_before = version();
        auto order = order_for(world, world.faults()[number], action, "do-" + std::string(to_string(action)));
        const auto result = world.apply(order, world.now().loop);
        ASSERT_TRUE(result.undo.has_value()) << result.detail;
        run(world, 4);
        order.id = model::OrderId{"undo-" + std::string(to_string(action))};
        order.action = *result.undo;
        EXPECT_EQ(world.apply(order, world.now().loop).outcome, model::OrderOutcome::done);
        run(world, 4);
        EXPECT_EQ(replicas(), replicas_before);
        EXPECT_EQ(version(), version_before);
        EXPECT_FALSE(inner_service(world).throttle_rps.has_value());
    }
    const auto restarted = world.apply(
        order_for(world, world.faults()[number], model::ActionKind::restart, "r"), world.now().loop);
    EXPECT_FALSE(restarted.undo.has_value());
}

TEST(World, OurOwnActsAreMarkedInTheChanges) {
    auto world = make_world();
    const auto number = inject(world, FaultKind::hang).number;
    run(world, 2);
    world.apply(order_for(world, world.faults()[number], model::ActionKind::restart), world.now().loop);
    EXPECT_TRUE(world.is_changing(world.faults()[number].service));
    int ours = 0;
    for (int i = 0; i < 6; ++i) {
        world.advance();
        for (const auto& change : world.changes()) ours += change.order == model::OrderId{"o1"} ? 1 : 0;
    }
    EXPECT_EQ(ours, 2);  // it exited, it started
    EXPECT_FALSE(world.is_changing(world.faults()[number].service));
}

TEST(World, AnOrderThatWasAskedAboutBeforeItCameIsRefused) {
    auto world = make_world();
    const auto& fault = inject(world, FaultKind::crash);
    run(world, 2);
    const auto order = order_for(world, fault, model::ActionKind::restart);
    EXPECT_EQ(world.reconcile(order.id).outcome, model::OrderOutcome::failed);
    EXPECT_EQ(world.apply(order, world.now().loop).outcome, model::OrderOutcome::failed);
    run(world, 5);
    EXPECT_EQ(world.faults()[0].end, FaultEnd::active);
    const auto other = order_for(world, world.faults()[0], model::ActionKind::restart, "o2");
    const auto result = world.apply(other, world.now().loop);
    EXPECT_EQ(result, world.reconcile(other.id));
    EXPECT_GE(world.completed_at(other.id), world.now().loop + 1s);
}

TEST(World, APersonCanRepairEverything) {
    for (std::size_t kind = 0; kind < kEnumNames<FaultKind>.size(); ++kind) {
        auto world = make_world(5);
        const auto number = inject(world, static_cast<FaultKind>(kind)).number;
        run(world, 3);
        const auto service = world.faults()[number].service;
        world.repair(service, world.now().loop);
        run(world, 15);
        EXPECT_NE(world.faults()[number].end, FaultEnd::active) << kEnumNames<FaultKind>[kind];
        EXPECT_TRUE(world.is_healthy(service)) << kEnumNames<FaultKind>[kind];
    }
}

TEST(World, RefusesAFaultThatDoesNotFit) {
    auto world = make_world();
    EXPECT_FALSE(world.inject({.service = model::ServiceId{"nobody"}}, world.now().loop).has_value());
    const auto& fault = inject(world, FaultKind::crash);
    EXPECT_FALSE(
        world.inject({.kind = FaultKind::hang, .service = fault.service}, world.now().loop).has_value());
    const auto store = world.state().services.back().profile.id;
    EXPECT_FALSE(
        world.inject({.kind = FaultKind::lost_dependency, .service = store}, world.now().loop).has_value());
}

}  // namespace
}  // namespace homeostat::twin
