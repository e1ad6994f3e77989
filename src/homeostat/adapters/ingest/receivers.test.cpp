// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <iterator>

#include "homeostat/adapters/http/client.h"
#include "homeostat/adapters/http/gzip.h"
#include "homeostat/adapters/http/tls_kit.test.h"
#include "homeostat/adapters/ingest/otlp_grpc.h"
#include "homeostat/adapters/ingest/otlp_http.h"
#include "homeostat/adapters/ingest/otlp_kit.test.h"
#include "homeostat/adapters/ingest/otlp_response.h"
#include "homeostat/base/json.h"

namespace homeostat::ingest {
namespace {

constexpr auto kTraces = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

std::string one_bad_of_two() {
    return spans_request({{.id = 1}, {.id = 2, .end = kNow + std::chrono::hours(1)}});
}

struct ReceiverTest : testing::Test {
    CollectingSink sink;
    IntakeConfig config;
    std::unique_ptr<Intake> intake;

    void start_intake() {
        intake = std::make_unique<Intake>(config, sink, [] { return kNow; });
    }
};

struct OtlpHttp : ReceiverTest {
    std::unique_ptr<OtlpHttpReceiver> receiver;
    http::Client client;

    void start(const http::ServerConfig& server = {}) {
        start_intake();
        auto started = OtlpHttpReceiver::start(server, *intake);
        ASSERT_TRUE(started) << started.error().message;
        receiver = *std::move(started);
    }
    http::ClientResponse post(std::string path, std::string body, std::string type = "application/x-protobuf",
                              http::Fields headers = {}) {
        auto response = client.send({.method = "POST",
                                     .url = "http://127.0.0.1:" + std::to_string(receiver->port()) + path,
                                     .body = std::move(body),
                                     .content_type = std::move(type),
                                     .headers = std::move(headers)});
        if (!response) ADD_FAILURE() << response.error().message;
        return response.value_or(http::ClientResponse{});
    }
};

TEST_F(OtlpHttp, TakesProtobufPlainAndPacked) {
    start();
    const auto plain = post("/v1/traces", spans_request({{.id = 1}}));
    EXPECT_EQ(plain.status, 200);
    EXPECT_EQ(plain.body, "");
    EXPECT_EQ(*http::find(plain.headers, "content-type"), "application/x-protobuf");
    const auto packed = post("/v1/traces", http::gzip(spans_request({{.id = 2}})), "application/x-protobuf",
                             {{"Content-Encoding", "gzip"}});
    EXPECT_EQ(packed.status, 200);
    EXPECT_EQ(sink.spans.size(), 2U);
}

TEST_F(OtlpHttp, TakesJson) {
    start();
    const auto response = post("/v1/logs", R"({"resourceLogs":[{"resource":{"attributes":[
        {"key":"service.name","value":{"stringValue":"payment"}}]},"scopeLogs":[{"logRecords":[
        {"timeUnixNano":"1800000000000000000","severityNumber":17,"body":{"stringValue":"cannot"}},
        {"timeUnixNano":"0"}]}]}]})",
                               "application/json; charset=utf-8");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(
        response.body,
        R"({"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"missing_time: time is missing"}})");
    EXPECT_EQ(sink.logs.size(), 1U);
}

TEST_F(OtlpHttp, ReportsAPartialSuccess) {
    start();
    const auto response = post("/v1/traces", one_bad_of_two());
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.body.starts_with("\x0a")) << "partial_success";
    EXPECT_NE(response.body.find("from_the_future"), std::string::npos);
    EXPECT_EQ(sink.spans.size(), 1U);
}

TEST_F(OtlpHttp, AnswersWhatItCannotReadWith400And415) {
    start();
    EXPECT_EQ(post("/v1/traces", "no protobuf").status, 400);
    const auto json = post("/v1/traces", "no json", "application/json");
    EXPECT_EQ(json.status, 400);
    EXPECT_EQ(json::parse(json.body)->find("code")->as_integer()[0], 3);
    EXPECT_EQ(post("/v1/traces", "x", "text/plain").status, 415);
    EXPECT_EQ(post("/v1/nothing", "x").status, 404);
    EXPECT_EQ(post("/v1/traces", "").status, 415) << "curl sends no content type without a body";
    EXPECT_TRUE(sink.spans.empty());
}

TEST_F(OtlpHttp, AsksToComeBackWhenTooMuchIsWaiting) {
    config.bytes_waiting_max = 10;
    start();
    const auto response = post("/v1/traces", spans_request({{}}));
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(*http::find(response.headers, "retry-after"), "1");
}

TEST_F(OtlpHttp, RefusesABodyBeyondItsBound) {
    start({.body_bytes_max = 1000});
    EXPECT_EQ(post("/v1/traces", std::string(1001, 'x')).status, 413);
}

struct OtlpGrpc : ReceiverTest {
    std::unique_ptr<OtlpGrpcReceiver> receiver;
    std::shared_ptr<grpc::Channel> channel;

    void start(const OtlpGrpcConfig& grpc = {}) {
        start_intake();
        auto started = OtlpGrpcReceiver::start(grpc, *intake);
        ASSERT_TRUE(started) << started.error().message;
        receiver = *std::move(started);
        connect(grpc::InsecureChannelCredentials());
    }
    void connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
        grpc::ChannelArguments arguments;
        arguments.SetMaxSendMessageSize(-1);
        channel = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(receiver->port()), credentials,
                                            arguments);
    }

    struct Reply {
        grpc::Status status;
        std::string bytes;
    };
    Reply call(std::string_view bytes, const char* method = kTraces, const std::string& token = {},
               grpc_compression_algorithm compression = GRPC_COMPRESS_NONE) {
        grpc::GenericStub stub(channel);
        grpc::ClientContext context;
        context.set_compression_algorithm(compression);
        if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
        const grpc::Slice slice(bytes.data(), bytes.size());
        grpc::ByteBuffer request(&slice, 1);
        grpc::ByteBuffer response;
        std::promise<grpc::Status> done;
        stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &response,
                       [&](grpc::Status status) { done.set_value(std::move(status)); });
        Reply reply{done.get_future().get(), {}};
        grpc::Slice out;
        if (reply.status.ok() && response.DumpToSingleSlice(&out).ok()) {
            reply.bytes.assign(reinterpret_cast<const char*>(out.begin()), out.size());
        }
        return reply;
    }
};

TEST_F(OtlpGrpc, TakesARequestPlainAndPacked) {
    start();
    const auto plain = call(spans_request({{.id = 1}}));
    EXPECT_TRUE(plain.status.ok()) << plain.status.error_message();
    EXPECT_EQ(plain.bytes, "");
    const auto packed = call(spans_request({{.id = 2}}), kTraces, {}, GRPC_COMPRESS_GZIP);
    EXPECT_TRUE(packed.status.ok()) << packed.status.error_message();
    EXPECT_EQ(sink.spans.size(), 2U);
    EXPECT_EQ(receiver->counters().calls, 2U);
}

TEST_F(OtlpGrpc, ReportsAPartialSuccess) {
    start();
    const auto reply = call(one_bad_of_two());
    EXPECT_TRUE(reply.status.ok());
    EXPECT_EQ(reply.bytes,
              export_response(
                  Signal::traces, Encoding::protobuf,
                  {.accepted = 1, .quarantined = 1, .first_reason = intake->take_quarantined().at(0).text}));
}

TEST_F(OtlpGrpc, RefusesBrokenBytesAndGoesOn) {
    start();
    EXPECT_EQ(call("no protobuf").status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(call("x", "/some.other.Service/Export").status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_TRUE(call(spans_request({{}})).status.ok());
    EXPECT_EQ(receiver->counters().failed, 2U);
}

TEST_F(OtlpGrpc, AsksToComeBackWhenTooMuchIsWaiting) {
    config.bytes_waiting_max = 10;
    start();
    const auto status = call(spans_request({{}})).status;
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_NE(status.error_details().find("google.rpc.RetryInfo"), std::string::npos);
}

TEST_F(OtlpGrpc, RefusesAMessageBeyondItsBoundAlsoPacked) {
    start({.message_bytes_max = 100'000});
    const std::string large(1'000'000, '\0');
    EXPECT_EQ(call(large).status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(call(large, kTraces, {}, GRPC_COMPRESS_GZIP).status.error_code(),
              grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(intake->counters().payloads, 0U);
}

TEST_F(OtlpGrpc, AsksForTheToken) {
    start({.bearer_token = "secret"});
    EXPECT_EQ(call(spans_request({{}})).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(call(spans_request({{}}), kTraces, "secreT").status.error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_TRUE(call(spans_request({{}}), kTraces, "secret").status.ok());
    EXPECT_EQ(receiver->counters().unauthorized, 2U);
}

TEST_F(OtlpGrpc, RefusesAPortInUseWithTheCure) {
    start();
    const auto second =
        OtlpGrpcReceiver::start({.listen = "127.0.0.1:" + std::to_string(receiver->port())}, *intake);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
    EXPECT_NE(second.error().message.find("in use"), std::string::npos);
}

TEST_F(OtlpGrpc, SpeaksTlsToThoseWhoTrustIt) {
    const http::SelfSigned own, other;
    start({.tls = own.files()});
    EXPECT_EQ(call(spans_request({{}})).status.error_code(), grpc::StatusCode::UNAVAILABLE);
    const auto trusting = [](const http::SelfSigned& signer) {
        std::ifstream file(signer.files().certificate_chain);
        return grpc::SslCredentials({.pem_root_certs = {std::istreambuf_iterator<char>(file), {}}});
    };
    connect(trusting(other));
    EXPECT_EQ(call(spans_request({{}})).status.error_code(), grpc::StatusCode::UNAVAILABLE);
    connect(trusting(own));
    const auto reply = call(spans_request({{}}));
    EXPECT_TRUE(reply.status.ok()) << reply.status.error_message();
}

TEST_F(OtlpGrpc, RefusesTlsFilesThatAreNotThere) {
    start_intake();
    const auto receiver_or = OtlpGrpcReceiver::start(
        {.tls = http::TlsFiles{.certificate_chain = "no-such.pem", .private_key = "no-such.key"}}, *intake);
    ASSERT_FALSE(receiver_or);
    EXPECT_EQ(receiver_or.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace homeostat::ingest
