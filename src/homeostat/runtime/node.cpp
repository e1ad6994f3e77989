// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "homeostat/adapters/actuate/kubernetes/cluster_feed.h"
#include "homeostat/adapters/actuate/kubernetes/kubernetes_actuator.h"
#include "homeostat/adapters/actuate/process/change_feed.h"
#include "homeostat/adapters/actuate/process/process_actuator.h"
#include "homeostat/adapters/actuate/script/script_actuator.h"
#include "homeostat/adapters/bus/embedded/embedded_bus.h"
#include "homeostat/adapters/graphstore/sqlite_graph_store.h"
#include "homeostat/api/routes.h"
#include "homeostat/base/hash.h"
#include "homeostat/runtime/endpoint.h"
#include "homeostat/runtime/loop_config.h"
#include "homeostat/runtime/version.h"

namespace homeostat::runtime {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::string_view kQuarantineTopic = "telemetry.quarantine";
constexpr Duration kTick = 50ms;          // how often the windows are looked for
constexpr Duration kHeartbeat = 250ms;    // how often the loop is asked while an incident is open
constexpr Duration kGraphInterval = 10s;  // how often the graph is stored
constexpr std::size_t kMaxKept = 1000;
constexpr std::size_t kRecordsKept = 256;

std::map<std::string, bus::TopicConfig> topics(const config::BusConfig& config) {
    auto topics = bus::default_topics();
    topics[std::string(kQuarantineTopic)].durable = false;
    for (auto& [name, topic] : topics) {
        topic.retain = config.topic_max;
        topic.retain_for = config.retention;
        topic.segment = config.segment;
    }
    return topics;
}

}  // namespace

Node::Node(const config::Config& config, log::Logger log, Observer observer)
    : config_(config),
      log_(std::move(log)),
      observer_(std::move(observer)),
      snapshot_(std::make_shared<api::Snapshot>()) {}

Result<std::unique_ptr<Node>> Node::start(const config::Config& config,
                                          const std::vector<plan::Playbook>& playbooks, log::Logger log,
                                          Observer observer) {
    std::unique_ptr<Node> node(new Node(config, std::move(log), std::move(observer)));
    if (auto opened = node->open_stores(); !opened) return std::unexpected(opened.error());
    if (auto opened = node->open_engine(playbooks); !opened) return std::unexpected(opened.error());
    if (auto started = node->start_actuators(); !started) return std::unexpected(started.error());
    HOMEOSTAT_TRY(node->monitor_, Monitor::start(config, *node->bus_, node->log_));
    node->refresh_snapshot(node->clock_->now());
    if (auto serving = node->serve(); !serving) return std::unexpected(serving.error());
    node->thread_ = std::thread([&target = *node] { target.run(); });
    return node;
}

Node::~Node() {
    server_.reset();
    stopping_ = true;
    inbox_.wake();
    if (thread_.joinable()) thread_.join();
    change_feed_.reset();
    cluster_feed_.reset();
    monitor_.reset();
    dispatcher_.reset();
}

Result<> Node::open_stores() {
    const fs::path data_dir = config_.node.data_dir;
    std::error_code failed;
    fs::create_directories(data_dir, failed);
    if (failed) {
        return fail(ErrorCode::unavailable,
                    fmt::format("node.data_dir {} cannot be made: {}", data_dir.string(), failed.message()));
    }
    HOMEOSTAT_TRY(bus_, bus::open_embedded_bus(data_dir / "bus", topics(config_.bus)));
    HOMEOSTAT_TRY(graph_store_, adapters::SqliteGraphStore::open((data_dir / "graph.sqlite").string()));
    return {};
}

Result<> Node::open_engine(const std::vector<plan::Playbook>& playbooks) {
    HOMEOSTAT_TRY(auto graph, graph_store_->load());
    EngineConfig engine{.loop = make_loop_config(config_, playbooks),
                        .effective_config = deciding_config(config_, playbooks),
                        .graph = std::move(graph),
                        .data_dir = config_.node.data_dir};
    EffectHandlers handlers{.send = [this](const model::Order& order) { dispatcher_->submit(order); },
                            .request_approval =
                                [this](const loop::RequestApproval& request) {
                                    log_.warning(
                                        "an act waits for approval",
                                        {{"incident", request.incident.value()},
                                         {"playbook", request.plan.playbook.value()},
                                         {"answer_with", "homeostat approve " + request.incident.value()}});
                                },
                            .publish = [this](const loop::ActionReport& report) { publish_report(report); },
                            .recorded = [this](const model::AuditRecord& record) { take_record(record); }};
    HOMEOSTAT_TRY(auto opened, Engine::open(std::move(engine), std::move(handlers)));
    engine_ = std::make_unique<Engine>(std::move(opened));
    clock_ = std::make_unique<Clock>(engine_->last());
    last_step_ = engine_->last().loop;
    log_.info("the journal was read",
              {{"entries", static_cast<std::int64_t>(engine_->recovered().entries)},
               {"open_orders", static_cast<std::int64_t>(engine_->recovered().open_orders.size())},
               {"new_configuration", engine_->recovered().new_configuration}});
    return {};
}

Result<> Node::start_actuators() {
    const auto take_change = [this](const model::ChangeEvent& change) {
        if (!inbox_.put(loop::Changed{change}))
            log_.warning("a change event was dropped", {{"service", change.service.value()}});
    };
    std::vector<std::unique_ptr<act::Actuator>> actuators;
    if (const auto& process = config_.actuators.process) {
        actuators.push_back(std::make_unique<actuate::ProcessActuator>(process->socket));
        change_feed_ = std::make_unique<actuate::ChangeFeed>(process->socket, take_change);
    }
    if (const auto& script = config_.actuators.script) {
        HOMEOSTAT_TRY(auto actuator, actuate::ScriptActuator::create(
                                         *script, (fs::path(config_.node.data_dir) / "scripts").string()));
        actuators.push_back(std::move(actuator));
    }
    if (const auto& cluster = config_.actuators.kubernetes) {
        HOMEOSTAT_TRY(auto actuator,
                      kubernetes::KubernetesActuator::create(
                          *cluster, (fs::path(config_.node.data_dir) / "kubernetes").string()));
        actuators.push_back(std::move(actuator));
        HOMEOSTAT_TRY(cluster_feed_, kubernetes::ClusterFeed::start(*cluster, take_change));
    }
    dispatcher_ = std::make_unique<Dispatcher>(
        std::move(actuators), [this] { return clock_->now().loop; },
        [this](model::OrderResult result) {
            if (!inbox_.put(loop::OrderFinished{std::move(result)}))
                log_.error("the result of an order was dropped");
        });
    for (const auto& order : engine_->recovered().open_orders) dispatcher_->recover(order);
    return {};
}

Result<> Node::serve() {
    if (!config_.api.enabled) return {};
    HOMEOSTAT_TRY(auto server, server_config(config_.api));
    HOMEOSTAT_TRY(server_, http::Server::start(std::move(server), api::make_routes(*this)));
    return {};
}

void Node::run() {
    for (bool last = false; !last;) {
        last = stopping_;  // what came before has been acknowledged: one more step is for it
        auto inputs = inbox_.take(kTick, kMaxKept - std::min(kept_.size(), kMaxKept));
        const auto now = clock_->now();
        auto harvest = monitor_->harvest(now.event);
        for (auto& change : harvest.changes) inputs.emplace_back(loop::Changed{std::move(change)});
        if (!harvest.windows.empty()) {
            publish_windows(harvest.windows, now.event);
            inputs.emplace_back(loop::WindowsArrived{std::move(harvest.windows)});
        }
        keep_quarantined(now.event);
        const bool heartbeat = !engine_->loop().open_orders().empty() || engine_->loop().has_open_incidents();
        if (!inputs.empty() || !kept_.empty() || (heartbeat && now.loop - last_step_ >= kHeartbeat))
            step(now, std::move(inputs));
        keep_graph(now.loop);
    }
}

void Node::step(Instant now, std::vector<loop::Input> inputs) {
    // The clock is read before it was compared: two steps at one moment are no step back.
    now.loop = std::max(now.loop, last_step_);
    kept_.insert(kept_.end(), std::make_move_iterator(inputs.begin()), std::make_move_iterator(inputs.end()));
    const auto stepped = engine_->step(now, kept_);
    if (stepped) {
        kept_.clear();
        journal_trouble_.clear();
        last_step_ = now.loop;
    } else {
        if (journal_trouble_.empty())
            log_.error("the journal cannot be written: nothing is decided until it can",
                       {{"error", stepped.error().message}});
        journal_trouble_ = stepped.error().message;
        // Telemetry may be lost; answers and results may not: where there is no room, they wait in the inbox.
        windows_dropped_ += std::erase_if(
            kept_, [](const auto& input) { return std::holds_alternative<loop::WindowsArrived>(input); });
        if (kept_.size() > kMaxKept) {
            changes_dropped_ += kept_.size() - kMaxKept;
            kept_.resize(kMaxKept);
        }
    }
    refresh_snapshot(now);
}

void Node::refresh_snapshot(Instant now) {
    auto fresh = std::make_shared<api::Snapshot>();
    fresh->at = now.event;
    fresh->node = config_.node.name;
    fresh->version = kVersion;
    if (!journal_trouble_.empty())
        fresh->troubles.push_back("the journal cannot be written: " + journal_trouble_);
    if (!engine_->audit_trouble().empty())
        fresh->troubles.push_back("the audit log cannot be written: " + engine_->audit_trouble());
    fresh->ready = fresh->troubles.empty();
    fresh->stopped = engine_->loop().stopped();
    fresh->incidents = engine_->loop().incidents();
    fresh->anomalies = engine_->loop().anomalies();
    fresh->graph = engine_->loop().graph().records();
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(fresh);
    counters_ = engine_->loop().counters();
}

std::shared_ptr<const api::Snapshot> Node::snapshot() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
}

void Node::take_record(const model::AuditRecord& record) {
    if (observer_) observer_(record);
    const std::lock_guard lock(mutex_);
    records_.push_back(record);
    if (records_.size() > kRecordsKept) records_.pop_front();
}

std::vector<model::AuditRecord> Node::records(std::uint64_t after) const {
    const std::lock_guard lock(mutex_);
    const auto first = std::ranges::upper_bound(records_, after, {}, &model::AuditRecord::sequence);
    return {first, records_.end()};
}

void Node::keep_graph(LoopTime now) {
    if (now - last_graph_save_ < kGraphInterval) return;
    last_graph_save_ = now;
    const auto saved = graph_store_->save(engine_->take_graph_changes());
    if (!saved) log_.warning("the graph cannot be stored", {{"error", saved.error().message}});
}

}  // namespace homeostat::runtime
