// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/time.h"

/// The port of the event bus: topics of records that stay, in order, and can be read again.
namespace homeostat::bus {

inline constexpr std::string_view kTelemetryRaw = "telemetry.raw";
inline constexpr std::string_view kTelemetryFeatures = "telemetry.features";
inline constexpr std::string_view kAutonomousActions = "autonomous.actions";

/// The place of a record in its topic; grows by one with each.
using Offset = std::uint64_t;

/// What is published. `id` names the message for whoever must not take it twice; `key` names what it is
/// about (the service), so that a bus that spreads a topic keeps its order. Both at most 64 KiB − 1.
struct Message {
    std::string_view key;
    std::string_view id;
    std::string_view payload;
};

/// What is read.
struct Record {
    Offset offset = 0;
    EventTime at{};
    std::string key;
    std::string id;
    std::string payload;

    friend bool operator==(const Record&, const Record&) = default;
};

/// Reads one topic in order, for one group. Not thread-safe.
class Consumer {
public:
    virtual ~Consumer() = default;

    /// The next records, at most `max_records`; waits up to `wait` for the first. Errors: `data_loss` for a
    /// damaged record: seek() past it to go on.
    [[nodiscard]] virtual Result<std::vector<Record>> poll(std::size_t max_records, Duration wait) = 0;

    /// Remembers durably that everything polled so far is done: the group goes on after it.
    [[nodiscard]] virtual Result<> commit() = 0;

    /// Goes to a record, or to the nearest that is there.
    [[nodiscard]] virtual Result<> seek(Offset offset) = 0;
    /// Goes to the first record published at `time` or later.
    [[nodiscard]] virtual Result<> seek(EventTime time) = 0;

    /// Of the record that comes next.
    [[nodiscard]] virtual Offset position() const = 0;
    /// Records that retention removed before they were polled.
    [[nodiscard]] virtual std::uint64_t lost() const = 0;
};

struct TopicState {
    Offset begin = 0;  // oldest record
    Offset end = 0;    // of the next record
    std::uint64_t bytes = 0;
};

/// Thread-safe.
class Bus {
public:
    virtual ~Bus() = default;

    /// Appends the messages, all or none, at the time `at`, and returns the offset after the last once they
    /// are stored as safely as the topic asks. Errors: `not_found` for an unknown topic, `invalid_argument`
    /// for a message that is too large, `resource_exhausted` when more waits to be stored than the topic
    /// allows (slow down and try again) or when the disk is full.
    [[nodiscard]] virtual Result<Offset> publish(std::string_view topic, std::span<const Message> messages,
                                                 EventTime at) = 0;

    /// A consumer that goes on where the group last committed; a new group begins at the oldest record.
    /// Errors: `not_found` for an unknown topic, `invalid_argument` for a group whose name is not of
    /// [a-z0-9._-], `conflict` if the group is reading already.
    [[nodiscard]] virtual Result<std::unique_ptr<Consumer>> subscribe(std::string_view topic,
                                                                      std::string_view group) = 0;

    [[nodiscard]] virtual Result<TopicState> state(std::string_view topic) const = 0;
};

}  // namespace homeostat::bus
