// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/http/server.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "homeostat/adapters/http/gzip.h"
#include "homeostat/adapters/http/listen.h"
#include "homeostat/adapters/http/queued_stream.h"

namespace homeostat::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBuffer = std::size_t{64} << 10U;  // Beast reads by 512 bytes into a fresh buffer
constexpr auto kHeartbeat = std::chrono::seconds(10);        // how soon a gone event listener is noticed
constexpr auto kAcceptPause = std::chrono::milliseconds(50);

using WireRequest = wire::request<wire::string_body>;
using WireResponse = wire::response<wire::string_body>;

/// What stop() must know of a connection. Touched by the I/O thread only.
struct Session {
    beast::tcp_stream* stream = nullptr;
    bool busy = false;  // between a request's header and the end of its response
    std::shared_ptr<QueuedStream> events;
    std::string peer;
};

WireResponse to_wire(Response response, bool keep_alive) {
    WireResponse out;
    out.result(static_cast<unsigned>(response.status));
    out.reason(reason_phrase(response.status));
    for (const auto& [name, value] : response.headers) out.insert(name, value);
    if (response.status != 204) {
        out.set(wire::field::content_type, response.content_type);
        out.body() = std::move(response.body);
    }
    out.keep_alive(keep_alive);
    out.prepare_payload();
    return out;
}

Request from_wire(WireRequest&& wire_request, Target target, std::string peer) {
    Request out{.method = std::string(wire_request.method_string()),
                .path = std::move(target.path),
                .query = std::move(target.query),
                .params = {},
                .headers = {},
                .body = std::move(wire_request.body()),
                .peer = std::move(peer)};
    for (const auto& header : wire_request) {
        std::string name(header.name_string());
        std::ranges::transform(name, name.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
        out.headers.emplace_back(std::move(name), std::string(header.value()));
    }
    return out;
}

Response refusal_of(const error_code& error) {
    if (error == wire::error::body_limit) {
        return error_response(413, "resource_exhausted", "the request's body is too large");
    }
    if (error == wire::error::header_limit) {
        return error_response(431, "resource_exhausted", "the request's header is too large");
    }
    return error_response(400, "invalid_argument", "no valid HTTP request: " + error.message());
}

std::optional<Response> unpack_body(Request& request, std::size_t bytes_max) {
    const auto* encoding = find(request.headers, "content-encoding");
    if (encoding == nullptr || *encoding == "identity") return std::nullopt;
    if (*encoding != "gzip") {
        return error_response(415, "invalid_argument",
                              "content encoding '" + *encoding + "' is not supported: send gzip or none");
    }
    auto plain = gunzip(request.body, bytes_max);
    if (!plain) {
        const int status = plain.error().code == ErrorCode::resource_exhausted ? 413 : 400;
        return error_response(status, to_string(plain.error().code), plain.error().message);
    }
    request.body = *std::move(plain);
    return std::nullopt;
}

/// Reads on for a moment what a refused client is still sending: closing at once would reset the
/// connection, and the client would not see why it was refused.
asio::awaitable<void> drain(beast::tcp_stream& stream) {
    constexpr std::size_t kDrainMax = std::size_t{1} << 20U;
    error_code error;
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
    stream.expires_after(std::chrono::seconds(1));
    std::array<char, 4096> block{};
    std::size_t bytes = 0;
    for (std::size_t total = 0; !error && total < kDrainMax; total += bytes) {
        std::tie(error, bytes) = co_await stream.async_read_some(asio::buffer(block), kToken);
    }
}

}  // namespace

struct Server::Impl {
    ServerConfig config;
    Routes routes;
    std::uint16_t port = 0;

    std::atomic<std::uint64_t> open{0}, refused{0}, requests{0}, client_errors{0}, server_errors{0},
        overloaded{0}, throws{0};
    std::atomic<std::size_t> in_workers{0};

    std::set<Session*> sessions;  // I/O thread only
    bool stopping = false;        // I/O thread only
    bool stopped = false;         // of stop()'s caller
    std::mutex drained_mutex;
    std::condition_variable drained;

    std::optional<asio::ssl::context> tls;
    asio::io_context io{1};  // after all that a suspended coroutine refers to, so that it goes first
    tcp::acceptor acceptor{io};
    std::optional<asio::thread_pool> workers;
    std::thread thread;

    Impl(ServerConfig server_config, Routes server_routes)
        : config(std::move(server_config)), routes(std::move(server_routes)) {}

    Result<> listen();
    Result<> load_tls();
    void begin_stop();

    asio::awaitable<void> accept_all();
    asio::awaitable<void> connection(tcp::socket socket);
    template <class Stream>
    asio::awaitable<void> serve(Stream& stream, Session& session);
    template <class Stream>
    asio::awaitable<bool> answer(Stream& stream, Session& session, WireRequest wire_request);
    template <class Stream>
    asio::awaitable<bool> reply(Stream& stream, Response response, bool keep_alive);
    template <class Stream>
    asio::awaitable<void> send_events(Stream& stream, QueuedStream& events);

    [[nodiscard]] std::optional<Response> refuse(const Request& request, const Routes::Match& match) const;
    Response call(const Handler& handler, const Request& request);
    asio::awaitable<Response> dispatch(const Handler& handler, const Request& request);
};

Result<> Server::Impl::load_tls() {
    if (!config.tls) return {};
    tls.emplace(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
    error_code error;
    tls->use_certificate_chain_file(config.tls->certificate_chain, error);
    if (error) {
        return fail(ErrorCode::not_found,
                    "cannot use TLS certificate " + config.tls->certificate_chain + ": " + error.message());
    }
    tls->use_private_key_file(config.tls->private_key, asio::ssl::context::pem, error);
    if (error) {
        return fail(ErrorCode::not_found,
                    "cannot use TLS key " + config.tls->private_key + ": " + error.message());
    }
    return {};
}

Result<> Server::Impl::listen() {
    HOMEOSTAT_TRY(const auto endpoint, parse_listen(config.listen));
    if (auto loaded = load_tls(); !loaded) return loaded;
    error_code error;
    if (acceptor.open(endpoint.protocol(), error); error)
        return std::unexpected(listen_error(config.listen, error));
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (acceptor.bind(endpoint, error); error) return std::unexpected(listen_error(config.listen, error));
    if (acceptor.listen(asio::socket_base::max_listen_connections, error); error) {
        return std::unexpected(listen_error(config.listen, error));
    }
    port = acceptor.local_endpoint(error).port();
    return {};
}

asio::awaitable<void> Server::Impl::accept_all() {
    asio::steady_timer pause(io);
    while (!stopping) {
        auto [error, socket] = co_await acceptor.async_accept(kToken);
        if (error == asio::error::operation_aborted) break;
        if (error) {  // out of descriptors, most likely: connections must end first
            pause.expires_after(kAcceptPause);
            co_await pause.async_wait(kToken);
            continue;
        }
        if (sessions.size() >= config.connections_max) {
            ++refused;
            continue;
        }
        asio::co_spawn(io, connection(std::move(socket)), asio::detached);
    }
}

asio::awaitable<void> Server::Impl::connection(tcp::socket socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    Session session;
    const auto peer = socket.remote_endpoint(ignored);
    if (!ignored) session.peer = peer.address().to_string() + ":" + std::to_string(peer.port());

    struct Registration {
        Impl& server;
        Session& session;
        Registration(Impl& s, Session& c) : server(s), session(c) {
            server.sessions.insert(&session);
            server.open = server.sessions.size();
        }
        Registration(const Registration&) = delete;
        Registration& operator=(const Registration&) = delete;
        ~Registration() {
            const std::lock_guard lock(server.drained_mutex);
            server.sessions.erase(&session);
            server.open = server.sessions.size();
            server.drained.notify_all();
        }
    };

    if (!tls) {
        beast::tcp_stream stream(std::move(socket));
        session.stream = &stream;
        const Registration registration(*this, session);
        co_await serve(stream, session);
        stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
        co_return;
    }
    beast::ssl_stream<beast::tcp_stream> stream(std::move(socket), *tls);
    session.stream = &beast::get_lowest_layer(stream);
    const Registration registration(*this, session);
    session.stream->expires_after(config.transfer_timeout);
    if (auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kToken); error)
        co_return;
    co_await serve(stream, session);
    session.stream->expires_after(config.transfer_timeout);
    co_await stream.async_shutdown(kToken);
}

template <class Stream>
asio::awaitable<void> Server::Impl::serve(Stream& stream, Session& session) {
    beast::flat_buffer buffer;
    buffer.reserve(kReadBuffer);
    while (!stopping) {
        wire::request_parser<wire::string_body> parser;
        parser.header_limit(config.header_bytes_max);
        parser.body_limit(config.body_bytes_max);
        session.stream->expires_after(config.idle_timeout);
        auto [error, bytes] = co_await wire::async_read_header(stream, buffer, parser, kToken);
        if (!error) {
            session.busy = true;
            session.stream->expires_after(config.transfer_timeout);
            if (parser.get()[wire::field::expect] == "100-continue") {
                constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
                co_await asio::async_write(stream, asio::buffer(kContinue), kToken);
            }
            std::tie(error, bytes) = co_await wire::async_read(stream, buffer, parser, kToken);
        }
        if (error) {
            const bool malformed = error.category() == make_error_code(wire::error::body_limit).category();
            if (malformed && error != wire::error::end_of_stream && error != wire::error::partial_message) {
                co_await reply(stream, refusal_of(error), false);
                co_await drain(*session.stream);
            }
            break;
        }
        const bool keep = co_await answer(stream, session, parser.release());
        session.busy = false;
        if (!keep) break;
    }
}

template <class Stream>
asio::awaitable<bool> Server::Impl::answer(Stream& stream, Session& session, WireRequest wire_request) {
    const bool keep_alive = wire_request.keep_alive();
    auto target = parse_target(wire_request.target());
    if (!target) {
        co_return co_await reply(
            stream, error_response(400, "invalid_argument", "the request's path is malformed"), keep_alive);
    }
    auto request = from_wire(std::move(wire_request), *std::move(target), session.peer);
    auto match = routes.match(request.method, request.path);
    request.params = std::move(match.params);
    auto refused_with = refuse(request, match);
    if (!refused_with) refused_with = unpack_body(request, config.body_bytes_max);
    if (refused_with) co_return co_await reply(stream, *std::move(refused_with), keep_alive);

    if (const auto* handler = std::get_if<Handler>(match.handler)) {
        session.stream->expires_never();  // a handler takes the time that it takes
        auto response = co_await dispatch(*handler, request);
        co_return co_await reply(stream, std::move(response), keep_alive && !stopping);
    }
    const auto events = std::make_shared<QueuedStream>();
    refused_with = std::get<StreamHandler>(*match.handler)(request, events);
    if (refused_with) {
        events->finish();
        co_return co_await reply(stream, *std::move(refused_with), keep_alive);
    }
    ++requests;
    session.events = events;
    co_await send_events(stream, *events);
    co_return false;
}

std::optional<Response> Server::Impl::refuse(const Request& request, const Routes::Match& match) const {
    if (match.handler == nullptr && match.allowed.empty()) {
        return error_response(404, "not_found", "there is nothing at " + request.path);
    }
    if (match.handler == nullptr) {
        auto response = error_response(405, "invalid_argument", request.path + " takes " + match.allowed);
        response.headers.emplace_back("Allow", match.allowed);
        return response;
    }
    if (config.bearer_token.empty() || match.access == Access::open) return std::nullopt;
    const std::string wanted = "Bearer " + config.bearer_token;
    const auto* given = find(request.headers, "authorization");
    if (given != nullptr && given->size() == wanted.size() &&
        CRYPTO_memcmp(given->data(), wanted.data(), wanted.size()) == 0) {
        return std::nullopt;
    }
    auto response = error_response(401, "permission_denied", "send the header 'Authorization: Bearer TOKEN'");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

Response Server::Impl::call(const Handler& handler, const Request& request) {
    try {
        return handler(request);
    } catch (const std::exception& error) {
        ++throws;
        return error_response(500, "internal", std::string("the handler failed: ") + error.what());
    }
}

asio::awaitable<Response> Server::Impl::dispatch(const Handler& handler, const Request& request) {
    if (!workers) co_return call(handler, request);
    if (in_workers >= config.workers + config.queue_max) {
        ++overloaded;
        auto response = error_response(503, "resource_exhausted", "too many requests are waiting");
        response.headers.emplace_back("Retry-After", "1");
        co_return response;
    }
    ++in_workers;
    Response response;
    const auto work = [&]() -> asio::awaitable<void> {
        response = call(handler, request);
        co_return;
    };
    co_await asio::co_spawn(workers->get_executor(), work, asio::use_awaitable);
    --in_workers;
    co_return response;
}

template <class Stream>
asio::awaitable<bool> Server::Impl::reply(Stream& stream, Response response, bool keep_alive) {
    ++requests;
    if (response.status >= 500) ++server_errors;
    if (response.status >= 400 && response.status < 500) ++client_errors;
    const auto message = to_wire(std::move(response), keep_alive);
    beast::get_lowest_layer(stream).expires_after(config.transfer_timeout);
    const auto [error, bytes] = co_await wire::async_write(stream, message, kToken);
    co_return !error && keep_alive;
}

template <class Stream>
asio::awaitable<void> Server::Impl::send_events(Stream& stream, QueuedStream& events) {
    asio::steady_timer wake(io);
    struct Opened {
        QueuedStream& events;
        Opened(QueuedStream& e, asio::steady_timer& timer) : events(e) { events.open(timer); }
        Opened(const Opened&) = delete;
        Opened& operator=(const Opened&) = delete;
        ~Opened() { events.finish(); }
    } const opened(events, wake);

    wire::response<wire::empty_body> head{wire::status::ok, 11};
    head.set(wire::field::content_type, "text/event-stream");
    head.set(wire::field::cache_control, "no-store");
    head.chunked(true);
    wire::response_serializer<wire::empty_body> serializer{head};
    auto& lowest = beast::get_lowest_layer(stream);
    lowest.expires_after(config.transfer_timeout);
    auto [error, bytes] = co_await wire::async_write_header(stream, serializer, kToken);
    while (!error) {
        auto [text, more] = events.take();
        if (text.empty() && !more) break;
        if (text.empty()) {
            lowest.expires_never();
            wake.expires_after(kHeartbeat);
            auto [cancelled] = co_await wake.async_wait(kToken);
            if (cancelled) continue;
            text = ": still here\n\n";
        }
        lowest.expires_after(config.transfer_timeout);
        std::tie(error, bytes) =
            co_await asio::async_write(stream, wire::make_chunk(asio::buffer(text)), kToken);
    }
    if (!error) co_await asio::async_write(stream, wire::make_chunk_last(), kToken);
}

void Server::Impl::begin_stop() {
    stopping = true;
    error_code ignored;
    acceptor.close(ignored);
    for (auto* session : sessions) {
        if (session->events) session->events->close();
        if (!session->busy) session->stream->cancel();
    }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(ServerConfig config, Routes routes) {
    auto impl = std::make_unique<Impl>(std::move(config), std::move(routes));
    if (auto listening = impl->listen(); !listening) return std::unexpected(std::move(listening).error());
    if (impl->config.workers > 0) impl->workers.emplace(impl->config.workers);
    asio::co_spawn(impl->io, impl->accept_all(), asio::detached);
    impl->thread = std::thread([&io = impl->io] { io.run(); });
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
    stop();
}

std::uint16_t Server::port() const {
    return impl_->port;
}

ServerCounters Server::counters() const {
    return {.connections_open = impl_->open,
            .connections_refused = impl_->refused,
            .requests = impl_->requests,
            .client_errors = impl_->client_errors,
            .server_errors = impl_->server_errors,
            .overloaded = impl_->overloaded,
            .handler_throws = impl_->throws};
}

void Server::stop() {
    if (std::exchange(impl_->stopped, true)) return;
    asio::post(impl_->io, [this] { impl_->begin_stop(); });
    {
        std::unique_lock lock(impl_->drained_mutex);
        impl_->drained.wait_for(lock, impl_->config.stop_grace, [this] { return impl_->open == 0; });
    }
    impl_->io.stop();
    if (impl_->workers) impl_->workers->join();
    impl_->thread.join();
}

}  // namespace homeostat::http
