// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/monitor.h"

#include <fstream>
#include <iostream>
#include <utility>

#include "homeostat/adapters/ingest/event_lines.h"
#include "homeostat/runtime/clock.h"
#include "homeostat/runtime/endpoint.h"

namespace homeostat::runtime {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEventsPerPoll = 1000;
constexpr Duration kPollPatience = 200ms;

/// Goes on until it is asked to stop; a damaged record costs itself only.
void follow_events(const std::stop_token& stop, bus::Consumer& consumer, ingest::Intake& intake,
                   const log::Logger& log) {
    while (!stop.stop_requested()) {
        const auto records = consumer.poll(kEventsPerPoll, kPollPatience);
        if (!records) {
            log.error("cannot read an event from the bus", {{"error", records.error().message}});
            if (!consumer.seek(consumer.position() + 1)) return;
            continue;
        }
        for (const auto& record : *records) {
            // A malformed event is in the quarantine by now; the next one is not worse for it.
            [[maybe_unused]] const auto tally =
                intake.accept_event(record.payload, "bus " + std::string(bus::kTelemetryRaw));
        }
        if (records->empty()) continue;
        if (const auto committed = consumer.commit(); !committed) {
            log.warning("cannot remember the position on the bus", {{"error", committed.error().message}});
        }
    }
}

}  // namespace

Result<std::unique_ptr<Monitor>> Monitor::start(const config::Config& config, bus::Bus& bus,
                                                const log::Logger& log) {
    HOMEOSTAT_TRY(auto extractor, features::FeatureExtractor::create(config.features, Clock::wall()));
    std::unique_ptr<Monitor> monitor(new Monitor(config, std::move(extractor)));
    if (auto listening = monitor->listen(config.ingest); !listening)
        return std::unexpected(listening.error());
    if (auto reading = monitor->read_bus(bus, log); !reading) return std::unexpected(reading.error());
    monitor->read_files(config.ingest.event_files, log);
    return monitor;
}

Monitor::Monitor(const config::Config& config, features::FeatureExtractor extractor)
    : extractor_(std::move(extractor)),
      intake_({.gate = config.ingest.gate,
               .bytes_waiting_max = static_cast<std::size_t>(config.ingest.queue_max.count())},
              extractor_, [] { return Clock::wall(); }) {}

Monitor::~Monitor() {
    if (grpc_) grpc_->stop();
    if (http_) http_->stop();
}

Result<> Monitor::listen(const config::IngestConfig& config) {
    const auto request_max = static_cast<std::size_t>(config.request_max.count());
    if (config.otlp_grpc.enabled) {
        HOMEOSTAT_TRY(auto token, read_token(config.otlp_grpc));
        HOMEOSTAT_TRY(grpc_, ingest::OtlpGrpcReceiver::start({.listen = to_string(config.otlp_grpc.listen),
                                                              .tls = tls_files(config.otlp_grpc),
                                                              .bearer_token = std::move(token),
                                                              .message_bytes_max = request_max},
                                                             intake_));
    }
    if (config.otlp_http.enabled) {
        HOMEOSTAT_TRY(auto server, server_config(config.otlp_http));
        server.body_bytes_max = request_max;
        HOMEOSTAT_TRY(http_, ingest::OtlpHttpReceiver::start(server, intake_));
    }
    return {};
}

Result<> Monitor::read_bus(bus::Bus& bus, const log::Logger& log) {
    HOMEOSTAT_TRY(auto consumer, bus.subscribe(bus::kTelemetryRaw, "features"));
    readers_.emplace_back([this, log, consumer = std::shared_ptr<bus::Consumer>(std::move(consumer))](
                              const std::stop_token& stop) { follow_events(stop, *consumer, intake_, log); });
    return {};
}

void Monitor::read_files(const std::vector<std::string>& files, const log::Logger& log) {
    for (const auto& name : files) {
        readers_.emplace_back([this, log, name] {
            std::ifstream file;
            if (name != "-") {
                file.open(name);
                if (!file) {
                    log.error("cannot open a file of events", {{"file", name}});
                    return;
                }
            }
            auto& lines = name == "-" ? std::cin : static_cast<std::istream&>(file);
            const auto tally = ingest::read_event_lines(lines, "file " + name, intake_);
            log.info("a file of events was read", {{"file", name},
                                                   {"accepted", static_cast<std::int64_t>(tally.accepted)},
                                                   {"rejected", static_cast<std::int64_t>(tally.rejected)}});
        });
    }
}

Monitor::Harvest Monitor::harvest(EventTime now) {
    Harvest harvest;
    intake_.exclusively([&] {
        harvest.windows = extractor_.advance(now);
        harvest.changes = extractor_.take_changes();
    });
    return harvest;
}

features::FeatureCounters Monitor::feature_counters() const {
    features::FeatureCounters counters;
    intake_.exclusively([&] { counters = extractor_.counters(); });
    return counters;
}

}  // namespace homeostat::runtime
