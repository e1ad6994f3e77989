// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "homeostat/adapters/http/message.h"

namespace homeostat::http {

/// One client that listens to server-sent events. Thread-safe; keep it as long as events shall be sent.
class EventStream {
public:
    /// A client that falls further behind than this is disconnected: it reconnects and asks again.
    static constexpr std::size_t kBacklogMax = 1024;

    virtual ~EventStream() = default;
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;

    /// Queues one event; each line of `data` becomes a data line. False: the client is gone, forget it.
    virtual bool send(std::string_view event, std::string_view data) = 0;
    /// Ends the response after what is queued.
    virtual void close() = 0;

protected:
    EventStream() = default;
};

using Handler = std::function<Response(const Request&)>;
/// Keeps the stream and sends to it, or refuses with a response.
using StreamHandler =
    std::function<std::optional<Response>(const Request&, const std::shared_ptr<EventStream>&)>;

/// Whether a route asks for the server's bearer token, when it has one.
enum class Access { guarded, open };

/// What a server answers. A pattern is a path whose segments may be `{name}`, which matches any one
/// segment and lands in Request::params: "/api/v1/incidents/{id}". The first route that matches wins.
class Routes {
public:
    void add(std::string method, std::string pattern, Handler handler, Access access = Access::guarded);
    /// A GET route that answers with `text/event-stream`.
    void add_stream(std::string pattern, StreamHandler handler, Access access = Access::guarded);

    struct Match {
        const std::variant<Handler, StreamHandler>* handler = nullptr;  // nullptr: none
        Access access = Access::guarded;
        Fields params;
        std::string allowed;  // no handler, yet the path exists: its methods, as the header Allow lists them
    };
    /// `path` is decoded. The result points into this object.
    [[nodiscard]] Match match(std::string_view method, std::string_view path) const;

private:
    struct Route {
        std::string method;
        std::string pattern;
        std::variant<Handler, StreamHandler> handler;
        Access access;
    };
    std::vector<Route> routes_;
};

}  // namespace homeostat::http
