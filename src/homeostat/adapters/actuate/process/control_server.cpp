// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/control_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <tuple>

namespace homeostat::actuate {
namespace {

/// An empty line now and then tells a listener that we live, and tells us that it does.
constexpr auto kHeartbeat = std::chrono::seconds(1);

using Protocol = asio::local::stream_protocol;

std::string line_of(const json::Value& json) {
    return json::to_text(json) + "\n";
}

Reply refusal(const Error& error) {
    return {.error = Refusal{.code = std::string(to_string(error.code)), .message = error.message}};
}

Result<Request> read_request(std::string_view line) {
    HOMEOSTAT_TRY(const auto json, json::parse(line));
    return from_json<Request>(json);
}

bool somebody_answers(const asio::any_io_executor& executor, const std::string& path) {
    boost::system::error_code error;
    Protocol::socket probe(executor);
    std::ignore = probe.connect(Protocol::endpoint(path), error);
    return !error;
}

}  // namespace

ControlServer::ControlServer(const asio::any_io_executor& executor, Fleet& fleet, OrderDesk& desk,
                             EventLog& events)
    : executor_(executor), fleet_(fleet), desk_(desk), events_(events), acceptor_(executor) {}

Result<> ControlServer::listen(const std::string& path) {
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        return fail(ErrorCode::invalid_argument,
                    "the socket path '" + path + "' is too long: use a shorter run_dir");
    }
    if (somebody_answers(executor_, path)) {
        return fail(ErrorCode::failed_precondition,
                    "another supervisor uses '" + path + "': stop it, or use another run_dir");
    }
    ::unlink(path.c_str());
    boost::system::error_code error;
    std::ignore = acceptor_.open(Protocol(), error);
    // Before bind(), which gives the file the socket's own mode: there is no moment when others may connect.
    if (!error && ::fchmod(acceptor_.native_handle(), 0600) != 0) {
        error.assign(errno, boost::system::system_category());
    }
    if (!error) std::ignore = acceptor_.bind(Protocol::endpoint(path), error);
    if (!error) std::ignore = acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        return fail(ErrorCode::failed_precondition, "cannot listen on '" + path + "': " + error.message());
    path_ = path;
    asio::co_spawn(executor_, accept(), asio::detached);
    return {};
}

void ControlServer::close() {
    if (path_.empty()) return;
    boost::system::error_code ignored;
    std::ignore = acceptor_.close(ignored);
    ::unlink(path_.c_str());
    path_.clear();
}

awaitable<void> ControlServer::accept() {
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(kAsTuple);
        if (error == asio::error::operation_aborted) co_return;
        if (error) {  // out of descriptors: the next try may find one
            co_await sleep_until(std::chrono::steady_clock::now() + kHeartbeat);
            continue;
        }
        if (connections_ < kConnectionsMax)
            asio::co_spawn(executor_, serve(std::move(socket)), asio::detached);
    }
}

awaitable<void> ControlServer::serve(Socket socket) {
    ++connections_;
    co_await answer_lines(socket);
    --connections_;
}

awaitable<void> ControlServer::answer_lines(Socket& socket) {
    std::string buffer;
    for (;;) {
        const auto [read_error, size] = co_await asio::async_read_until(
            socket, asio::dynamic_buffer(buffer, kLineBytesMax), '\n', kAsTuple);
        if (read_error) co_return;
        auto request = read_request(std::string_view(buffer).substr(0, size - 1));
        buffer.erase(0, size);
        Reply reply;
        if (!request) {
            reply = refusal(request.error());
        } else if (const auto* events = std::get_if<EventsRequest>(&*request)) {
            co_await stream_events(socket, *events);
            co_return;
        } else {
            reply = co_await answer(std::move(*request));
        }
        const auto line = line_of(to_json(reply));
        const auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(line), kAsTuple);
        if (write_error) co_return;
    }
}

awaitable<Reply> ControlServer::answer(Request request) {
    if (auto* execute = std::get_if<ExecuteRequest>(&request)) {
        // A name of its own: g++ 12 destroys twice what a co_await leaves inside an initializer.
        auto result = co_await desk_.execute(std::move(*execute));
        co_return Reply{.result = std::move(result)};
    }
    if (const auto* reconcile = std::get_if<ReconcileRequest>(&request)) {
        co_return Reply{.result = desk_.reconcile(reconcile->order)};
    }
    if (auto* deploy = std::get_if<DeployRequest>(&request)) {
        const auto deployed = co_await desk_.deploy(std::move(*deploy));
        co_return deployed ? Reply{} : refusal(deployed.error());
    }
    co_return Reply{.services = fleet_.status()};
}

awaitable<void> ControlServer::stream_events(Socket& socket, EventsRequest request) {
    auto sequence = request.epoch == events_.epoch() ? request.after : 0;
    for (;;) {
        const auto* next = events_.next_after(sequence);
        std::string line = "\n";
        if (next != nullptr) {
            line = line_of(to_json(*next));
            sequence = next->sequence;
        }
        const auto [error, written] = co_await asio::async_write(socket, asio::buffer(line), kAsTuple);
        if (error) co_return;
        if (events_.next_after(sequence) != nullptr) continue;
        co_await events_.added().wait_until(std::chrono::steady_clock::now() + kHeartbeat);
    }
}

}  // namespace homeostat::actuate
