// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/fleet.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <ranges>

namespace homeostat::actuate {
namespace {

constexpr int kReadyFd = 3;  // number of the readiness pipe in the child
constexpr std::size_t kAddressBytesMax = 256;
constexpr auto kKillTimeout = std::chrono::seconds(5);

SteadyTime after(Duration duration) {
    return std::chrono::steady_clock::now() + duration;
}

EventTime event_now() {
    return EventTime{std::chrono::system_clock::now().time_since_epoch()};
}

/// A program without a slash lies beside ours.
std::string resolve_program(const std::string& program) {
    if (program.find('/') != std::string::npos) return program;
    std::error_code error;
    return (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / program).string();
}

/// Going back to a version forgets what came after it: the version before a rollback is not the one that
/// was rolled back.
void remember(Service& service, const model::DeploymentVersion& before) {
    auto& history = service.history;
    const auto returned = std::ranges::find(history, service.version);
    if (returned != history.end()) {
        history.erase(returned, history.end());
        return;
    }
    history.push_back(before);
    if (history.size() > Fleet::kHistoryMax) history.erase(history.begin());
}

Instance make_instance(const Service& service, int ordinal) {
    return {.id = model::InstanceId{service.config.name.value() + "-" + std::to_string(ordinal)},
            .version = service.version};
}

}  // namespace

Fleet::Fleet(asio::any_io_executor executor, const SupervisorConfig& config, EventLog& events)
    : executor_(std::move(executor)), config_(config), events_(events) {
    for (const auto& service : config.services) {
        services_[service.name] = Service{.config = service, .version = service.version};
    }
}

Service* Fleet::find(const model::ServiceId& service) {
    const auto found = services_.find(service);
    return found == services_.end() ? nullptr : &found->second;
}

Instance* Fleet::find(Service& service, const model::InstanceId& instance) {
    for (auto& candidate : service.instances | std::views::values) {
        if (candidate.id == instance) return &candidate;
    }
    return nullptr;
}

SpawnSpec Fleet::spawn_spec(const Service& service, const Instance& instance) const {
    const auto& version = service.config.versions.at(instance.version);
    auto environment = config_.environment;
    for (const auto& [name, value] : version.environment) environment[name] = value;
    environment["SUPERVISOR_SERVICE"] = service.config.name.value();
    environment["SUPERVISOR_INSTANCE"] = instance.id.value();
    environment["SUPERVISOR_VERSION"] = instance.version.value();
    environment["SUPERVISOR_REGISTRY"] = config_.registry_path();
    environment["SUPERVISOR_READY_FD"] = std::to_string(kReadyFd);

    SpawnSpec spec{.program = resolve_program(version.command.front()),
                   .args = {version.command.begin() + 1, version.command.end()}};
    for (const auto& [name, value] : environment)
        spec.environment.push_back(fmt::format("{}={}", name, value));
    return spec;
}

Result<Fleet::Launch> Fleet::launch(Place place) {
    if (stopping_) return fail(ErrorCode::failed_precondition, "the supervisor is stopping");
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return fail(ErrorCode::resource_exhausted, "no descriptor is left for a pipe");
    FileDescriptor reading(ends[0]);
    const FileDescriptor writing(ends[1]);
    const auto& id = place.instance.id;
    const FileDescriptor log(
        ::open(config_.log_path(id).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));

    auto spec = spawn_spec(place.service, place.instance);
    spec.descriptors = {{kReadyFd, writing.get()}};
    if (log.is_open()) {
        spec.descriptors.emplace_back(STDOUT_FILENO, log.get());
        spec.descriptors.emplace_back(STDERR_FILENO, log.get());
    }
    HOMEOSTAT_TRY(auto child, spawn(spec));
    auto process = std::make_shared<Process>();
    process->child = std::move(child);
    place.instance.process = process;
    asio::co_spawn(executor_, watch(process, place.service.config.name, id), asio::detached);
    return Launch{.process = std::move(process),
                  .ready = std::make_shared<asio::posix::stream_descriptor>(executor_, reading.release())};
}

awaitable<Result<>> Fleet::become_ready(Place place, Launch launch, Order order) {
    asio::steady_timer timer(executor_, config_.start_timeout);
    // The timer's handler may be queued already when the read ends, hence the shared descriptor.
    timer.async_wait([ready = launch.ready](boost::system::error_code error) {
        if (!error) ready->cancel();
    });
    std::string address;
    const auto [error, size] = co_await asio::async_read_until(
        *launch.ready, asio::dynamic_buffer(address, kAddressBytesMax), '\n', kAsTuple);
    auto& instance = place.instance;
    if (error) {
        launch.process->asked_to_stop = true;
        launch.process->stopped_by = order;
        // Once it has been reaped its number may be somebody else's.
        if (launch.process->running) signal_group(launch.process->child, SIGKILL);
        co_await end(launch.process);
        co_return fail(ErrorCode::failed_precondition, "instance '" + instance.id.value() +
                                                           "' was not ready in time (" +
                                                           instance.last_exit.value_or("no exit") +
                                                           "): see " + config_.log_path(instance.id));
    }
    instance.address = address.substr(0, size - 1);
    instance.routed = true;
    report(model::ChangeKind::instance_started, place.service.config.name, instance.version.value(), order,
           instance.id);
    publish();
    co_return Result<>{};
}

awaitable<Result<>> Fleet::start(Place place, Order order) {
    auto started = launch(place);
    if (!started) co_return std::unexpected(std::move(started).error());
    co_return co_await become_ready(place, std::move(*started), std::move(order));
}

awaitable<void> Fleet::watch(std::shared_ptr<Process> process, model::ServiceId service,
                             model::InstanceId instance) {
    asio::posix::stream_descriptor pidfd(executor_, process->child.pidfd.release());
    co_await pidfd.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
    const auto exit = reap(process->child);
    process->running = false;
    ended(*process, service, instance, exit);
    process->ended.notify();
}

void Fleet::ended(const Process& process, const model::ServiceId& service, const model::InstanceId& instance,
                  const Exit& exit) {
    auto* owner = find(service);
    auto* place = owner != nullptr ? find(*owner, instance) : nullptr;
    if (place != nullptr && place->process.get() == &process) place->last_exit = to_string(exit);
    // An end that belongs to a deployment is told by version_changed, and is no evidence of a crash.
    if (process.asked_to_stop && !process.stopped_by) return;
    report(model::ChangeKind::instance_exited, service, to_string(exit), process.stopped_by, instance);
}

awaitable<void> Fleet::end(std::shared_ptr<Process> process) {
    const auto deadline = after(kKillTimeout);
    while (process->running && std::chrono::steady_clock::now() < deadline) {
        co_await process->ended.wait_until(deadline);
    }
}

awaitable<void> Fleet::stop(Instance& instance, Order order) {
    instance.address.clear();
    publish();
    const auto process = instance.process;
    if (!process || !process->running) co_return;
    co_await process->ended.wait_until(after(config_.drain));
    if (!process->running) co_return;

    process->asked_to_stop = true;
    process->stopped_by = std::move(order);
    signal_group(process->child, SIGTERM);
    const auto deadline = after(config_.stop_grace);
    while (process->running && std::chrono::steady_clock::now() < deadline) {
        co_await process->ended.wait_until(deadline);
    }
    if (process->running) signal_group(process->child, SIGKILL);
    co_await end(process);
}

awaitable<Result<>> Fleet::restart(Service& service, Instance& instance, Order order) {
    co_await stop(instance, order);
    co_return co_await start({service, instance}, order);
}

awaitable<void> Fleet::remove_last(Service& service, Order order) {
    const auto last = std::prev(service.instances.end());
    co_await stop(last->second, std::move(order));
    service.instances.erase(last);
}

awaitable<Result<>> Fleet::scale(Service& service, std::int32_t replicas, Order order) {
    const auto wanted = static_cast<std::size_t>(replicas);
    const auto before = service.instances.size();
    report(model::ChangeKind::scaled, service.config.name, std::to_string(replicas), order);
    while (service.instances.size() > wanted) co_await remove_last(service, order);
    while (service.instances.size() < wanted) {
        const int ordinal = service.instances.empty() ? 1 : service.instances.rbegin()->first + 1;
        auto& instance = service.instances[ordinal] = make_instance(service, ordinal);
        auto started = co_await start({service, instance}, order);
        if (started) continue;
        while (service.instances.size() > before) co_await remove_last(service, order);
        report(model::ChangeKind::scaled, service.config.name, std::to_string(before), order);
        co_return started;
    }
    co_return Result<>{};
}

awaitable<Result<>> Fleet::replace_all(Service& service, model::DeploymentVersion version, Order order) {
    service.version = version;
    report(model::ChangeKind::version_changed, service.config.name, version.value(), order);
    for (auto& instance : service.instances | std::views::values) {
        if (instance.version == version) continue;
        instance.version = version;
        auto replaced = co_await restart(service, instance, order);
        if (!replaced) co_return replaced;
    }
    co_return Result<>{};
}

awaitable<Result<>> Fleet::change_version(Service& service, model::DeploymentVersion version, Order order) {
    const auto before = service.version;
    auto changed = co_await replace_all(service, version, order);
    if (!changed) {
        auto restored = co_await replace_all(service, before, order);
        if (!restored) changed.error().message += "; and the version before: " + restored.error().message;
        co_return changed;
    }
    remember(service, before);
    co_return Result<>{};
}

void Fleet::route(Service& service, Instance& instance, bool routed, Order order) {
    instance.routed = routed;
    publish();
    report(model::ChangeKind::configured, service.config.name, routed ? "routed" : "not routed",
           std::move(order), instance.id);
}

void Fleet::throttle(Service& service, double rate_rps, Order order) {
    service.rate_rps = rate_rps;
    publish();
    report(model::ChangeKind::configured, service.config.name, "rate_rps=" + std::to_string(rate_rps),
           std::move(order));
}

awaitable<Result<>> Fleet::start_service(Service& service) {
    std::vector<std::pair<Place, Launch>> launches;
    for (int ordinal = 1; ordinal <= service.config.replicas; ++ordinal) {
        auto& instance = service.instances[ordinal] = make_instance(service, ordinal);
        auto launched = launch({service, instance});
        if (!launched) co_return std::unexpected(std::move(launched).error());
        launches.emplace_back(Place{service, instance}, std::move(*launched));
    }
    for (auto& [place, launched] : launches) {
        auto ready = co_await become_ready(place, std::move(launched), std::nullopt);
        if (!ready) co_return ready;
    }
    co_return Result<>{};
}

awaitable<Result<>> Fleet::start_all() {
    for (const auto& each : config_.services) {
        auto started = co_await start_service(services_.at(each.name));
        if (!started) co_return started;
    }
    co_return Result<>{};
}

awaitable<void> Fleet::stop_all() {
    stopping_ = true;
    std::vector<std::shared_ptr<Process>> running;
    for (const auto& service : services_ | std::views::values) {
        for (const auto& instance : service.instances | std::views::values) {
            if (instance.process && instance.process->running) running.push_back(instance.process);
        }
    }
    for (const auto& process : running) {
        process->asked_to_stop = true;
        signal_group(process->child, SIGTERM);
    }
    const auto deadline = after(config_.stop_grace);
    for (const auto& process : running) {
        while (process->running && std::chrono::steady_clock::now() < deadline) {
            co_await process->ended.wait_until(deadline);
        }
        if (process->running) signal_group(process->child, SIGKILL);
    }
    for (const auto& process : running) co_await end(process);
}

void Fleet::report(model::ChangeKind kind, const model::ServiceId& service, std::string detail, Order order,
                   std::optional<model::InstanceId> instance) {
    events_.add({.at = event_now(),
                 .service = service,
                 .instance = std::move(instance),
                 .kind = kind,
                 .detail = std::move(detail),
                 .order = std::move(order)});
}

void Fleet::publish() const {
    Registry registry;
    for (const auto& [name, service] : services_) {
        auto& entry = registry.services[name];
        entry.rate_rps = service.rate_rps;
        for (const auto& instance : service.instances | std::views::values) {
            if (instance.address.empty()) continue;
            entry.instances.push_back({.instance = instance.id,
                                       .address = instance.address,
                                       .version = instance.version,
                                       .routed = instance.routed});
        }
    }
    const auto path = config_.registry_path();
    std::ofstream(path + ".new", std::ios::trunc) << json::to_text(to_json(registry)) << '\n';
    std::error_code error;
    std::filesystem::rename(path + ".new", path, error);  // readers see the old file or the new one
    if (error) spdlog::error("cannot write {}: {}", path, error.message());
}

std::vector<ServiceStatus> Fleet::status() const {
    std::vector<ServiceStatus> result;
    for (const auto& [name, service] : services_) {
        auto& entry = result.emplace_back(
            ServiceStatus{.service = name, .version = service.version, .rate_rps = service.rate_rps});
        for (const auto& instance : service.instances | std::views::values) {
            const bool running = instance.process && instance.process->running;
            entry.instances.push_back({.instance = instance.id,
                                       .pid = running ? instance.process->child.pid : 0,
                                       .running = running,
                                       .routed = instance.routed,
                                       .address = instance.address,
                                       .version = instance.version,
                                       .last_exit = instance.last_exit});
        }
    }
    return result;
}

}  // namespace homeostat::actuate
