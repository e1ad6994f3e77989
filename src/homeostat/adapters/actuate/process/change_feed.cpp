// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/change_feed.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "homeostat/adapters/actuate/process/local_socket.h"
#include "homeostat/adapters/actuate/process/protocol.h"

namespace homeostat::actuate {
namespace {

constexpr auto kReconnectDelay = std::chrono::milliseconds(200);
constexpr auto kSilenceMax = std::chrono::seconds(5);  // the supervisor sends something each second

}  // namespace

struct ChangeFeed::Impl {
    Impl(std::string path, std::function<void(const model::ChangeEvent&)> handler)
        : socket_path(std::move(path)), on_change(std::move(handler)), thread([this] { run(); }) {}

    void run() {
        while (!stopped()) {
            if (auto connected = LocalSocket::connect(socket_path)) follow(*std::move(connected));
            std::unique_lock lock(mutex);
            wake.wait_for(lock, kReconnectDelay, [&] { return stopping; });
        }
    }

    /// Reads lines until the connection or we end.
    void follow(LocalSocket connected) {
        auto* current = publish_socket(std::move(connected));
        if (current == nullptr) return;
        const EventsRequest request{.epoch = epoch, .after = sequence};
        const auto deadline = [] { return std::chrono::steady_clock::now() + kSilenceMax; };
        if (!current->send_line(json::to_text(to_json(Request{request})), deadline())) return;
        while (const auto line = current->read_line(deadline())) {
            if (!line->empty()) deliver(*line);
        }
    }

    void deliver(const std::string& line) {
        const auto json = json::parse(line);
        if (!json) return;
        const auto event = from_json<EventLine>(*json);
        if (!event) return;
        epoch = event->epoch;
        sequence = event->sequence;
        on_change(event->event);
    }

    /// Makes the connection reachable for stop(). nullptr: stop() came first.
    LocalSocket* publish_socket(LocalSocket connected) {
        const std::scoped_lock lock(mutex);
        auto& published = socket.emplace(std::move(connected));
        return stopping ? nullptr : &published;
    }

    bool stopped() {
        const std::scoped_lock lock(mutex);
        return stopping;
    }

    void stop() {
        {
            const std::scoped_lock lock(mutex);
            stopping = true;
            if (socket) socket->shut_down();
        }
        wake.notify_all();
        thread.join();
    }

    const std::string socket_path;
    const std::function<void(const model::ChangeEvent&)> on_change;
    std::int64_t epoch = 0;
    std::uint64_t sequence = 0;
    std::mutex mutex;
    std::condition_variable wake;
    bool stopping = false;
    std::optional<LocalSocket> socket;  // replaced under the mutex, used by the thread
    std::thread thread;
};

ChangeFeed::ChangeFeed(std::string socket_path, std::function<void(const model::ChangeEvent&)> on_change)
    : impl_(std::make_unique<Impl>(std::move(socket_path), std::move(on_change))) {}

ChangeFeed::~ChangeFeed() {
    impl_->stop();
}

}  // namespace homeostat::actuate
