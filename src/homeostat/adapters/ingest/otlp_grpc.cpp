// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/otlp_grpc.h"

#include <grpc/support/log.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <protozero/pbf_writer.hpp>
#include <utility>

#include "homeostat/adapters/ingest/otlp_response.h"

namespace homeostat::ingest {
namespace {

constexpr auto kStopGrace = std::chrono::seconds(2);

struct Method {
    std::string_view path;
    Signal signal;
};
constexpr auto kMethods = std::to_array<Method>({
    {"/opentelemetry.proto.collector.trace.v1.TraceService/Export", Signal::traces},
    {"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", Signal::metrics},
    {"/opentelemetry.proto.collector.logs.v1.LogsService/Export", Signal::logs},
});

struct Counters {
    std::atomic<std::uint64_t> calls{0}, failed{0}, unauthorized{0};
};

/// google.rpc.Status with a RetryInfo detail: only with it may a sender repeat a RESOURCE_EXHAUSTED call.
std::string retry_details(int code, std::string_view message) {
    std::string out = status_message(Encoding::protobuf, code, message);
    protozero::pbf_writer status(out);
    protozero::pbf_writer any(status, 3);
    any.add_string(1, "type.googleapis.com/google.rpc.RetryInfo");
    protozero::pbf_writer info(any, 2);
    protozero::pbf_writer delay(info, 1);
    delay.add_int64(1, 1);  // seconds
    return out;
}

grpc::Status to_status(const Error& error) {
    const int code = grpc_code(error.code);
    if (error.code != ErrorCode::resource_exhausted)
        return {static_cast<grpc::StatusCode>(code), error.message};
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, error.message, retry_details(code, error.message)};
}

/// One call: read the message, take it, answer. Deletes itself when gRPC is done with it.
class Call final : public grpc::ServerGenericBidiReactor {
public:
    Call(Signal signal, std::string source, Intake& intake, Counters& counters)
        : signal_(signal), source_(std::move(source)), intake_(intake), counters_(counters) {
        StartRead(&request_);
    }

    void OnReadDone(bool ok) override {
        if (!ok) return finish({grpc::StatusCode::INVALID_ARGUMENT, "the call has no message"});
        grpc::Slice bytes;
        if (!request_.TrySingleSlice(&bytes).ok() && !request_.DumpToSingleSlice(&bytes).ok()) {
            return finish({grpc::StatusCode::INVALID_ARGUMENT, "the message cannot be unpacked"});
        }
        const auto tally =
            intake_.accept({.signal = signal_,
                            .encoding = Encoding::protobuf,
                            .bytes = {reinterpret_cast<const char*>(bytes.begin()), bytes.size()},
                            .source = source_});
        if (!tally) return finish(to_status(tally.error()));
        request_.Clear();
        const grpc::Slice answer(export_response(signal_, Encoding::protobuf, *tally));
        response_ = grpc::ByteBuffer(&answer, 1);
        ++counters_.calls;
        StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
    }

    void OnDone() override { delete this; }

private:
    void finish(const grpc::Status& status) {
        ++counters_.calls;
        ++counters_.failed;
        Finish(status);
    }

    Signal signal_;
    std::string source_;
    Intake& intake_;
    Counters& counters_;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer response_;
};

class Refusal final : public grpc::ServerGenericBidiReactor {
public:
    explicit Refusal(const grpc::Status& status) { Finish(status); }
    void OnDone() override { delete this; }
};

class Service final : public grpc::CallbackGenericService {
public:
    Service(Intake& intake, const std::string& token)
        : intake_(intake), authorization_(token.empty() ? "" : "Bearer " + token) {}

    Counters counters;

    grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
        if (!is_authorized(*context)) {
            ++counters.unauthorized;
            return refuse(
                {grpc::StatusCode::UNAUTHENTICATED, "send the metadata 'authorization: Bearer TOKEN'"});
        }
        const auto* method = std::ranges::find(kMethods, context->method(), &Method::path);
        if (method == kMethods.end())
            return refuse({grpc::StatusCode::UNIMPLEMENTED, "only OTLP's Export calls"});
        return new Call(method->signal, "otlp_grpc " + context->peer(), intake_, counters);
    }

private:
    grpc::ServerGenericBidiReactor* refuse(const grpc::Status& status) {
        ++counters.calls;
        ++counters.failed;
        return new Refusal(status);
    }

    [[nodiscard]] bool is_authorized(const grpc::ServerContextBase& context) const {
        if (authorization_.empty()) return true;
        const auto found = context.client_metadata().find("authorization");
        return found != context.client_metadata().end() && found->second.size() == authorization_.size() &&
               CRYPTO_memcmp(found->second.data(), authorization_.data(), authorization_.size()) == 0;
    }

    Intake& intake_;
    std::string authorization_;
};

Result<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string out((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file || out.empty()) return fail(ErrorCode::not_found, "cannot read the TLS file " + path);
    return out;
}

Result<std::shared_ptr<grpc::ServerCredentials>> credentials(const std::optional<http::TlsFiles>& tls) {
    if (!tls) return grpc::InsecureServerCredentials();
    HOMEOSTAT_TRY(auto key, read_file(tls->private_key));
    HOMEOSTAT_TRY(auto certificates, read_file(tls->certificate_chain));
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({std::move(key), std::move(certificates)});
    return grpc::SslServerCredentials(options);
}

}  // namespace

struct OtlpGrpcReceiver::Impl {
    Service service;
    std::unique_ptr<grpc::Server> server;
    int port = 0;

    Impl(Intake& intake, const std::string& token) : service(intake, token) {}
};

OtlpGrpcReceiver::OtlpGrpcReceiver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<OtlpGrpcReceiver>> OtlpGrpcReceiver::start(const OtlpGrpcConfig& config,
                                                                  Intake& intake) {
    gpr_set_log_function([](gpr_log_func_args*) {});  // gRPC would write to stderr what our errors say
    HOMEOSTAT_TRY(const auto server_credentials, credentials(config.tls));
    auto impl = std::make_unique<Impl>(intake, config.bearer_token);
    grpc::ResourceQuota quota;
    quota.Resize(config.memory_bytes_max);
    grpc::ServerBuilder builder;
    builder.SetResourceQuota(quota);
    builder.SetMaxReceiveMessageSize(static_cast<int>(config.message_bytes_max));
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // else a second process would share the port
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, config.streams_max);
    builder.RegisterCallbackGenericService(&impl->service);
    builder.AddListeningPort(config.listen, server_credentials, &impl->port);
    impl->server = builder.BuildAndStart();
    if (!impl->server || impl->port == 0) {
        return fail(ErrorCode::failed_precondition,
                    "cannot listen on " + config.listen +
                        ": the port is in use or the address is none of this machine; stop the program that "
                        "has the port or set another listen address");
    }
    return std::unique_ptr<OtlpGrpcReceiver>(new OtlpGrpcReceiver(std::move(impl)));
}

OtlpGrpcReceiver::~OtlpGrpcReceiver() {
    stop();
}

std::uint16_t OtlpGrpcReceiver::port() const {
    return static_cast<std::uint16_t>(impl_->port);
}

OtlpGrpcCounters OtlpGrpcReceiver::counters() const {
    const auto& counters = impl_->service.counters;
    return {.calls = counters.calls, .failed = counters.failed, .unauthorized = counters.unauthorized};
}

void OtlpGrpcReceiver::stop() {
    if (!impl_->server) return;
    impl_->server->Shutdown(std::chrono::system_clock::now() + kStopGrace);
    impl_->server->Wait();
    impl_->server.reset();
}

}  // namespace homeostat::ingest
