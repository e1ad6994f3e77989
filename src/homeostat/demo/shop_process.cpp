// SPDX-License-Identifier: Apache-2.0
#include "homeostat/demo/shop_process.h"

#include <poll.h>

#include <csignal>
#include <filesystem>

#include "homeostat/adapters/actuate/process/supervisor_client.h"
#include "homeostat/adapters/actuate/process/supervisor_config.h"
#include "homeostat/adapters/actuate/spawn/spawn.h"

namespace homeostat::demo {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr Duration kReadyWithin = 30s;
constexpr Duration kCloseWithin = 10s;

/// Waits until the process has ended, at most `patience`.
bool has_ended(const actuate::Child& child, Duration patience) {
    pollfd waiting{.fd = child.pidfd.get(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, static_cast<int>(patience / 1ms)) > 0;
}

}  // namespace

Result<std::unique_ptr<ShopProcess>> ShopProcess::start(const std::string& run_dir,
                                                        const std::string& otlp_endpoint) {
    std::error_code failed;
    const auto program = fs::read_symlink("/proc/self/exe", failed).parent_path() / "homeostat-shop";
    if (failed || !fs::exists(program))
        return fail(ErrorCode::not_found, "there is no " + program.string() + ": build it with `make build`");
    std::unique_ptr<ShopProcess> shop(new ShopProcess);
    shop->keeper_ = std::thread([&target = *shop, program = program.string(), run_dir, otlp_endpoint] {
        target.live(program, run_dir, otlp_endpoint);
    });
    const actuate::SupervisorClient client(actuate::SupervisorConfig{.run_dir = run_dir}.socket_path());
    const auto end = std::chrono::steady_clock::now() + kReadyWithin;
    while (std::chrono::steady_clock::now() < end && !shop->ended_) {
        if (client.status(1s)) return shop;
        std::this_thread::sleep_for(100ms);
    }
    return fail(
        ErrorCode::deadline_exceeded,
        "the shop did not open: " + (shop->ended_ ? shop->failure_ : std::string("it takes too long")));
}

void ShopProcess::live(const std::string& program, const std::string& run_dir, const std::string& endpoint) {
    const auto child =
        actuate::spawn({.program = program,
                        .args = {"supervise", "--run-dir", run_dir, "--otlp-endpoint", endpoint},
                        .environment = {"PATH=" + fs::path(program).parent_path().string()},
                        .descriptors = {{2, 2}}});
    if (!child) {
        failure_ = child.error().message;
        ended_ = true;
        return;
    }
    while (!closing_ && !has_ended(*child, 100ms)) {
    }
    if (closing_) {
        actuate::signal_group(*child, SIGTERM);
        if (!has_ended(*child, kCloseWithin)) actuate::signal_group(*child, SIGKILL);
    }
    failure_ = to_string(actuate::reap(*child));
    ended_ = true;
}

ShopProcess::~ShopProcess() {
    closing_ = true;
    if (keeper_.joinable()) keeper_.join();
}

}  // namespace homeostat::demo
