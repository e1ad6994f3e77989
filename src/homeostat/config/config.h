// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "homeostat/act/kubernetes_config.h"
#include "homeostat/act/script_config.h"
#include "homeostat/base/schema.h"
#include "homeostat/config/endpoint.h"
#include "homeostat/detect/config.h"
#include "homeostat/diagnose/diagnoser.h"
#include "homeostat/features/feature_extractor.h"
#include "homeostat/graph/service_graph.h"
#include "homeostat/loop/config.h"
#include "homeostat/model/service.h"
#include "homeostat/policy/policy_config.h"
#include "homeostat/telemetry/gate.h"
#include "homeostat/verify/verifier.h"

/// The configuration file of `homeostat run`. Each stage describes its own settings; here they come together
/// with those of the shell. A file that says nothing is a legal one: every setting has a default.
namespace homeostat::config {

struct NodeConfig {
    std::string name = "homeostat";
    std::string data_dir = "homeostat-data";

    static constexpr auto schema() {
        return std::tuple{
            setting("name", &NodeConfig::name, "What this node is called in records and metrics.",
                    {.min = 1, .max = 63}),
            setting("data_dir", &NodeConfig::data_dir,
                    "Directory of the bus, the journal, the audit and the graph; made if it is not there.",
                    {.min = 1})};
    }
    friend bool operator==(const NodeConfig&, const NodeConfig&) = default;
};

struct IngestConfig {
    Endpoint otlp_grpc{.listen = {.host = "127.0.0.1", .port = 4317}};
    Endpoint otlp_http{.listen = {.host = "127.0.0.1", .port = 4318}};
    std::vector<std::string> event_files;
    Bytes request_max{std::int64_t{16} << 20U};
    Bytes queue_max{std::int64_t{64} << 20U};
    telemetry::GateConfig gate;

    static constexpr auto schema() {
        return std::tuple{
            setting("otlp_grpc", &IngestConfig::otlp_grpc, "OpenTelemetry over gRPC."),
            setting("otlp_http", &IngestConfig::otlp_http, "OpenTelemetry over HTTP."),
            setting("event_files", &IngestConfig::event_files,
                    "Files with service events, one JSON object a line; '-' is standard input."),
            setting("request_max", &IngestConfig::request_max, "Size of a request, also after gzip.",
                    {.min = Bytes{1024}, .max = Bytes{std::int64_t{1} << 30U}}),
            setting("queue_max", &IngestConfig::queue_max,
                    "Received and not yet worked upon; senders are asked to wait beyond it.",
                    {.min = Bytes{1024}}),
            setting("gate", &IngestConfig::gate, "What a record must satisfy to come in.")};
    }
    void check(Findings& findings) const;
};

struct BusConfig {
    Bytes segment{std::int64_t{64} << 20U};
    Bytes topic_max{std::int64_t{1} << 30U};
    Duration retention = std::chrono::hours{24 * 7};

    static constexpr auto schema() {
        return std::tuple{
            setting("segment", &BusConfig::segment, "A topic begins a new file beyond this size.",
                    {.min = Bytes{std::int64_t{1} << 20U}}),
            setting("topic_max", &BusConfig::topic_max, "The oldest files of a topic go beyond this size.",
                    {.min = Bytes{std::int64_t{1} << 20U}}),
            setting("retention", &BusConfig::retention, "The oldest files of a topic go after this time.",
                    {.min = std::chrono::minutes{1}})};
    }
    void check(Findings& findings) const;
    friend bool operator==(const BusConfig&, const BusConfig&) = default;
};

/// A call that no trace shows.
struct Call {
    model::ServiceId caller;
    model::ServiceId callee;

    static constexpr auto schema() {
        return std::tuple{
            setting("caller", &Call::caller, "The service that calls.", {.required = true}),
            setting("callee", &Call::callee, "The service that is called.", {.required = true})};
    }
    friend bool operator==(const Call&, const Call&) = default;
};

struct GraphConfig {
    std::vector<model::ServiceFacts> services;
    std::vector<Call> edges;
    graph::GraphConfig learning;

    static constexpr auto schema() {
        return std::tuple{
            setting("services", &GraphConfig::services, "What people know of services.", {.max = 10'000}),
            setting("edges", &GraphConfig::edges, "Calls between services that no trace shows.",
                    {.max = 100'000}),
            setting("learning", &GraphConfig::learning, "How calls are learned from the telemetry.")};
    }
    void check(Findings& findings) const;
};

struct ProcessActuatorConfig {
    std::string socket;

    static constexpr auto schema() {
        return std::tuple{setting("socket", &ProcessActuatorConfig::socket,
                                  "The supervisor's control socket.", {.min = 1, .required = true})};
    }
    friend bool operator==(const ProcessActuatorConfig&, const ProcessActuatorConfig&) = default;
};

struct ActuatorsConfig {
    std::optional<ProcessActuatorConfig> process;
    std::optional<act::ScriptConfig> script;
    std::optional<act::KubernetesConfig> kubernetes;

    static constexpr auto schema() {
        return std::tuple{
            setting("process", &ActuatorsConfig::process,
                    "Acts on local processes through their supervisor."),
            setting("script", &ActuatorsConfig::script, "Runs programs of a list; never a shell."),
            setting("kubernetes", &ActuatorsConfig::kubernetes, "Acts on a cluster through its API.")};
    }
    void check(Findings& findings) const;
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

struct LogConfig {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::json;

    static constexpr auto schema() {
        return std::tuple{setting("level", &LogConfig::level, "The least serious lines to write."),
                          setting("format", &LogConfig::format, "How they are written, to standard error.")};
    }
    friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

struct Config {
    NodeConfig node;
    IngestConfig ingest;
    features::FeatureConfig features;
    BusConfig bus;
    detect::DetectConfig detect;
    GraphConfig graph;
    diagnose::DiagnoseConfig diagnose;
    std::vector<std::string> playbooks;
    policy::PolicyConfig policy;
    verify::VerifyConfig verify;
    loop::Patience loop;
    ActuatorsConfig actuators;
    Endpoint api{.listen = {.host = "127.0.0.1", .port = 8420}};
    LogConfig log;

    static constexpr auto schema() {
        return std::tuple{
            setting("node", &Config::node, "This node."),
            setting("ingest", &Config::ingest, "How telemetry comes in."),
            setting("features", &Config::features, "How telemetry becomes features."),
            setting("bus", &Config::bus, "The embedded bus."),
            setting("detect", &Config::detect, "When a service is not as it normally is."),
            setting("graph", &Config::graph, "What is known of services and who calls whom."),
            setting("diagnose", &Config::diagnose, "When a cause is sure enough."),
            setting("playbooks", &Config::playbooks,
                    "Playbook files, and directories whose *.yaml and *.yml files are playbooks; relative to "
                    "this file.",
                    {.max = 1000}),
            setting("policy", &Config::policy, "What may be done without a person, and how much of it."),
            setting("verify", &Config::verify, "When a service counts as recovered."),
            setting("loop", &Config::loop, "How long the loop waits for what."),
            setting("actuators", &Config::actuators, "Who carries acts out."),
            setting("api", &Config::api, "The control surface: approvals, the stop switch, metrics."),
            setting("log", &Config::log, "What is logged, and how.")};
    }
};

/// Reads a configuration, whose defaults are Config{}. True when there is no error; all problems are reported
/// at once, warnings as well.
[[nodiscard]] bool read(const Document& document, Config& out, Problems& problems);

/// The effective configuration as its file would say it.
[[nodiscard]] json::Value show(const Config& config, Secrets secrets = Secrets::masked);

/// JSON Schema (draft 2020-12) of the file.
[[nodiscard]] json::Value json_schema();

}  // namespace homeostat::config

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::config::LogLevel> =
    std::to_array<std::string_view>({"debug", "info", "warning", "error"});
template <>
inline constexpr auto homeostat::kEnumNames<homeostat::config::LogFormat> =
    std::to_array<std::string_view>({"text", "json"});
