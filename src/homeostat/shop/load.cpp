// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/load.h"

#include <atomic>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <numbers>
#include <thread>
#include <vector>

#include "homeostat/adapters/actuate/process/supervisor_config.h"
#include "homeostat/adapters/http/client.h"
#include "homeostat/adapters/http/server.h"
#include "homeostat/base/prng.h"
#include "homeostat/shop/control.h"
#include "homeostat/shop/directory.h"
#include "homeostat/shop/registry_file.h"

namespace homeostat::shop {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kSenders = 96;
constexpr std::size_t kQueueMax = 256;
constexpr auto kTimeout = 2s;
constexpr double kSurgeMax = 20;

/// Time to the next arrival of a Poisson process.
SteadyClock::duration exponential(Prng& prng, double rate) {
    const double uniform = (static_cast<double>(prng.next() >> 11U) + 0.5) * 0x1.0p-53;
    return std::chrono::duration_cast<SteadyClock::duration>(
        std::chrono::duration<double>(-std::log(uniform) / rate));
}

}  // namespace

Result<LoadStats> read_load_stats(const std::string& run_dir) {
    RegistryFile registry(actuate::SupervisorConfig{.run_dir = run_dir}.registry_path());
    const auto users = registry.next(model::ServiceId{"load"}, {});
    if (!users) return fail(ErrorCode::unavailable, "no shop runs in '" + run_dir + "'");
    http::Client client;
    HOMEOSTAT_TRY(const auto response,
                  client.send({.url = "http://" + *users + "/stats", .timeout = kTimeout}));
    HOMEOSTAT_TRY(const auto json, json::parse(response.body));
    return from_json<LoadStats>(json);
}

double daily_factor(Duration time, double swing, Duration day) {
    const double turn = static_cast<double>(time.count()) / static_cast<double>(day.count());
    return 1 + swing * std::sin(2 * std::numbers::pi * turn);
}

struct Load::Impl {
    explicit Impl(LoadOptions the_options)
        : options(std::move(the_options)), directory(open_directory(options.registry_path)) {}

    /// One thread a route decides when a request comes.
    void arrive(const std::stop_token& stop, const std::string& route, double rate_rps, std::uint64_t seed) {
        Prng prng(seed);
        const auto started = SteadyClock::now();
        auto next = started;
        while (!stop.stop_requested()) {
            const double rate =
                rate_rps * daily_factor(next - started, options.swing, options.day) * surge_of(route);
            next += exponential(prng, rate);
            std::unique_lock lock(mutex);
            if (wake.wait_until(lock, stop, next, [] { return false; }) || stop.stop_requested()) return;
            if (queue.size() >= kQueueMax) {
                ++dropped;
                continue;
            }
            queue.push_back(route);
            lock.unlock();
            work.notify_one();
        }
    }

    void send(const std::stop_token& stop) {
        http::Client client;
        for (;;) {
            std::unique_lock lock(mutex);
            if (!work.wait(lock, stop, [&] { return !queue.empty(); })) return;
            const auto route = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            ++sent;
            count(get(client, route));
        }
    }

    int get(http::Client& client, const std::string& route) {
        const auto frontend = directory->next(options.service);
        if (!frontend) return 0;
        const auto response = client.send(
            {.url = "http://" + *frontend + route, .headers = directory->headers(), .timeout = kTimeout});
        return response ? response->status : 0;
    }

    void count(int status) {
        if (status == 429) {
            ++refused;
        } else if (status == 200) {
            ++good;
        } else {
            ++failed;
        }
    }

    double surge_of(const std::string& route) {
        const std::scoped_lock lock(mutex);
        return surge_route == route ? surge : 1;
    }

    http::Response control(const http::Request& request) {
        const auto json = json::parse(request.body);
        const auto wanted = json ? from_json<Control>(*json) : std::unexpected(json.error());
        if (!wanted) return http::error_response(400, "invalid_argument", wanted.error().message);
        const double factor = wanted->surge.value_or(1);
        if (!(factor > 0 && factor <= kSurgeMax)) {
            return http::error_response(400, "invalid_argument", "surge must be above 0 and at most 20");
        }
        const std::scoped_lock lock(mutex);
        surge = factor;
        surge_route = wanted->surge_route.value_or("");
        return {.body = "{}"};
    }

    [[nodiscard]] LoadStats stats() const {
        return {.sent = sent, .good = good, .failed = failed, .refused = refused, .dropped = dropped};
    }

    const LoadOptions options;
    const std::unique_ptr<Directory> directory;
    std::mutex mutex;
    std::condition_variable_any wake;  // only ever by a stop
    std::condition_variable_any work;
    std::deque<std::string> queue;
    double surge = 1;
    std::string surge_route;
    std::atomic<std::uint64_t> sent = 0;
    std::atomic<std::uint64_t> good = 0;
    std::atomic<std::uint64_t> failed = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::uint64_t> dropped = 0;
    std::unique_ptr<http::Server> server;
    std::vector<std::jthread> threads;
};

Load::Load(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Load::~Load() {
    for (auto& thread : impl_->threads) thread.request_stop();  // all at once, before the first is joined
}

Result<std::unique_ptr<Load>> Load::start(LoadOptions options) {
    auto impl = std::make_unique<Impl>(std::move(options));
    auto* self = impl.get();
    http::Routes routes;
    routes.add("GET", "/stats", [self](const http::Request&) {
        return http::Response{.body = json::to_text(to_json(self->stats()))};
    });
    routes.add("GET", "/healthz", [](const http::Request&) { return http::Response{.body = "{}"}; });
    routes.add("POST", "/control", [self](const http::Request& request) { return self->control(request); });
    HOMEOSTAT_TRY(self->server, http::Server::start({.listen = self->options.listen, .stop_grace = 200ms},
                                                    std::move(routes)));

    auto seed = self->options.seed;
    for (const auto& [route, rate] : self->options.rates_rps) {
        self->threads.emplace_back([self, &route, rate, seed](const std::stop_token& stop) {
            self->arrive(stop, route, rate, seed);
        });
        ++seed;
    }
    for (std::size_t i = 0; i < kSenders; ++i) {
        self->threads.emplace_back([self](const std::stop_token& stop) { self->send(stop); });
    }
    return std::unique_ptr<Load>(new Load(std::move(impl)));
}

std::string Load::address() const {
    const auto& listen = impl_->options.listen;
    return listen.substr(0, listen.rfind(':') + 1) + std::to_string(impl_->server->port());
}

LoadStats Load::stats() const {
    return impl_->stats();
}

}  // namespace homeostat::shop
