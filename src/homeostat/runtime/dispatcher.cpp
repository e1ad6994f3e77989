// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::runtime {

Dispatcher::Dispatcher(std::vector<std::unique_ptr<act::Actuator>> actuators,
                       std::function<LoopTime()> loop_now, Deliver deliver)
    : loop_now_(std::move(loop_now)), deliver_(std::move(deliver)) {
    for (auto& actuator : actuators) {
        auto& worker = workers_.emplace_back(std::make_unique<Worker>());
        worker->actuator = std::move(actuator);
    }
    for (auto& worker : workers_) {
        worker->thread = std::thread([this, &target = *worker] { work(target); });
    }
}

Dispatcher::~Dispatcher() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& worker : workers_) worker->thread.join();
}

void Dispatcher::submit(const model::Order& order) {
    enqueue({.order = order});
}
void Dispatcher::recover(const model::Order& order) {
    enqueue({.order = order, .recovering = true});
}

void Dispatcher::enqueue(Job job) {
    const auto worker = std::find_if(workers_.begin(), workers_.end(), [&](const auto& candidate) {
        return candidate->actuator->supports(job.order.action.kind);
    });
    if (worker == workers_.end()) {
        deliver_(
            {.id = job.order.id,
             .outcome = model::OrderOutcome::refused,
             .detail = fmt::format("no actuator for '{}' is configured", to_string(job.order.action.kind))});
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        (*worker)->jobs.push_back(std::move(job));
    }
    changed_.notify_all();
}

void Dispatcher::work(Worker& worker) {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return stopping_ || !worker.jobs.empty(); });
        if (worker.jobs.empty()) return;
        const Job job = std::move(worker.jobs.front());
        worker.jobs.pop_front();
        const bool stopping = stopping_;
        lock.unlock();
        // Stopping: the order stays open in the journal, and the next start recovers it.
        if (!stopping) deliver_(carry_out(*worker.actuator, job));
        lock.lock();
    }
}

model::OrderResult Dispatcher::carry_out(act::Actuator& actuator, const Job& job) const {
    const auto now = loop_now_();
    if (!job.recovering || now < job.order.lease_until) return actuator.execute(job.order, now);
    auto result = actuator.reconcile(job.order.id);
    if (result.outcome == model::OrderOutcome::failed) result.outcome = model::OrderOutcome::refused;
    return result;
}

}  // namespace homeostat::runtime
