// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/http/queued_stream.h"

#include <boost/asio/post.hpp>

namespace homeostat::http {
namespace {

std::string event_text(std::string_view event, std::string_view data) {
    std::string out = "event: ";
    out.append(event).append("\n");
    while (true) {
        const auto end = data.find('\n');
        out.append("data: ").append(data.substr(0, end)).append("\n");
        if (end == std::string_view::npos) break;
        data.remove_prefix(end + 1);
    }
    return out + "\n";
}

}  // namespace

bool QueuedStream::send(std::string_view event, std::string_view data) {
    return push(event_text(event, data), false);
}

void QueuedStream::close() {
    push({}, true);
}

void QueuedStream::open(boost::asio::steady_timer& wake) {
    const std::lock_guard lock(mutex_);
    wake_ = &wake;
}

void QueuedStream::finish() {
    const std::lock_guard lock(mutex_);
    wake_ = nullptr;
    closed_ = true;
}

std::pair<std::string, bool> QueuedStream::take() {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const auto& text : queue_) all += text;
    queue_.clear();
    return {std::move(all), !closed_};
}

bool QueuedStream::push(std::string text, bool last) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    const bool fell_behind = queue_.size() >= kBacklogMax;
    closed_ = last || fell_behind;
    if (!last && !fell_behind) queue_.push_back(std::move(text));
    if (wake_ != nullptr) {
        boost::asio::post(wake_->get_executor(), [self = shared_from_this()] { self->wake(); });
    }
    return !closed_;
}

void QueuedStream::wake() {
    const std::lock_guard lock(mutex_);
    if (wake_ != nullptr) wake_->cancel();
}

}  // namespace homeostat::http
