// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "homeostat/adapters/bus/port.h"
#include "homeostat/base/codec.h"
#include "homeostat/base/units.h"

namespace homeostat::bus {

struct TopicConfig {
    Bytes retain{std::int64_t{1} << 30};               // on the disk; the oldest go first
    Duration retain_for = std::chrono::hours{24 * 7};  // likewise
    Bytes segment{64 << 20};                           // what goes at once
    Bytes max_pending{32 << 20};  // published but not stored; a publisher beyond it is told to slow down
    bool durable = true;          // wait for the disk; else only a crash of the machine may lose records

    static constexpr auto describe() {
        return std::tuple{
            field("retain_bytes", &TopicConfig::retain), field("retain_for_ns", &TopicConfig::retain_for),
            field("segment_bytes", &TopicConfig::segment),
            field("max_pending_bytes", &TopicConfig::max_pending), field("durable", &TopicConfig::durable)};
    }
    friend bool operator==(const TopicConfig&, const TopicConfig&) = default;
};

/// Telemetry may be lost by a crash of the machine, what was done may not.
[[nodiscard]] std::map<std::string, TopicConfig> default_topics();

/// The bus of a single process: one segment log a topic under `folder`. Publishers at the same time share
/// one wait for the disk. Errors: `failed_precondition` if another process has the folder open, those of
/// SegmentLog, `invalid_argument` for a topic's name that is not of [a-z0-9._-].
[[nodiscard]] Result<std::unique_ptr<Bus>> open_embedded_bus(
    const std::filesystem::path& folder, const std::map<std::string, TopicConfig>& topics = default_topics());

}  // namespace homeostat::bus
