// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/informer.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "homeostat/base/prng.h"

namespace homeostat::kubernetes {

struct Informer::Impl {
    Impl(ClusterAccess access, Query wanted, Handlers callbacks, const InformerConfig& settings)
        : client(std::move(access)),
          query(std::move(wanted)),
          handlers(std::move(callbacks)),
          config(settings),
          jitter(config.seed),
          thread([this] { run(); }) {}
    ~Impl() {
        {
            const std::scoped_lock lock(mutex);
            stopping = true;
        }
        wake.notify_all();
        thread.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void run();
    /// Lists when no version is known, else watches until the server ends it.
    Result<> follow();
    Result<> list();
    Result<> watch();
    Result<> take(const WatchEvent& event);
    void rest_after(const Error& error);
    [[nodiscard]] bool stopped() {
        const std::scoped_lock lock(mutex);
        return stopping;
    }

    // Of the thread.
    Client client;
    const Query query;
    const Handlers handlers;
    const InformerConfig config;
    Prng jitter;
    std::string version;  // empty: nothing is known, list
    Duration backoff{};

    std::mutex mutex;  // of the following
    std::condition_variable wake;
    bool stopping = false;
    InformerCounters counters;
    std::string trouble;

    std::thread thread;  // the last one, as it uses all others
};

void Informer::Impl::run() {
    while (!stopped()) {
        const auto followed = follow();
        if (!followed) {
            rest_after(followed.error());
            continue;
        }
        backoff = Duration::zero();
        const std::scoped_lock lock(mutex);
        trouble.clear();
    }
}

Result<> Informer::Impl::follow() {
    return version.empty() ? list() : watch();
}

Result<> Informer::Impl::list() {
    {
        const std::scoped_lock lock(mutex);
        ++counters.lists;
    }
    HOMEOSTAT_TRY(const auto found, client.list(query));
    version = found.version;
    handlers.on_list(found.items);
    return {};
}

Result<> Informer::Impl::watch() {
    {
        const std::scoped_lock lock(mutex);
        ++counters.watches;
    }
    WatchDecoder decoder;
    Result<> taken;
    const auto on_bytes = [&](std::string_view bytes) {
        const auto events = decoder.feed(bytes);
        if (!events) taken = std::unexpected(events.error());
        for (std::size_t i = 0; taken && i < events->size(); ++i) taken = take((*events)[i]);
        return taken && !stopped();
    };
    const auto ended =
        client.watch(query, version, config.watch_lasting, on_bytes, [this] { return !stopped(); });
    return ended ? taken : ended;  // what a refusal looks like to the decoder does not matter
}

Result<> Informer::Impl::take(const WatchEvent& event) {
    constexpr std::int64_t kGone = 410;
    if (event.kind == WatchKind::error) {
        const bool expired = integer_at(event.object, {"code"}) == kGone;
        return fail(expired ? ErrorCode::out_of_order : ErrorCode::unavailable,
                    "the watch was ended: " + text_at(event.object, {"message"}));
    }
    if (auto reached = text_at(event.object, {"metadata", "resourceVersion"}); !reached.empty()) {
        version = std::move(reached);
    }
    backoff = Duration::zero();
    if (event.kind == WatchKind::bookmark) return {};
    {
        const std::scoped_lock lock(mutex);
        ++counters.events;
    }
    handlers.on_change(event);
    return {};
}

/// Doubles the pause at each error in a row, and waits between half and all of it.
void Informer::Impl::rest_after(const Error& error) {
    if (error.code == ErrorCode::out_of_order || error.code == ErrorCode::data_loss) version.clear();
    backoff = std::clamp(backoff * 2, config.backoff_min, config.backoff_max);
    const auto half = static_cast<std::uint64_t>(backoff.count() / 2);
    const Duration pause{static_cast<Duration::rep>(half + jitter.below(half + 1))};
    std::unique_lock lock(mutex);
    ++counters.errors;
    trouble = error.message;
    wake.wait_for(lock, pause, [&] { return stopping; });
}

Informer::Informer(ClusterAccess access, Query query, Handlers handlers, InformerConfig config)
    : impl_(std::make_unique<Impl>(std::move(access), std::move(query), std::move(handlers), config)) {}
Informer::~Informer() = default;

InformerCounters Informer::counters() const {
    const std::scoped_lock lock(impl_->mutex);
    return impl_->counters;
}

std::string Informer::trouble() const {
    const std::scoped_lock lock(impl_->mutex);
    return impl_->trouble;
}

}  // namespace homeostat::kubernetes
