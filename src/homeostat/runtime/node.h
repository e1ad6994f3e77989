// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "homeostat/adapters/bus/port.h"
#include "homeostat/adapters/http/server.h"
#include "homeostat/adapters/log/log.h"
#include "homeostat/api/control.h"
#include "homeostat/base/result.h"
#include "homeostat/config/config.h"
#include "homeostat/plan/playbook.h"
#include "homeostat/runtime/clock.h"
#include "homeostat/runtime/dispatcher.h"
#include "homeostat/runtime/engine.h"
#include "homeostat/runtime/inbox.h"
#include "homeostat/runtime/monitor.h"

namespace homeostat::graph {
class GraphStore;
}
namespace homeostat::actuate {
class ChangeFeed;
}

namespace homeostat::kubernetes {
class ClusterFeed;
}

namespace homeostat::runtime {

/// Homeostat in one process: monitor, engine, actuators and control surface, wired together. The only
/// place that knows all the adapters.
class Node final : public api::Control {
public:
    /// Is told of each decision as it is made, on the loop's thread.
    using Observer = std::function<void(const model::AuditRecord&)>;

    /// Starts everything; on error nothing is left running. Errors name what could not be started and the
    /// cure.
    [[nodiscard]] static Result<std::unique_ptr<Node>> start(const config::Config& config,
                                                             const std::vector<plan::Playbook>& playbooks,
                                                             log::Logger log, Observer observer = {});

    /// Stops in the order in which work flows: no new telemetry, a last step, no new orders.
    ~Node() override;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    [[nodiscard]] std::uint16_t api_port() const { return server_ ? server_->port() : 0; }
    [[nodiscard]] std::uint16_t otlp_http_port() const { return monitor_->otlp_http_port(); }
    [[nodiscard]] std::uint16_t otlp_grpc_port() const { return monitor_->otlp_grpc_port(); }

    [[nodiscard]] std::shared_ptr<const api::Snapshot> snapshot() const override;
    [[nodiscard]] std::vector<model::AuditRecord> records(std::uint64_t after) const override;
    [[nodiscard]] Result<> submit(loop::Input input) override { return inbox_.put(std::move(input)); }
    [[nodiscard]] Result<std::uint64_t> publish_events(std::string_view lines) override;
    [[nodiscard]] std::string metrics() const override;

private:
    Node(const config::Config& config, log::Logger log, Observer observer);

    [[nodiscard]] Result<> open_stores();
    [[nodiscard]] Result<> open_engine(const std::vector<plan::Playbook>& playbooks);
    [[nodiscard]] Result<> start_actuators();
    [[nodiscard]] Result<> serve();

    void run();
    void step(Instant now, std::vector<loop::Input> inputs);
    void publish_windows(const std::vector<model::FeatureWindow>& windows, EventTime now);
    void take_record(const model::AuditRecord& record);
    void publish_report(const loop::ActionReport& report);
    void keep_quarantined(EventTime now);
    void keep_graph(LoopTime now);
    void refresh_snapshot(Instant now);

    config::Config config_;
    log::Logger log_;
    Observer observer_;
    std::unique_ptr<bus::Bus> bus_;
    std::unique_ptr<graph::GraphStore> graph_store_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Clock> clock_;
    std::unique_ptr<Monitor> monitor_;
    Inbox inbox_;
    std::unique_ptr<Dispatcher> dispatcher_;
    std::unique_ptr<actuate::ChangeFeed> change_feed_;
    std::unique_ptr<kubernetes::ClusterFeed> cluster_feed_;
    std::unique_ptr<http::Server> server_;

    // Of the loop's thread.
    std::vector<loop::Input> kept_;  // what a full disk kept from being decided upon
    std::string journal_trouble_;
    LoopTime last_step_{};
    LoopTime last_graph_save_{};

    mutable std::mutex mutex_;                // of the three below
    std::deque<model::AuditRecord> records_;  // the latest
    std::shared_ptr<const api::Snapshot> snapshot_;
    loop::LoopCounters counters_;
    std::atomic<std::uint64_t> windows_dropped_ = 0;  // while the journal could not be written
    std::atomic<std::uint64_t> changes_dropped_ = 0;  // likewise, of those that the telemetry told

    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace homeostat::runtime
