// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"
#include "homeostat/graph/service_graph.h"
#include "homeostat/loop/input.h"
#include "homeostat/model/anomaly.h"
#include "homeostat/model/audit_record.h"
#include "homeostat/model/incident.h"

namespace homeostat::api {

/// What the loop looks like from outside after a step.
struct Snapshot {
    EventTime at{};
    std::string node;
    std::string version;
    bool ready = false;
    std::vector<std::string> troubles;  // why it is not ready, or not quite well
    std::optional<loop::StopSwitched> stopped;
    std::vector<model::Incident> incidents;  // open ones first, then the ended ones, newest first
    std::vector<model::Anomaly> anomalies;
    graph::Records graph;

    static constexpr auto describe() {
        return std::tuple{field("at", &Snapshot::at),
                          field("node", &Snapshot::node),
                          field("version", &Snapshot::version),
                          field("ready", &Snapshot::ready),
                          field("troubles", &Snapshot::troubles),
                          field("stopped", &Snapshot::stopped)};
    }
};

/// What the control surface asks of the node. Thread-safe.
class Control {
public:
    virtual ~Control() = default;
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    [[nodiscard]] virtual std::shared_ptr<const Snapshot> snapshot() const = 0;

    /// The latest records of the audit chain, those whose sequence is above `after`, oldest first. So many
    /// are kept as a watcher that asks each second will not miss; `homeostat audit` reads them all.
    [[nodiscard]] virtual std::vector<model::AuditRecord> records(std::uint64_t after) const = 0;

    /// Hands an input to the loop's next step. Errors: `resource_exhausted` when too many wait.
    [[nodiscard]] virtual Result<> submit(loop::Input input) = 0;

    /// Publishes events of `telemetry.raw`, one JSON object a line. Errors: those of the bus.
    [[nodiscard]] virtual Result<std::uint64_t> publish_events(std::string_view lines) = 0;

    /// In the text format of Prometheus, version 0.0.4.
    [[nodiscard]] virtual std::string metrics() const = 0;

protected:
    Control() = default;
};

}  // namespace homeostat::api
