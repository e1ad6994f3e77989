// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <string>

#include "homeostat/adapters/actuate/process/event_log.h"
#include "homeostat/adapters/actuate/process/fleet.h"
#include "homeostat/adapters/actuate/process/order_desk.h"

namespace homeostat::actuate {

/// Answers the requests of protocol.h on a unix-domain socket with mode 0600.
class ControlServer {
public:
    static constexpr std::size_t kConnectionsMax = 64;  // one more is closed at once

    ControlServer(const asio::any_io_executor& executor, Fleet& fleet, OrderDesk& desk, EventLog& events);

    /// Errors: `failed_precondition` when another supervisor answers on the path or it cannot be made.
    [[nodiscard]] Result<> listen(const std::string& path);
    void close();

private:
    using Socket = asio::local::stream_protocol::socket;

    [[nodiscard]] awaitable<void> accept();
    [[nodiscard]] awaitable<void> serve(Socket socket);
    [[nodiscard]] awaitable<void> answer_lines(Socket& socket);
    [[nodiscard]] awaitable<Reply> answer(Request request);
    [[nodiscard]] awaitable<void> stream_events(Socket& socket, EventsRequest request);

    asio::any_io_executor executor_;
    Fleet& fleet_;
    OrderDesk& desk_;
    EventLog& events_;
    asio::local::stream_protocol::acceptor acceptor_;
    std::string path_;
    std::size_t connections_ = 0;
};

}  // namespace homeostat::actuate
