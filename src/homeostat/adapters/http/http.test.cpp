// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "homeostat/adapters/http/client.h"
#include "homeostat/adapters/http/gzip.h"
#include "homeostat/adapters/http/server.h"

namespace homeostat::http {
namespace {

Routes echo_routes() {
    Routes routes;
    routes.add("POST", "/echo", [](const Request& request) { return Response{.body = request.body}; });
    routes.add("GET", "/hello/{name}", [](const Request& request) {
        return Response{.body = "hello " + *find(request.params, "name"), .content_type = "text/plain"};
    });
    routes.add("GET", "/throws", [](const Request&) -> Response { throw std::runtime_error("broken"); });
    routes.add("GET", "/healthz", [](const Request&) { return Response{.body = "ok"}; }, Access::open);
    return routes;
}

std::unique_ptr<Server> start(ServerConfig config = {}, Routes routes = echo_routes()) {
    auto server = Server::start(std::move(config), std::move(routes));
    if (!server) ADD_FAILURE() << server.error().message;
    return *std::move(server);
}

std::string url(const Server& server, std::string_view path) {
    return "http://127.0.0.1:" + std::to_string(server.port()) + std::string(path);
}

ClientResponse get(const Server& server, std::string_view path) {
    Client client;
    auto response = client.send({.url = url(server, path)});
    if (!response) ADD_FAILURE() << response.error().message;
    return response.value_or(ClientResponse{});
}

/// Sends bytes as they are and reads until the server closes.
std::string raw_exchange(const Server& server, std::string_view bytes) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    std::string out;
    std::array<char, 4096> block{};
    for (ssize_t n = 0; (n = ::recv(fd, block.data(), block.size(), 0)) > 0;) {
        out.append(block.data(), static_cast<std::size_t>(n));
    }
    ::close(fd);
    return out;
}

TEST(Server, AnswersRoutesAndRefusesTheRest) {
    const auto server = start();
    const auto hello = get(*server, "/hello/a%20b");
    EXPECT_EQ(hello.status, 200);
    EXPECT_EQ(hello.body, "hello a b");
    EXPECT_EQ(*find(hello.headers, "content-type"), "text/plain");
    EXPECT_EQ(get(*server, "/nowhere").status, 404);
    const auto wrong_method = get(*server, "/echo");
    EXPECT_EQ(wrong_method.status, 405);
    EXPECT_EQ(*find(wrong_method.headers, "allow"), "POST");
    EXPECT_EQ(server->counters().client_errors, 2U);
}

TEST(Server, KeepsTheConnectionBetweenRequests) {
    const auto server = start();
    Client client;
    for (int i = 0; i < 10; ++i) {
        const auto response = client.send({.method = "POST", .url = url(*server, "/echo"), .body = "body"});
        ASSERT_TRUE(response);
        EXPECT_EQ(response->body, "body");
    }
    EXPECT_EQ(server->counters().requests, 10U);
    EXPECT_EQ(server->counters().connections_open, 1U);
}

TEST(Server, UnpacksGzipAndRefusesOtherEncodings) {
    const auto server = start();
    Client client;
    ClientRequest request{.method = "POST",
                          .url = url(*server, "/echo"),
                          .body = gzip("telemetry"),
                          .headers = {{"Content-Encoding", "gzip"}}};
    EXPECT_EQ(client.send(request)->body, "telemetry");
    request.body = "no gzip";
    EXPECT_EQ(client.send(request)->status, 400);
    request.headers = {{"Content-Encoding", "br"}};
    EXPECT_EQ(client.send(request)->status, 415);
}

TEST(Server, RefusesABodyOrHeaderBeyondItsBound) {
    const auto server = start({.body_bytes_max = 1000, .header_bytes_max = 2000});
    Client client;
    const auto large =
        client.send({.method = "POST", .url = url(*server, "/echo"), .body = std::string(1001, 'x')});
    ASSERT_TRUE(large) << large.error().message;
    EXPECT_EQ(large->status, 413);
    const auto bomb = client.send({.method = "POST",
                                   .url = url(*server, "/echo"),
                                   .body = gzip(std::string(100'000, 'x')),
                                   .headers = {{"Content-Encoding", "gzip"}}});
    EXPECT_EQ(bomb->status, 413);
    const auto header =
        client.send({.url = url(*server, "/healthz"), .headers = {{"X-Large", std::string(3000, 'x')}}});
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(header->status, 431);
}

TEST(Server, AnswersBytesThatAreNoHttpWith400) {
    const auto server = start();
    EXPECT_TRUE(raw_exchange(*server, "\x16\x03\x01 no http\r\n\r\n").starts_with("HTTP/1.1 400"));
    EXPECT_EQ(get(*server, "/healthz").status, 200);
}

TEST(Server, InvitesABodyThatWaitsForContinue) {
    const auto server = start();
    const auto answer =
        raw_exchange(*server,
                     "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n"
                     "Connection: close\r\n\r\nbody");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")) << answer;
}

TEST(Server, SaysThatAHandlerFailedAndGoesOn) {
    const auto server = start();
    EXPECT_EQ(get(*server, "/throws").status, 500);
    EXPECT_EQ(server->counters().handler_throws, 1U);
    EXPECT_EQ(get(*server, "/healthz").status, 200);
}

TEST(Server, AsksForTheTokenExceptOnOpenRoutes) {
    const auto server = start({.bearer_token = "secret"});
    EXPECT_EQ(get(*server, "/hello/x").status, 401);
    EXPECT_EQ(get(*server, "/healthz").status, 200);
    Client wrong({.bearer_token = "secreT"});
    EXPECT_EQ(wrong.send({.url = url(*server, "/hello/x")})->status, 401);
    Client right({.bearer_token = "secret"});
    EXPECT_EQ(right.send({.url = url(*server, "/hello/x")})->status, 200);
}

TEST(Server, RunsHandlersOnWorkersAndShedsBeyondItsQueue) {
    std::latch running(1);
    std::latch release(1);
    Routes routes;
    routes.add("GET", "/slow", [&](const Request&) {
        running.count_down();
        release.wait();
        return Response{};
    });
    routes.add("GET", "/fast", [](const Request&) { return Response{}; });
    const auto server = start({.workers = 1, .queue_max = 0}, std::move(routes));
    auto slow = std::async(std::launch::async, [&] { return get(*server, "/slow").status; });
    running.wait();
    const auto shed = get(*server, "/fast");
    EXPECT_EQ(shed.status, 503);
    EXPECT_EQ(*find(shed.headers, "retry-after"), "1");
    EXPECT_EQ(server->counters().overloaded, 1U);
    release.count_down();
    EXPECT_EQ(slow.get(), 200);
    EXPECT_EQ(get(*server, "/fast").status, 200);
}

TEST(Server, RefusesAPortInUseWithTheCure) {
    const auto first = start();
    const auto second =
        Server::start({.listen = "127.0.0.1:" + std::to_string(first->port())}, echo_routes());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
    EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
}

TEST(Server, RefusesAnAddressThatIsNone) {
    for (const auto* bad : {"", "4318", "nowhere:1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:80x"}) {
        const auto server = Server::start({.listen = bad}, echo_routes());
        ASSERT_FALSE(server) << bad;
        EXPECT_EQ(server.error().code, ErrorCode::invalid_argument);
    }
}

TEST(Server, ClosesConnectionsBeyondItsBound) {
    const auto server = start({.connections_max = 1});
    Client first;
    ASSERT_TRUE(first.send({.url = url(*server, "/healthz")}));
    Client second;
    const auto refused = second.send({.url = url(*server, "/healthz")});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_EQ(server->counters().connections_refused, 1U);
}

TEST(Server, FinishesARequestInProgressWhenStopped) {
    std::latch running(1);
    std::latch release(1);
    Routes routes;
    routes.add("GET", "/slow", [&](const Request&) {
        running.count_down();
        release.wait();
        return Response{.body = "whole"};
    });
    const auto server = start({.workers = 1, .stop_grace = std::chrono::seconds(30)}, std::move(routes));
    auto slow = std::async(std::launch::async, [&] { return get(*server, "/slow").body; });
    running.wait();
    auto stopping = std::async(std::launch::async, [&] { server->stop(); });
    release.count_down();
    EXPECT_EQ(slow.get(), "whole");
    stopping.get();
}

struct Listener {
    std::mutex mutex;
    std::shared_ptr<EventStream> stream;
};

Routes event_routes(Listener& listener) {
    Routes routes;
    routes.add_stream("/events", [&](const Request& request, const std::shared_ptr<EventStream>& stream) {
        if (find(request.query, "refuse") != nullptr)
            return std::optional(error_response(409, "conflict", "no"));
        const std::lock_guard lock(listener.mutex);
        listener.stream = stream;
        stream->send("hello", "one\ntwo");
        return std::optional<Response>();
    });
    return routes;
}

TEST(EventStream, DeliversEventsFromAnyThreadUntilClosed) {
    Listener listener;
    const auto server = start({}, event_routes(listener));
    Client client;
    std::string text;
    const auto response = client.stream({.url = url(*server, "/events")}, [&](std::string_view bytes) {
        text += bytes;
        const std::lock_guard lock(listener.mutex);
        if (text.ends_with("data: two\n\n")) {
            std::thread([&] { listener.stream->send("anomaly", "{}"); }).join();
        }
        if (text.ends_with("data: {}\n\n")) listener.stream->close();
        return true;
    });
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(text, "event: hello\ndata: one\ndata: two\n\nevent: anomaly\ndata: {}\n\n");
    EXPECT_FALSE(listener.stream->send("late", ""));
}

TEST(EventStream, EndsWhenTheServerStopsAndMayOutliveIt) {
    Listener listener;
    auto server = start({}, event_routes(listener));
    std::promise<void> opened;
    auto text = std::async(std::launch::async, [&, address = url(*server, "/events")] {
        Client client;
        return client.stream({.url = address}, [&](std::string_view) {
            opened.set_value();
            return true;
        });
    });
    opened.get_future().wait();
    server.reset();
    EXPECT_TRUE(text.get());
    EXPECT_FALSE(listener.stream->send("late", ""));
}

TEST(EventStream, EndsWhenItsReaderIsToldToStop) {
    Listener listener;
    const auto server = start({}, event_routes(listener));
    Client client;
    std::atomic<bool> stopping = false;
    const ClientRequest request{.url = url(*server, "/events"), .keep_going = [&] { return !stopping; }};
    const auto response = client.stream(request, [&](std::string_view) {
        stopping = true;  // and no byte comes any more
        return true;
    });
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
}

TEST(EventStream, CanBeRefused) {
    Listener listener;
    const auto server = start({}, event_routes(listener));
    EXPECT_EQ(get(*server, "/events?refuse").status, 409);
}

TEST(Client, TellsApartUnreachableTimedOutAndTooLarge) {
    Client client({.body_bytes_max = 10});
    EXPECT_EQ(client.send({.url = "http://127.0.0.1:1/"}).error().code, ErrorCode::unavailable);
    EXPECT_EQ(client.send({.url = "ftp://127.0.0.1/"}).error().code, ErrorCode::invalid_argument);

    std::latch release(1);
    Routes routes = echo_routes();
    routes.add("GET", "/slow", [&](const Request&) {
        release.wait();
        return Response{};
    });
    const auto server = start({.workers = 1}, std::move(routes));
    const auto large =
        client.send({.method = "POST", .url = url(*server, "/echo"), .body = std::string(11, 'x')});
    EXPECT_EQ(large.error().code, ErrorCode::resource_exhausted);
    const auto slow = client.send({.url = url(*server, "/slow"), .timeout = std::chrono::milliseconds(50)});
    EXPECT_EQ(slow.error().code, ErrorCode::deadline_exceeded);
    release.count_down();
}

}  // namespace
}  // namespace homeostat::http
