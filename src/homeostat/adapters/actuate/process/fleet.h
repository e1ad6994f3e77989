// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/adapters/actuate/process/event_log.h"
#include "homeostat/adapters/actuate/process/pulse.h"
#include "homeostat/adapters/actuate/process/registry.h"
#include "homeostat/adapters/actuate/process/supervisor_config.h"
#include "homeostat/adapters/actuate/spawn/spawn.h"

namespace homeostat::actuate {

/// A process from its start until it has been reaped. Shared by its instance, by the coroutine that
/// watches it, and by those that wait for its end.
struct Process {
    Child child;
    bool running = true;
    bool asked_to_stop = false;
    std::optional<model::OrderId> stopped_by;
    Pulse ended;
};

struct Instance {
    model::InstanceId id;
    model::DeploymentVersion version;
    std::string address;  // empty until it is ready, and while it is being replaced: then it is not listed
    bool routed = true;
    std::shared_ptr<Process> process;
    std::optional<std::string> last_exit;
};

struct Service {
    SupervisedService config;
    model::DeploymentVersion version;
    std::vector<model::DeploymentVersion> history;  // the versions before, newest last
    double rate_rps = 0;
    std::map<int, Instance> instances;  // by ordinal, from 1
    bool busy = false;                  // an act on it is in progress
};

/// The supervised services and the acts on them. One thread; a caller of an act has made sure that no
/// other act on the same service is in progress. `order` is set when an order asked for the act.
class Fleet {
public:
    using Order = std::optional<model::OrderId>;
    static constexpr std::size_t kHistoryMax = 16;

    Fleet(asio::any_io_executor executor, const SupervisorConfig& config, EventLog& events);

    [[nodiscard]] awaitable<Result<>> start_all();
    /// Nothing is started any more.
    [[nodiscard]] awaitable<void> stop_all();

    /// Stops the instance if it runs, starts it again and routes it.
    [[nodiscard]] awaitable<Result<>> restart(Service& service, Instance& instance, Order order);
    /// On error the number is what it was.
    [[nodiscard]] awaitable<Result<>> scale(Service& service, std::int32_t replicas, Order order);
    /// Replaces one instance after the other. On error the old version has been put back.
    [[nodiscard]] awaitable<Result<>> change_version(Service& service, model::DeploymentVersion version,
                                                     Order order);
    void route(Service& service, Instance& instance, bool routed, Order order);
    void throttle(Service& service, double rate_rps, Order order);

    /// nullptr: there is none.
    [[nodiscard]] Service* find(const model::ServiceId& service);
    [[nodiscard]] static Instance* find(Service& service, const model::InstanceId& instance);
    [[nodiscard]] std::vector<ServiceStatus> status() const;

private:
    /// A process that was started and has not said yet that it is ready.
    struct Launch {
        std::shared_ptr<Process> process;
        std::shared_ptr<asio::posix::stream_descriptor> ready;
    };
    struct Place {
        Service& service;
        Instance& instance;
    };

    [[nodiscard]] awaitable<Result<>> start_service(Service& service);
    [[nodiscard]] Result<Launch> launch(Place place);
    [[nodiscard]] awaitable<Result<>> become_ready(Place place, Launch launch, Order order);
    [[nodiscard]] awaitable<Result<>> start(Place place, Order order);
    [[nodiscard]] awaitable<void> stop(Instance& instance, Order order);
    [[nodiscard]] awaitable<Result<>> replace_all(Service& service, model::DeploymentVersion version,
                                                  Order order);
    [[nodiscard]] awaitable<void> remove_last(Service& service, Order order);
    [[nodiscard]] awaitable<void> end(std::shared_ptr<Process> process);
    [[nodiscard]] awaitable<void> watch(std::shared_ptr<Process> process, model::ServiceId service,
                                        model::InstanceId instance);
    void ended(const Process& process, const model::ServiceId& service, const model::InstanceId& instance,
               const Exit& exit);

    [[nodiscard]] SpawnSpec spawn_spec(const Service& service, const Instance& instance) const;
    void report(model::ChangeKind kind, const model::ServiceId& service, std::string detail, Order order,
                std::optional<model::InstanceId> instance = std::nullopt);
    void publish() const;

    asio::any_io_executor executor_;
    const SupervisorConfig& config_;
    EventLog& events_;
    std::map<model::ServiceId, Service> services_;
    bool stopping_ = false;  // an act in progress starts nothing more
};

}  // namespace homeostat::actuate
