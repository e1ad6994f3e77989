// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "homeostat/adapters/http/server.h"

namespace homeostat::http {

/// The queue between the senders' threads and the connection's coroutine. A user may keep it longer
/// than the server lives, so it reaches into the coroutine only while that is between open() and finish().
/// Part of server.cpp, which alone includes this header.
class QueuedStream final : public EventStream, public std::enable_shared_from_this<QueuedStream> {
public:
    bool send(std::string_view event, std::string_view data) override;
    void close() override;

    /// `wake` is cancelled whenever there is something to take.
    void open(boost::asio::steady_timer& wake);
    void finish();
    /// All that is queued, and whether more can come.
    [[nodiscard]] std::pair<std::string, bool> take();

private:
    bool push(std::string text, bool last);
    void wake();

    std::mutex mutex_;
    std::deque<std::string> queue_;
    boost::asio::steady_timer* wake_ = nullptr;
    bool closed_ = false;
};

}  // namespace homeostat::http
