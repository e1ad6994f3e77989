// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/exporter.h"

#include "homeostat/adapters/http/client.h"

namespace homeostat::shop {
namespace {

using namespace std::chrono_literals;
constexpr auto kBatchInterval = 200ms;
constexpr int kBatchesPerReading = 2;
constexpr auto kSendTimeout = 500ms;

/// True when the endpoint took it.
bool post(http::Client& client, const Exporter::Options& options, const std::string& path, std::string body) {
    const auto response = client.send({.method = "POST",
                                       .url = options.endpoint + path,
                                       .body = std::move(body),
                                       .content_type = "application/x-protobuf",
                                       .headers = options.headers,
                                       .timeout = kSendTimeout});
    return response && response->status == 200;
}

}  // namespace

Exporter::Exporter(Options options) : options_(std::move(options)), thread_([this] { run(); }) {}

Exporter::~Exporter() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Exporter::add(SpanRecord span) {
    const std::scoped_lock lock(mutex_);
    if (collected_.spans.size() >= kSpansMax) {
        ++dropped_;
        return;
    }
    collected_.spans.push_back(std::move(span));
}

void Exporter::log(bool error, std::string body) {
    const std::scoped_lock lock(mutex_);
    if (collected_.logs.size() >= kLogsMax) {
        ++dropped_;
        return;
    }
    collected_.logs.push_back({.at = wall_now(), .error = error, .body = std::move(body)});
}

void Exporter::run() {
    bool last = false;
    for (int round = 0; !last; ++round) {
        Batch batch;
        {
            std::unique_lock lock(mutex_);
            last = wake_.wait_for(lock, kBatchInterval, [&] { return stopping_; });
            std::swap(batch, collected_);
        }
        if (!silent_ && !options_.endpoint.empty()) send(batch, round % kBatchesPerReading == 0);
    }
}

void Exporter::send(const Batch& batch, bool with_reading) {
    thread_local http::Client client({.ca_file = options_.ca_file});
    const auto count = [this](bool taken, std::size_t records) { (taken ? sent_ : dropped_) += records; };
    const auto& identity = options_.identity;
    if (!batch.spans.empty()) {
        count(post(client, options_, "/v1/traces", encode_spans(identity, batch.spans)), batch.spans.size());
    }
    if (!batch.logs.empty()) {
        count(post(client, options_, "/v1/logs", encode_logs(identity, batch.logs)), batch.logs.size());
    }
    if (with_reading) {
        auto reading = read_process();
        reading.active_requests = options_.active_requests();
        count(post(client, options_, "/v1/metrics", encode_reading(identity, started_, reading)), 1);
    }
}

}  // namespace homeostat::shop
