// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/bus/embedded/topic.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

namespace homeostat::bus {

namespace {

constexpr Bytes kMaxPayload{8 << 20};
constexpr Bytes kMaxFrame{kMaxPayload.count() + (256 << 10)};  // with key and id
constexpr std::size_t kNameMax = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t kEnvelope = sizeof(std::int64_t) + 2 * sizeof(std::uint16_t);
constexpr Duration kRetentionInterval = std::chrono::seconds{10};

template <class T>
void put(std::string& out, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
}

template <class T>
T take(std::string_view& bytes) {
    T value{};
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
    return value;
}

std::uint64_t size_of(const Message& message) {
    return kEnvelope + message.key.size() + message.id.size() + message.payload.size();
}

}  // namespace

Result<std::shared_ptr<Topic>> Topic::open(const std::filesystem::path& folder, const TopicConfig& config) {
    // The log's own bound on what is pending never strikes: the queue of publishers is bounded before it.
    const system::SegmentLogOptions options{
        .segment = config.segment,
        .max_record = kMaxFrame,
        .max_pending = Bytes{2 * config.max_pending.count() + kMaxFrame.count()},
        .durable = config.durable};
    HOMEOSTAT_TRY(auto log, system::SegmentLog::open(folder, options));
    auto topic = std::make_shared<Topic>(std::move(log), folder, config);
    topic->end_ = topic->log_.end();
    return topic;
}

Result<Offset> Topic::publish(std::span<const Message> messages, EventTime at) {
    std::uint64_t bytes = 0;
    for (const auto& message : messages) {
        if (message.key.size() > kNameMax || message.id.size() > kNameMax ||
            message.payload.size() > static_cast<std::uint64_t>(kMaxPayload.count())) {
            return fail(
                ErrorCode::invalid_argument,
                fmt::format("{}: a message of {} bytes is larger than 8 MiB, or its key or id than 64 KiB",
                            folder_.filename().string(), message.payload.size()));
        }
        bytes += size_of(message);
    }
    std::unique_lock lock(mutex_);
    if (queued_bytes_ + bytes > static_cast<std::uint64_t>(config_.max_pending.count())) {
        return fail(ErrorCode::resource_exhausted,
                    fmt::format("{}: {} bytes wait to be stored already; publish less at once, or slower",
                                folder_.filename().string(), queued_bytes_));
    }
    Batch batch{.messages = messages, .at = at};
    queue_.push_back(&batch);
    queued_bytes_ += bytes;
    changed_.wait(lock, [&] { return batch.done || !storing_; });
    if (!batch.done) {  // nobody stores: we do, for all that wait
        storing_ = true;
        const auto batches = std::exchange(queue_, {});
        lock.unlock();
        store(batches);
        lock.lock();
        storing_ = false;
        for (auto* stored : batches) {
            stored->done = true;
            if (stored->result) end_ = std::max(end_, *stored->result);
        }
        changed_.notify_all();
    }
    queued_bytes_ -= bytes;
    return std::move(batch.result);
}

void Topic::store(std::span<Batch* const> batches) {
    const std::scoped_lock lock(log_mutex_);
    auto next = log_.end();
    Result<> stored;
    for (auto* batch : batches) {
        if (stored) stored = append(*batch);
        batch->result = next += batch->messages.size();
    }
    if (stored) {
        stored = log_.commit();
    } else {
        log_.discard();
    }
    if (!stored) {
        for (auto* batch : batches) batch->result = std::unexpected(stored.error());
        return;
    }
    retain(batches.back()->at);
}

Result<> Topic::append(const Batch& batch) {
    for (const auto& message : batch.messages) {
        frame_.clear();
        put(frame_, static_cast<std::int64_t>(batch.at.time_since_epoch().count()));
        put(frame_, static_cast<std::uint16_t>(message.key.size()));
        put(frame_, static_cast<std::uint16_t>(message.id.size()));
        frame_.append(message.key).append(message.id).append(message.payload);
        HOMEOSTAT_TRY(std::ignore, log_.append(frame_));
    }
    return {};
}

void Topic::retain(EventTime now) {
    if (now < next_retention_) return;
    next_retention_ = now + kRetentionInterval;
    // A segment that cannot be removed is tried again; it takes room, but what is stored is right.
    std::ignore = log_.shrink_to(config_.retain);
    const auto segments = log_.segments();
    for (std::size_t i = 1; i < segments.size(); ++i) {
        const auto first = time_of(segments[i]);
        if (!first || *first > now - config_.retain_for) break;
        std::ignore = log_.drop_before(segments[i]);
    }
}

std::optional<EventTime> Topic::time_of(Offset offset) const {
    auto reader = log_.read(offset);
    if (!reader) return std::nullopt;
    const auto bytes = reader->next();
    if (!bytes || !*bytes) return std::nullopt;
    const auto record = decode(offset, **bytes);
    return record ? std::optional(record->at) : std::nullopt;
}

Result<Record> Topic::decode(Offset offset, std::string_view bytes) {
    Record record{.offset = offset};
    if (bytes.size() >= kEnvelope) {
        record.at = EventTime{Duration{take<std::int64_t>(bytes)}};
        const auto key_length = take<std::uint16_t>(bytes);
        const auto id_length = take<std::uint16_t>(bytes);
        if (bytes.size() >= std::size_t{key_length} + id_length) {
            record.key = bytes.substr(0, key_length);
            record.id = bytes.substr(key_length, id_length);
            record.payload = bytes.substr(std::size_t{key_length} + id_length);
            return record;
        }
    }
    return fail(ErrorCode::data_loss, fmt::format("record {} is no message of the bus", offset));
}

TopicState Topic::state() const {
    const std::scoped_lock lock(log_mutex_);
    return {
        .begin = log_.begin(), .end = log_.end(), .bytes = static_cast<std::uint64_t>(log_.size().count())};
}

Result<system::SegmentReader> Topic::read_near(Offset offset) const {
    const std::scoped_lock lock(log_mutex_);
    return log_.read(std::clamp(offset, log_.begin(), log_.end()));
}

Result<system::SegmentReader> Topic::read_from(EventTime time) const {
    const std::scoped_lock lock(log_mutex_);
    auto from = log_.begin();
    for (const auto segment : log_.segments()) {
        const auto first = time_of(segment);
        if (!first || *first >= time) break;
        from = segment;
    }
    HOMEOSTAT_TRY(auto reader, log_.read(from));
    for (;;) {
        const auto offset = reader.offset();
        HOMEOSTAT_TRY(const auto bytes, reader.next());
        if (!bytes) return reader;
        HOMEOSTAT_TRY(const auto record, decode(offset, *bytes));
        if (record.at >= time) return log_.read(offset);
    }
}

void Topic::wait_for(Offset offset, Duration wait) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [&] { return end_ > offset; });
}

bool Topic::take_group(const std::string& group) {
    const std::scoped_lock lock(mutex_);
    return groups_.insert(group).second;
}

void Topic::give_back_group(const std::string& group) {
    const std::scoped_lock lock(mutex_);
    groups_.erase(group);
}

Result<Offset> Topic::committed(const std::string& group) const {
    const auto path = folder_ / (group + ".position");
    const auto file = system::File::open(path, system::File::Access::read);
    if (!file) {
        if (file.error().code == ErrorCode::not_found) return Offset{0};
        return std::unexpected(file.error());
    }
    char text[32];
    HOMEOSTAT_TRY(const auto size, file->read(0, text, sizeof text));
    Offset offset = 0;
    const auto [end, error] = std::from_chars(text, text + size, offset);
    if (error != std::errc{} || end == text + size || *end != '\n') {
        return fail(ErrorCode::data_loss,
                    path.string() + ": is no position; remove the file to read the topic from its beginning");
    }
    return offset;
}

Result<> Topic::commit(const std::string& group, Offset position) {
    return system::replace_file(folder_ / (group + ".position"), fmt::format("{}\n", position));
}

}  // namespace homeostat::bus
