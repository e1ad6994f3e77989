// SPDX-License-Identifier: Apache-2.0
// What it costs to take telemetry in, from the socket to the features. The load comes from a second
// process, so that the server's CPU time is counted alone.
//   ingest_bench [BATCHES [stages|grpc|http]]   measures everything, or one thing
//   ingest_bench load grpc|http PORT BATCHES    the load, started by the first form
#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

#include "bench/event_text.h"
#include "bench/span_batch.h"
#include "homeostat/adapters/http/client.h"
#include "homeostat/adapters/ingest/intake.h"
#include "homeostat/adapters/ingest/otlp_grpc.h"
#include "homeostat/adapters/ingest/otlp_http.h"
#include "homeostat/adapters/ingest/otlp_protobuf.h"
#include "homeostat/base/check.h"
#include "homeostat/features/feature_extractor.h"
#include "homeostat/telemetry/event_decoder.h"

namespace homeostat::bench {
namespace {

constexpr std::size_t kSpans = 1000;
constexpr int kServices = 8;
constexpr int kConcurrency = 16;

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
EventTime now() {
    return EventTime(std::chrono::system_clock::now().time_since_epoch());
}

std::vector<SpanBatch> make_batches() {
    std::vector<SpanBatch> out;
    for (int i = 0; i < kServices; ++i) out.emplace_back("service-" + std::to_string(i), kSpans);
    return out;
}

/// The pipeline as it runs: intake, gate, features, and a loop that closes the windows.
struct Pipeline {
    features::FeatureExtractor extractor = features::FeatureExtractor::create({}, now()).value();
    ingest::Intake intake{{}, extractor, now};
    std::atomic<std::uint64_t> windows{0};
    std::jthread closer{[this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            intake.exclusively([this] { windows += extractor.advance(now()).size(); });
        }
    }};
};

int run_load(const std::string& kind, const std::string& port, int batches) {
    const std::string count = std::to_string(batches);
    const char* argv[] = {"ingest_bench", "load", kind.c_str(), port.c_str(), count.c_str(), nullptr};
    pid_t pid = 0;
    HOMEOSTAT_CHECK(
        posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, const_cast<char**>(argv), environ) == 0);
    int status = 0;
    HOMEOSTAT_CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

void measure_server(const std::string& kind, int batches) {
    Pipeline pipeline;
    std::unique_ptr<ingest::OtlpGrpcReceiver> grpc;
    std::unique_ptr<ingest::OtlpHttpReceiver> http;
    if (kind == "grpc") grpc = ingest::OtlpGrpcReceiver::start({}, pipeline.intake).value();
    if (kind == "http") http = ingest::OtlpHttpReceiver::start({}, pipeline.intake).value();
    const auto port = grpc ? grpc->port() : http->port();
    const double cpu = cpu_seconds();
    const double wall = wall_seconds();
    const int status = run_load(kind, std::to_string(port), batches);
    const double million = static_cast<double>(batches) * kSpans / 1e6;
    const auto counters = pipeline.intake.counters().gate;
    fmt::print(
        "OTLP/{:<5} {:.3f} CPU-s per million spans, {:.2f} M spans/s with the load on the same machine; "
        "{} spans accepted of {}, {} set aside, {} late, {} windows{}\n",
        kind, (cpu_seconds() - cpu) / million, million / (wall_seconds() - wall), counters.spans,
        static_cast<std::size_t>(batches) * kSpans, counters.quarantined.total(),
        pipeline.extractor.counters().dropped_late, pipeline.windows.load(),
        status == 0 ? "" : "; THE LOAD FAILED");
}

void load_grpc(const std::string& port, int batches) {
    const auto channel = grpc::CreateChannel("127.0.0.1:" + port, grpc::InsecureChannelCredentials());
    grpc::GenericStub stub(channel);
    auto bodies = make_batches();
    std::counting_semaphore<> room(kConcurrency);
    std::atomic<int> failed{0};
    struct Call {
        grpc::ClientContext context;
        grpc::ByteBuffer request, response;
    };
    for (int i = 0; i < batches; ++i) {
        room.acquire();
        auto& body = bodies[static_cast<std::size_t>(i % kServices)];
        body.renew(static_cast<std::uint64_t>(i) * kSpans + 1, now());
        const grpc::Slice slice(body.bytes().data(), body.bytes().size());
        auto* call = new Call{{}, grpc::ByteBuffer(&slice, 1), {}};
        stub.UnaryCall(&call->context, "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                       grpc::StubOptions(), &call->request, &call->response,
                       [&, call](const grpc::Status& status) {
                           if (!status.ok()) ++failed;
                           delete call;
                           room.release();
                       });
    }
    for (int i = 0; i < kConcurrency; ++i) room.acquire();
    HOMEOSTAT_CHECK(failed == 0);
}

void load_http(const std::string& port, int batches) {
    std::atomic<int> next{0};
    const auto send = [&] {
        http::Client client;
        auto bodies = make_batches();
        for (int i = next++; i < batches; i = next++) {
            auto& body = bodies[static_cast<std::size_t>(i % kServices)];
            body.renew(static_cast<std::uint64_t>(i) * kSpans + 1, now());
            const auto response = client.send({.method = "POST",
                                               .url = "http://127.0.0.1:" + port + "/v1/traces",
                                               .body = std::string(body.bytes()),
                                               .content_type = "application/x-protobuf",
                                               .headers = {}});
            HOMEOSTAT_CHECK(response && response->status == 200);
        }
    };
    std::jthread other(send);
    send();
}

struct Nowhere final : model::SignalSink {
    void on_span(const model::SpanView&) override {}
    void on_metric(const model::MetricView&) override {}
    void on_log(const model::LogView&) override {}
    void on_event(const model::ServiceEvent&) override {}
};

/// Nanoseconds a record that `work` takes, best of three rounds; `prepare` is not counted.
template <class Prepare, class Work>
double best_ns(std::size_t records, Prepare&& prepare, Work&& work) {
    double best = 1e300;
    for (int round = 0; round < 3; ++round) {
        double total = 0;
        std::size_t done = 0;
        while (done < 200'000) {
            prepare();
            const double start = cpu_seconds();
            work();
            total += cpu_seconds() - start;
            done += records;
        }
        best = std::min(best, total / static_cast<double>(done) * 1e9);
    }
    return best;
}

void measure_stages() {
    SpanBatch body("service-1", kSpans);
    std::uint64_t id = 1;
    const auto renew = [&] {
        body.renew(id, now());
        id += kSpans;
    };
    ingest::Batch batch;
    Nowhere nowhere;
    telemetry::Gate gate({}, nowhere);
    features::FeatureExtractor extractor = features::FeatureExtractor::create({}, now()).value();
    telemetry::Gate full({}, extractor);
    const auto decode = [&] {
        HOMEOSTAT_CHECK(ingest::decode_protobuf(ingest::Signal::traces, body.bytes(), batch));
    };
    const auto through = [&](telemetry::Gate& through_gate) {
        decode();
        through_gate.begin(now(), "bench");
        through_gate.on_spans(batch.spans);
        HOMEOSTAT_CHECK(through_gate.tally().accepted == kSpans);
    };
    fmt::print("a span of {} bytes: decode {:.0f} ns, with the gate {:.0f} ns, with features {:.0f} ns\n",
               body.bytes_per_span(), best_ns(kSpans, renew, decode),
               best_ns(kSpans, renew, [&] { through(gate); }),
               best_ns(
                   kSpans,
                   [&] {
                       renew();
                       (void)extractor.advance(now());
                   },
                   [&] { through(full); }));
}

void measure_events() {
    constexpr std::size_t kEvents = 1000;
    std::vector<std::string> events(kEvents);
    std::uint64_t nonce = 0;
    const auto renew = [&] {
        for (auto& event : events) event = event_text(nonce++, now());
    };
    renew();
    const auto size = events.back().size();
    telemetry::EventDecoder decoder;
    features::FeatureExtractor extractor = features::FeatureExtractor::create({}, now()).value();
    telemetry::Gate gate({}, extractor);
    const double decode = best_ns(kEvents, renew, [&] {
        for (const auto& event : events) HOMEOSTAT_CHECK(decoder.decode(event));
    });
    const double all = best_ns(
        kEvents,
        [&] {
            renew();
            (void)extractor.advance(now());
        },
        [&] {
            gate.begin(now(), "bench");
            for (const auto& event : events) gate.on_event(*decoder.decode(event));
        });
    fmt::print("an event of {} bytes: decode {:.0f} ns, with gate and features {:.0f} ns\n", size, decode,
               all);
}

}  // namespace
}  // namespace homeostat::bench

int main(int argc, char** argv) {
    using namespace homeostat::bench;
    if (argc == 5 && std::string_view(argv[1]) == "load") {
        const int batches = std::stoi(argv[4]);
        std::string_view(argv[2]) == "grpc" ? load_grpc(argv[3], batches) : load_http(argv[3], batches);
        return 0;
    }
    const int batches = argc > 1 ? std::stoi(argv[1]) : 5000;
    const std::string_view only = argc > 2 ? argv[2] : "";
    if (only.empty() || only == "stages") {
        measure_stages();
        measure_events();
    }
    for (const std::string kind : {"grpc", "http"}) {
        if (only.empty() || only == kind) measure_server(kind, batches);
    }
    return 0;
}
