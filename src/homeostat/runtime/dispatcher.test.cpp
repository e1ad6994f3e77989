// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/dispatcher.h"

#include <gtest/gtest.h>

#include <chrono>

namespace homeostat::runtime {
namespace {

using namespace std::chrono_literals;

class FakeActuator final : public act::Actuator {
public:
    explicit FakeActuator(model::OrderOutcome reconciled) : reconciled_(reconciled) {}
    [[nodiscard]] bool supports(model::ActionKind kind) const noexcept override {
        return kind == model::ActionKind::restart;
    }
    [[nodiscard]] model::OrderResult execute(const model::Order& order, LoopTime) override {
        return {.id = order.id, .outcome = model::OrderOutcome::done};
    }
    [[nodiscard]] model::OrderResult reconcile(const model::OrderId& order) override {
        return {.id = order, .outcome = reconciled_};
    }

private:
    model::OrderOutcome reconciled_;
};

/// Collects what is delivered and waits for it.
class Results {
public:
    Dispatcher::Deliver deliver() {
        return [this](model::OrderResult result) {
            const std::lock_guard lock(mutex_);
            results_.push_back(std::move(result));
            changed_.notify_all();
        };
    }
    model::OrderResult first() {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, 10s, [&] { return !results_.empty(); }));
        return results_.empty() ? model::OrderResult{} : results_.front();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<model::OrderResult> results_;
};

std::vector<std::unique_ptr<act::Actuator>> one(model::OrderOutcome reconciled) {
    std::vector<std::unique_ptr<act::Actuator>> actuators;
    actuators.push_back(std::make_unique<FakeActuator>(reconciled));
    return actuators;
}

model::Order restart_order() {
    return {.id = model::OrderId{"o1"},
            .action = {.kind = model::ActionKind::restart},
            .lease_until = LoopTime{5s}};
}

TEST(Dispatcher, CarriesAnOrderOutAndDeliversItsResult) {
    Results results;
    Dispatcher dispatcher(one(model::OrderOutcome::failed), [] { return LoopTime{1s}; }, results.deliver());
    dispatcher.submit(restart_order());
    EXPECT_EQ(results.first().outcome, model::OrderOutcome::done);
}

TEST(Dispatcher, RefusesWhatNoActuatorCanDo) {
    Results results;
    Dispatcher dispatcher(one(model::OrderOutcome::failed), [] { return LoopTime{1s}; }, results.deliver());
    auto order = restart_order();
    order.action.kind = model::ActionKind::script;
    dispatcher.submit(order);
    EXPECT_EQ(results.first().outcome, model::OrderOutcome::refused);
}

TEST(Dispatcher, CallsALostOrderRefusedWhenItsLeaseIsOver) {
    Results results;
    Dispatcher dispatcher(one(model::OrderOutcome::failed), [] { return LoopTime{9s}; }, results.deliver());
    dispatcher.recover(restart_order());
    EXPECT_EQ(results.first().outcome, model::OrderOutcome::refused);
}

TEST(Dispatcher, LearnsThatAnOrderFromBeforeACrashWasDone) {
    Results results;
    Dispatcher dispatcher(one(model::OrderOutcome::done), [] { return LoopTime{9s}; }, results.deliver());
    dispatcher.recover(restart_order());
    EXPECT_EQ(results.first().outcome, model::OrderOutcome::done);
}

}  // namespace
}  // namespace homeostat::runtime
