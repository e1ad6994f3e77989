// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "homeostat/adapters/bus/embedded/embedded_bus.h"
#include "homeostat/adapters/system/segment_log.h"

namespace homeostat::bus {

/// One topic of the embedded bus. Thread-safe.
///
///     record = at:i64 key_length:u16 id_length:u16 key id payload      little endian, in a frame of the log
class Topic {
public:
    [[nodiscard]] static Result<std::shared_ptr<Topic>> open(const std::filesystem::path& folder,
                                                             const TopicConfig& config);

    Topic(system::SegmentLog log, std::filesystem::path folder, const TopicConfig& config)
        : config_(config), folder_(std::move(folder)), log_(std::move(log)) {}

    [[nodiscard]] Result<Offset> publish(std::span<const Message> messages, EventTime at);
    [[nodiscard]] TopicState state() const;

    /// A reader at `offset`, or at the nearest record that is there.
    [[nodiscard]] Result<system::SegmentReader> read_near(Offset offset) const;
    /// A reader at the first record of `time` or later.
    [[nodiscard]] Result<system::SegmentReader> read_from(EventTime time) const;
    /// Waits until there is a record at `offset`, at most `wait`.
    void wait_for(Offset offset, Duration wait);

    /// Takes a group for one consumer, and gives it back.
    [[nodiscard]] bool take_group(const std::string& group);
    void give_back_group(const std::string& group);
    [[nodiscard]] Result<Offset> committed(const std::string& group) const;
    [[nodiscard]] Result<> commit(const std::string& group, Offset position);

    [[nodiscard]] static Result<Record> decode(Offset offset, std::string_view bytes);

private:
    /// What one publisher waits for.
    struct Batch {
        std::span<const Message> messages;
        EventTime at{};
        bool done = false;
        Result<Offset> result = Offset{0};
    };

    void store(std::span<Batch* const> batches);
    [[nodiscard]] Result<> append(const Batch& batch);
    void retain(EventTime now);
    [[nodiscard]] std::optional<EventTime> time_of(Offset offset) const;

    const TopicConfig config_;
    const std::filesystem::path folder_;

    mutable std::mutex mutex_;  // guards what follows; never held while waiting for the disk
    std::condition_variable changed_;
    std::vector<Batch*> queue_;
    std::uint64_t queued_bytes_ = 0;
    bool storing_ = false;
    std::uint64_t end_ = 0;  // of what is stored
    std::set<std::string> groups_;

    mutable std::mutex log_mutex_;  // guards the log; taken without `mutex_`
    system::SegmentLog log_;
    std::string frame_;
    EventTime next_retention_{};
};

}  // namespace homeostat::bus
