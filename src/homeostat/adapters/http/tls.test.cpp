// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "homeostat/adapters/http/client.h"
#include "homeostat/adapters/http/server.h"
#include "homeostat/adapters/http/tls_kit.test.h"

namespace homeostat::http {
namespace {

using namespace std::chrono_literals;

class Tls : public testing::Test {
protected:
    void start(ServerConfig config = {}) {
        config.tls = own_.files();
        Routes routes;
        routes.add("POST", "/echo", [](const Request& request) { return Response{.body = request.body}; });
        auto started = Server::start(std::move(config), std::move(routes));
        ASSERT_TRUE(started) << started.error().message;
        server_ = *std::move(started);
    }

    /// A client that trusts nobody but `ca_file`.
    [[nodiscard]] Result<ClientResponse> echo(const std::string& ca_file, const std::string& body = "hello",
                                              const std::string& scheme = "https") const {
        Client client({.ca_file = ca_file});
        return client.send({.method = "POST",
                            .url = scheme + "://127.0.0.1:" + std::to_string(server_->port()) + "/echo",
                            .body = body});
    }

    /// A bare connection.
    [[nodiscard]] int connect() const {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server_->port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return fd;
    }

    void expect_it_goes_on() const {
        const auto answer = echo(own_.files().certificate_chain);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->body, "hello");
    }

    const SelfSigned own_;
    std::unique_ptr<Server> server_;
};

TEST_F(Tls, CarriesARequestToAServerThatIsTrusted) {
    start();
    const std::string large(1'000'000, 'x');
    const auto answer = echo(own_.files().certificate_chain, large);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, large);
}

TEST_F(Tls, IsRefusedByAClientThatDoesNotKnowTheSigner) {
    start();
    const SelfSigned other;
    EXPECT_EQ(echo(other.files().certificate_chain).error().code, ErrorCode::permission_denied);
    expect_it_goes_on();
}

TEST_F(Tls, IsRefusedByAClientWhenTheCertificateIsForAnotherHost) {
    const SelfSigned elsewhere("DNS:example.org");
    start();
    server_ = Server::start({.tls = elsewhere.files()}, Routes{}).value();
    EXPECT_EQ(echo(elsewhere.files().certificate_chain).error().code, ErrorCode::permission_denied);
}

TEST_F(Tls, ClosesAConnectionThatSpeaksPlainText) {
    start();
    EXPECT_EQ(echo("", "hello", "http").error().code, ErrorCode::unavailable);
    expect_it_goes_on();
}

TEST_F(Tls, DoesNotWaitForeverForAHandshake) {
    start({.transfer_timeout = 500ms});
    const int fd = connect();
    char byte = 0;
    EXPECT_LE(::recv(fd, &byte, 1, 0), 0);  // the server hangs up
    ::close(fd);
    expect_it_goes_on();
}

TEST_F(Tls, SpeaksNothingOlderThan12) {
    start();
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                    SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0);  // this client would speak anything
    const auto handshake = [&](int newest) {
        SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context.get(), newest);
        const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context.get()), SSL_free);
        const int fd = connect();
        SSL_set_fd(session.get(), fd);
        const bool done = SSL_connect(session.get()) == 1;
        ::close(fd);
        return done;
    };
    EXPECT_FALSE(handshake(TLS1_1_VERSION));
    EXPECT_TRUE(handshake(TLS1_2_VERSION));
    EXPECT_TRUE(handshake(TLS1_3_VERSION));
}

TEST_F(Tls, NamesTheFileThatItCannotUse) {
    const SelfSigned other;
    for (const auto& files : {TlsFiles{"no-such.pem", own_.files().private_key},
                              TlsFiles{own_.files().certificate_chain, "no-such.key"},
                              TlsFiles{own_.files().certificate_chain, other.files().private_key}}) {
        const auto started = Server::start({.tls = files}, Routes{});
        ASSERT_FALSE(started);
        EXPECT_EQ(started.error().code, ErrorCode::not_found);
        const auto& message = started.error().message;
        const bool named = message.find(files.certificate_chain) != std::string::npos ||
                           message.find(files.private_key) != std::string::npos;
        EXPECT_TRUE(named) << message;
    }
}

}  // namespace
}  // namespace homeostat::http
