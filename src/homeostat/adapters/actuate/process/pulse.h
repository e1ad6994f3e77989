// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <set>

namespace homeostat::actuate {

namespace asio = boost::asio;
using asio::awaitable;
using SteadyTime = std::chrono::steady_clock::time_point;
inline constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

inline awaitable<void> sleep_until(SteadyTime when) {
    asio::steady_timer timer(co_await asio::this_coro::executor, when);
    co_await timer.async_wait(kAsTuple);
}

/// Wakes coroutines of one thread that wait for something to change.
class Pulse {
public:
    /// Returns at the next notify(), at the latest at `deadline`.
    awaitable<void> wait_until(SteadyTime deadline) {
        asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
        waiting_.insert(&timer);
        co_await timer.async_wait(kAsTuple);
        waiting_.erase(&timer);
    }
    void notify() {
        for (auto* timer : waiting_) timer->cancel();
    }

private:
    std::set<asio::steady_timer*> waiting_;
};

}  // namespace homeostat::actuate
