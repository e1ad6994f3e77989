// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/supervisor.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <future>
#include <thread>

#include "homeostat/adapters/actuate/process/control_server.h"

namespace homeostat::actuate {
namespace {

namespace fs = std::filesystem;

Result<> make_run_dir(const SupervisorConfig& config) {
    std::error_code error;
    const bool made = fs::create_directories(config.run_dir, error);
    if (made && !error) fs::permissions(config.run_dir, fs::perms::owner_all, error);
    if (!error) fs::create_directories(config.run_dir + "/logs", error);
    if (!error) return {};
    return fail(ErrorCode::failed_precondition,
                "cannot use '" + config.run_dir + "' as run_dir: " + error.message());
}

}  // namespace

struct Supervisor::Impl {
    explicit Impl(SupervisorConfig the_config)
        : config(std::move(the_config)),
          io(1),
          events(std::chrono::system_clock::now().time_since_epoch().count()),
          fleet(io.get_executor(), config, events),
          desk(fleet),
          control(io.get_executor(), fleet, desk, events) {}

    awaitable<Result<>> begin() {
        auto begun = control.listen(config.socket_path());
        if (begun) begun = co_await fleet.start_all();
        if (!begun) co_await finish();
        co_return begun;
    }

    awaitable<void> finish() {
        control.close();
        co_await fleet.stop_all();
    }

    /// Runs `act` on the supervisor's thread and waits for it.
    template <class T>
    T wait_for(awaitable<T> act) {
        return asio::co_spawn(io, std::move(act), asio::use_future).get();
    }

    const SupervisorConfig config;
    asio::io_context io;
    EventLog events;
    Fleet fleet;
    OrderDesk desk;
    ControlServer control;
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
    // All forks happen here, and the kernel ties the life of the processes to it.
    std::thread thread{[this] { io.run(); }};
};

Supervisor::Supervisor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Supervisor>> Supervisor::start(SupervisorConfig config) {
    if (auto valid = validate(config); !valid) return std::unexpected(std::move(valid).error());
    if (auto made = make_run_dir(config); !made) return std::unexpected(std::move(made).error());
    std::unique_ptr<Supervisor> supervisor(new Supervisor(std::make_unique<Impl>(std::move(config))));
    auto begun = supervisor->impl_->wait_for(supervisor->impl_->begin());
    if (!begun) return std::unexpected(std::move(begun).error());
    return supervisor;
}

Supervisor::~Supervisor() {
    stop();
}

void Supervisor::stop() {
    if (!impl_->thread.joinable()) return;
    impl_->wait_for(impl_->finish());
    impl_->io.stop();
    impl_->thread.join();
}

}  // namespace homeostat::actuate
