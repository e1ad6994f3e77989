// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "homeostat/adapters/bus/port.h"
#include "homeostat/adapters/ingest/intake.h"
#include "homeostat/adapters/ingest/otlp_grpc.h"
#include "homeostat/adapters/ingest/otlp_http.h"
#include "homeostat/adapters/log/log.h"
#include "homeostat/base/result.h"
#include "homeostat/config/config.h"
#include "homeostat/features/feature_extractor.h"
#include "homeostat/model/change_event.h"
#include "homeostat/model/feature_window.h"

namespace homeostat::runtime {

/// The M of MAPE-K: everything from the listening sockets to windows of features.
class Monitor {
public:
    struct Harvest {
        std::vector<model::FeatureWindow> windows;
        std::vector<model::ChangeEvent> changes;
    };

    /// Listens as configured, and reads events from the bus and from files. `bus` and `log` must outlive it.
    /// Errors: those of the receivers, with the cure.
    [[nodiscard]] static Result<std::unique_ptr<Monitor>> start(const config::Config& config, bus::Bus& bus,
                                                                const log::Logger& log);
    ~Monitor();
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    /// The windows that have closed by now, and the changes seen in them.
    [[nodiscard]] Harvest harvest(EventTime now);

    [[nodiscard]] ingest::IntakeCounters intake_counters() const { return intake_.counters(); }
    [[nodiscard]] features::FeatureCounters feature_counters() const;
    /// The bad records since the last call.
    [[nodiscard]] std::vector<telemetry::QuarantinedRecord> take_quarantined() {
        return intake_.take_quarantined();
    }

    /// Where the receivers listen; 0 for one that is off.
    [[nodiscard]] std::uint16_t otlp_grpc_port() const { return grpc_ ? grpc_->port() : 0; }
    [[nodiscard]] std::uint16_t otlp_http_port() const { return http_ ? http_->port() : 0; }

private:
    Monitor(const config::Config& config, features::FeatureExtractor extractor);

    [[nodiscard]] Result<> listen(const config::IngestConfig& config);
    [[nodiscard]] Result<> read_bus(bus::Bus& bus, const log::Logger& log);
    void read_files(const std::vector<std::string>& files, const log::Logger& log);

    features::FeatureExtractor extractor_;
    mutable ingest::Intake intake_;
    std::unique_ptr<ingest::OtlpGrpcReceiver> grpc_;
    std::unique_ptr<ingest::OtlpHttpReceiver> http_;
    std::vector<std::jthread> readers_;
};

}  // namespace homeostat::runtime
