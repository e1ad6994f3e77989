// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "homeostat/act/actuator.h"
#include "homeostat/base/time.h"
#include "homeostat/model/action.h"

namespace homeostat::runtime {

/// Hands orders to actuators, each on a thread of its own, and their results back.
class Dispatcher {
public:
    using Deliver = std::function<void(model::OrderResult)>;

    /// `loop_now` is read when an order is about to be carried out, to see whether its lease still holds.
    /// `deliver` is called from the actuators' threads.
    Dispatcher(std::vector<std::unique_ptr<act::Actuator>> actuators, std::function<LoopTime()> loop_now,
               Deliver deliver);
    /// Waits for orders being carried out; those in the queue stay open, and the next start recovers them.
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    /// The result comes by `deliver`; `refused` for an action that no actuator supports.
    void submit(const model::Order& order);

    /// Finds out what became of an order from before a crash. One that never arrived is carried out now, if
    /// its lease still holds, and is `refused` otherwise: nothing was changed.
    void recover(const model::Order& order);

private:
    struct Job {
        model::Order order;
        bool recovering = false;
    };
    struct Worker {
        std::unique_ptr<act::Actuator> actuator;
        std::deque<Job> jobs;
        std::thread thread;
    };

    void enqueue(Job job);
    void work(Worker& worker);
    [[nodiscard]] model::OrderResult carry_out(act::Actuator& actuator, const Job& job) const;

    std::function<LoopTime()> loop_now_;
    Deliver deliver_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace homeostat::runtime
