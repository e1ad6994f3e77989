// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>

#include "homeostat/cli/commands.h"
#include "homeostat/cli/load.h"
#include "homeostat/cli/problems.h"
#include "homeostat/runtime/node.h"

namespace homeostat::cli {
namespace {

log::Level level_of(config::LogLevel level) {
    switch (level) {
        case config::LogLevel::debug: return log::Level::debug;
        case config::LogLevel::info: return log::Level::info;
        case config::LogLevel::warning: return log::Level::warning;
        case config::LogLevel::error: return log::Level::error;
    }
    return log::Level::info;
}

log::Format format_of(config::LogFormat format) {
    return format == config::LogFormat::text ? log::Format::text : log::Format::json;
}

/// Keeps SIGTERM and SIGINT from this thread and from those that it starts, so that wait() gets them.
class StopSignals {
public:
    StopSignals() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGTERM);
        sigaddset(&signals_, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    }
    ~StopSignals() { let_through(); }
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// The name of the signal that came.
    [[nodiscard]] std::string_view wait() const {
        int signal = 0;
        while (sigwait(&signals_, &signal) != 0) {
        }
        return signal == SIGTERM ? "SIGTERM" : "SIGINT";
    }
    /// From now on a signal ends the process at once.
    void let_through() const { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t signals_{};
    sigset_t before_{};
};

std::string url_of(const config::Endpoint& endpoint, std::uint16_t port) {
    if (!endpoint.enabled) return "off";
    const auto address = to_string(config::ListenAddress{.host = endpoint.listen.host, .port = port});
    return fmt::format("{}://{}", endpoint.tls ? "https" : "http", address);
}

ExitCode run_node(const std::string& file, Environment& environment) {
    const auto loaded = load(file);
    print_problems(environment, loaded.problems);
    if (!loaded.usable()) return ExitCode::usage;
    const auto& config = loaded.config;
    const log::Logger log(format_of(config.log.format), level_of(config.log.level));
    const StopSignals signals;
    auto node = runtime::Node::start(config, loaded.playbooks, log);
    if (!node) {
        log.error("cannot start", {{"error", node.error().message}});
        return ExitCode::unavailable;
    }
    log.info("running", {{"node", config.node.name},
                         {"data_dir", config.node.data_dir},
                         {"api", url_of(config.api, (*node)->api_port())},
                         {"otlp_http", url_of(config.ingest.otlp_http, (*node)->otlp_http_port())},
                         {"otlp_grpc", url_of(config.ingest.otlp_grpc, (*node)->otlp_grpc_port())},
                         {"playbooks", static_cast<std::int64_t>(loaded.playbooks.size())},
                         {"mode", to_string(config.policy.mode)}});
    const auto signal = signals.wait();
    signals.let_through();
    log.info("stopping; a second signal ends it at once, which is safe", {{"signal", signal}});
    node->reset();
    log.info("stopped");
    return ExitCode::ok;
}

}  // namespace

Command run_command() {
    struct Options {
        std::string file;
    };
    return make_command<Options>([](Options& options) {
        return Command{
            .name = "run",
            .summary =
                "Runs Homeostat until SIGTERM or SIGINT: telemetry in, decisions, acts, control surface.",
            .examples = {"homeostat run -c config.yaml"},
            .arguments = {of_files(required("-c,--config", options.file, "The configuration file."))},
            .run = [&options](Environment& environment) { return run_node(options.file, environment); }};
    });
}

}  // namespace homeostat::cli
