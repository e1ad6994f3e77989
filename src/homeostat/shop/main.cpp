// SPDX-License-Identifier: Apache-2.0
// homeostat-shop: the example system. `supervise` runs it; the supervisor runs `serve` and `load`.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "homeostat/adapters/actuate/process/supervisor.h"
#include "homeostat/adapters/actuate/process/supervisor_client.h"
#include "homeostat/shop/faults.h"
#include "homeostat/shop/identity.h"
#include "homeostat/shop/load.h"
#include "homeostat/shop/service.h"
#include "homeostat/shop/shop_config.h"

namespace homeostat::shop {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kUnavailable = 3;

int report(const Error& error) {
    std::cerr << "homeostat-shop: " << error.message << '\n';
    return error.code == ErrorCode::unavailable ? kUnavailable : kFailed;
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody calls setenv
    return value != nullptr ? value : std::string();
}

/// Blocks the signals that end us, before the first thread starts, so that wait_for_end() gets them.
sigset_t block_ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

void wait_for_end(const sigset_t& signals) {
    int number = 0;
    while (sigwait(&signals, &number) != 0) {
    }
}

/// Tells the supervisor that we serve, and where.
Result<> announce(const std::string& address) {
    const auto fd = environment("SUPERVISOR_READY_FD");
    if (fd.empty()) {
        std::cout << address << '\n' << std::flush;
        return {};
    }
    const std::string line = address + "\n";
    const int number = std::atoi(fd.c_str());
    if (::write(number, line.data(), line.size()) == static_cast<ssize_t>(line.size())) return {};
    return fail(ErrorCode::failed_precondition, "cannot write to the descriptor SUPERVISOR_READY_FD=" + fd);
}

/// Runs something that was started until a signal ends us.
template <class Server>
int run_until_signal(Result<std::unique_ptr<Server>> server, const sigset_t& signals) {
    if (!server) return report(server.error());
    if (auto announced = announce((*server)->address()); !announced) return report(announced.error());
    wait_for_end(signals);
    return 0;
}

struct ServeArguments {
    std::vector<std::string> routes;
    std::string hold = "5ms";
    std::string call_timeout = "400ms";
    ServiceOptions options;
};

Result<ServiceOptions> service_options(ServeArguments arguments) {
    auto& options = arguments.options;
    HOMEOSTAT_TRY(options.identity, identity_from(environment));
    options.registry_path = environment("SUPERVISOR_REGISTRY");
    options.otlp_endpoint = environment("OTEL_EXPORTER_OTLP_ENDPOINT");
    options.otlp_ca_file = environment("OTEL_EXPORTER_OTLP_CERTIFICATE");
    HOMEOSTAT_TRY(options.otlp_headers, parse_attributes(environment("OTEL_EXPORTER_OTLP_HEADERS")));
    HOMEOSTAT_TRY(options.hold, parse_duration(arguments.hold));
    HOMEOSTAT_TRY(options.call_timeout, parse_duration(arguments.call_timeout));
    for (const auto& route : arguments.routes) {
        const auto equals = route.find('=');
        auto& callee = options.routes[route.substr(0, equals)];
        if (equals != std::string::npos) callee = model::ServiceId{route.substr(equals + 1)};
    }
    return std::move(options);
}

int serve(const ServeArguments& arguments) {
    const auto signals = block_ending_signals();
    auto options = service_options(arguments);
    if (!options) return report(options.error());
    return run_until_signal(ShopService::start(*std::move(options)), signals);
}

int load(const std::vector<std::string>& rates, LoadOptions options) {
    const auto signals = block_ending_signals();
    options.registry_path = environment("SUPERVISOR_REGISTRY");
    for (const auto& rate : rates) {
        const auto equals = rate.find('=');
        const double rps = equals == std::string::npos ? 0 : std::strtod(rate.c_str() + equals + 1, nullptr);
        if (!(rps > 0)) return report({ErrorCode::invalid_argument, "'" + rate + "' is no PATH=RPS above 0"});
        options.rates_rps[rate.substr(0, equals)] = rps;
    }
    return run_until_signal(Load::start(options), signals);
}

struct SuperviseArguments {
    std::string config;
    std::string run_dir;
    std::string endpoint = "http://127.0.0.1:4318";
};

int supervise(const SuperviseArguments& arguments) {
    const auto signals = block_ending_signals();
    Problems problems;
    auto config =
        arguments.config.empty() ? std::optional(built_in_config()) : read_config(arguments.config, problems);
    for (const auto& problem : problems) std::cerr << to_string(problem) << '\n';
    if (!config) return kUsage;
    config->run_dir = arguments.run_dir;
    config->environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = arguments.endpoint;
    const auto supervisor = actuate::Supervisor::start(*std::move(config));
    if (!supervisor) return report(supervisor.error());
    std::cout << "the shop is open; socket " << arguments.run_dir << "/control.sock; Ctrl-C closes it" << '\n'
              << std::flush;
    wait_for_end(signals);
    return 0;
}

int inject(const std::string& name, const std::string& run_dir) {
    const auto fault = enum_from<Fault>(name);
    if (!fault) return report({ErrorCode::invalid_argument, "there is no fault '" + name + "'"});
    const auto truth = FaultInjector(run_dir).inject(*fault);
    if (!truth) return report(truth.error());
    std::cout << json::to_text(to_json(*truth)) << '\n';
    return 0;
}

int print_status(const std::string& run_dir) {
    const actuate::SupervisorClient client(actuate::SupervisorConfig{.run_dir = run_dir}.socket_path());
    const auto services = client.status(std::chrono::seconds(5));
    if (!services) return report(services.error());
    std::cout << json::to_pretty_text(to_json(*services)) << '\n';
    return 0;
}

int run(int argc, char** argv) {
    CLI::App app(
        "The example shop that Homeostat heals.\n\nExamples:\n"
        "  homeostat-shop supervise --run-dir /tmp/shop\n"
        "  homeostat-shop fault crash --run-dir /tmp/shop");
    app.require_subcommand(1);
    std::string run_dir;

    SuperviseArguments supervise_arguments;
    auto* supervise_command = app.add_subcommand("supervise", "Run the whole shop until Ctrl-C");
    supervise_command->add_option("-c,--config", supervise_arguments.config,
                                  "Services (built in: examples/shop)");
    supervise_command->add_option("--run-dir", supervise_arguments.run_dir, "Folder of the socket")
        ->required();
    supervise_command->add_option("--otlp-endpoint", supervise_arguments.endpoint, "Where telemetry goes");

    ServeArguments serve_arguments;
    auto& options = serve_arguments.options;
    auto* serve_command = app.add_subcommand("serve", "Be one instance of a service");
    serve_command->add_option("--route", serve_arguments.routes, "PATH or PATH=CALLEE")->required();
    serve_command->add_option("--slots", options.slots, "Requests worked on at once");
    serve_command->add_option("--hold", serve_arguments.hold, "How long one takes");
    serve_command->add_option("--call-timeout", serve_arguments.call_timeout, "Time-out of a call");
    serve_command->add_option("--fail-ratio", options.fail_ratio, "Share answered with 500")
        ->envname("SHOP_FAIL_RATIO");
    serve_command->add_flag("--table", options.table, "Read and write a row for each request");

    std::vector<std::string> rates;
    LoadOptions load_options;
    auto* load_command = app.add_subcommand("load", "Be the users");
    load_command->add_option("--rate", rates, "PATH=RPS")->required();
    for (auto [command, listen] :
         {std::pair(serve_command, &options.listen), std::pair(load_command, &load_options.listen)}) {
        command->add_option("--listen", *listen, "Address and port; port 0: the system picks one")
            ->envname("SHOP_LISTEN");
    }

    std::string fault;
    auto* fault_command = app.add_subcommand("fault",
                                             "Break something: crash, hang, cpu_burn, memory_leak, slow_db, "
                                             "bad_version, load_surge, lost_dependency, telemetry_silence");
    fault_command->add_option("name", fault, "Which fault")->required();
    auto* status_command = app.add_subcommand("status", "Print the instances as JSON");
    for (auto* command : {fault_command, status_command}) {
        command->add_option("--run-dir", run_dir, "Folder of the shop's socket")->required();
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsage;
    }
    if (supervise_command->parsed()) return supervise(supervise_arguments);
    if (serve_command->parsed()) return serve(serve_arguments);
    if (load_command->parsed()) return load(rates, load_options);
    if (fault_command->parsed()) return inject(fault, run_dir);
    return print_status(run_dir);
}

}  // namespace
}  // namespace homeostat::shop

int main(int argc, char** argv) {
    return homeostat::shop::run(argc, argv);
}
