// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/service.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "homeostat/adapters/http/server.h"
#include "homeostat/base/hash.h"
#include "homeostat/base/prng.h"
#include "homeostat/shop/admission.h"
#include "homeostat/shop/afflictions.h"
#include "homeostat/shop/caller.h"
#include "homeostat/shop/control.h"
#include "homeostat/shop/directory.h"
#include "homeostat/shop/exporter.h"
#include "homeostat/shop/slots.h"

namespace homeostat::shop {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kWorkers = 32;     // most wait for a slot or for a callee
constexpr std::size_t kWaitingMax = 24;  // for a slot
constexpr auto kPatience = 300ms;        // how long a request waits for a slot
constexpr int kHashRounds = 60;          // of 4 KiB: the work that each request really does
constexpr double kBurnSlowdown = 3;      // a request shares its core with the burner
constexpr std::uint64_t kRows = 1000;

/// The part of a request's work that needs the CPU.
void compute() {
    std::string page(4096, 'p');
    for (int round = 0; round < kHashRounds; ++round) {
        const auto digest = sha256(page);
        page[static_cast<std::size_t>(round)] = static_cast<char>(digest[0]);
    }
}

Prng& random() {
    thread_local Prng prng(fresh_id());
    return prng;
}

/// Uniform in [0, 1).
double uniform() {
    return static_cast<double>(random().next() >> 11U) * 0x1.0p-53;
}

/// The table of the db: every request reads one row and writes another.
class Table {
public:
    void read_and_write() {
        const std::scoped_lock lock(mutex_);
        const auto& row = rows_[random().below(kRows)];
        rows_[random().below(kRows)] = "order " + std::to_string(row.size() + random().below(kRows));
    }

private:
    std::mutex mutex_;
    std::map<std::uint64_t, std::string> rows_;
};

class ActiveGuard {
public:
    explicit ActiveGuard(std::atomic<std::int64_t>& active) : active_(active) { ++active_; }
    ~ActiveGuard() { --active_; }
    ActiveGuard(const ActiveGuard&) = delete;
    ActiveGuard& operator=(const ActiveGuard&) = delete;

private:
    std::atomic<std::int64_t>& active_;
};

}  // namespace

struct ShopService::Impl {
    explicit Impl(ServiceOptions the_options)
        : options(std::move(the_options)),
          directory(open_directory(options.registry_path)),
          exporter({.identity = options.identity,
                    .endpoint = options.otlp_endpoint,
                    .headers = options.otlp_headers,
                    .ca_file = options.otlp_ca_file,
                    .active_requests = [this] { return active.load(); }}),
          caller(*directory, exporter, options.call_timeout),
          slots(options.slots, kWaitingMax) {}

    http::Response serve(const http::Request& request, const std::optional<model::ServiceId>& callee) {
        const ActiveGuard guard(active);
        SpanRecord span{.start = wall_now(), .route = request.path};
        const auto* header = http::find(request.headers, "traceparent");
        const auto parent = header != nullptr ? parse_traceparent(*header) : std::nullopt;
        span.parent = parent ? parent->span : 0;
        span.context = parent ? *parent : fresh_trace();
        span.context.span = fresh_id();
        span.status = work(span.context, callee);
        span.end = wall_now();
        http::Response response{.status = span.status, .body = "{}"};
        exporter.add(std::move(span));
        return response;
    }

    /// The HTTP status to answer with.
    int work(const TraceContext& context, const std::optional<model::ServiceId>& callee) {
        if (!admission.admit(directory->rate_of_one(service), std::chrono::steady_clock::now())) return 429;
        if (!slots.acquire(kPatience)) {
            exporter.log(true, "overloaded: no worker was free in time");
            return 503;
        }
        do_own_part();
        slots.release();
        if (callee) {
            const int status = caller.call(*callee, context);
            if (status == 0 || status >= 500) return 502;
            if (status >= 400) return status;
        }
        if (uniform() < options.fail_ratio) {
            exporter.log(true, "unhandled exception in PriceFormatter: index out of range");
            return 500;
        }
        return 200;
    }

    void do_own_part() {
        compute();
        if (options.table) table.read_and_write();
        auto hold = std::chrono::duration<double>(options.hold).count() * (0.7 + 0.6 * uniform());
        if (burning) hold *= kBurnSlowdown;
        std::this_thread::sleep_for(std::chrono::duration<double>(hold + delay_ms * 1e-3));
    }

    static TraceContext fresh_trace() {
        TraceContext context;
        for (auto& byte : context.trace) byte = static_cast<std::uint8_t>(random().next());
        context.trace[0] |= 1U;  // an id of zeros is none
        return context;
    }

    http::Response control(const http::Request& request) {
        const auto json = json::parse(request.body);
        const auto wanted = json ? from_json<Control>(*json) : std::unexpected(json.error());
        if (!wanted) return http::error_response(400, "invalid_argument", wanted.error().message);
        const Control& change = *wanted;
        const std::scoped_lock lock(control_mutex);
        if (change.burn_cpu) {
            burning = *change.burn_cpu;
            burner.reset();
            if (burning) burner.emplace();
        }
        if (change.leak_mb_per_s) {
            leak.reset();
            if (*change.leak_mb_per_s > 0) leak.emplace(*change.leak_mb_per_s);
        }
        if (change.delay_ms) delay_ms = *change.delay_ms;
        if (change.cut) caller.cut({change.cut->begin(), change.cut->end()});
        if (change.silent) exporter.set_silent(*change.silent);
        return {.body = "{}"};
    }

    const ServiceOptions options;
    std::atomic<std::int64_t> active = 0;
    const model::ServiceId service{options.identity.service};
    const std::unique_ptr<Directory> directory;
    Exporter exporter;
    Caller caller;
    Slots slots;
    Admission admission;
    Table table;
    std::atomic<bool> burning = false;
    std::atomic<double> delay_ms = 0;
    std::mutex control_mutex;
    std::optional<CpuBurner> burner;
    std::optional<MemoryLeak> leak;
    std::unique_ptr<http::Server> server;  // last: its threads use all of the above
};

ShopService::ShopService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ShopService::~ShopService() = default;

Result<std::unique_ptr<ShopService>> ShopService::start(ServiceOptions options) {
    auto impl = std::make_unique<Impl>(std::move(options));
    auto* self = impl.get();
    http::Routes routes;
    for (const auto& [path, callee] : self->options.routes) {
        routes.add("GET", path,
                   [self, &callee](const http::Request& request) { return self->serve(request, callee); });
    }
    routes.add("GET", "/healthz", [](const http::Request&) { return http::Response{.body = "{}"}; });
    routes.add("POST", "/control", [self](const http::Request& request) { return self->control(request); });
    HOMEOSTAT_TRY(
        self->server,
        http::Server::start({.listen = self->options.listen, .workers = kWorkers, .stop_grace = 200ms},
                            std::move(routes)));
    self->exporter.log(false, self->options.identity.service + " is ready");
    return std::unique_ptr<ShopService>(new ShopService(std::move(impl)));
}

std::string ShopService::address() const {
    const auto& listen = impl_->options.listen;
    return listen.substr(0, listen.rfind(':') + 1) + std::to_string(impl_->server->port());
}

}  // namespace homeostat::shop
