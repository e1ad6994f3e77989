// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"

namespace homeostat::runtime {

/// What came of deciding everything again.
struct ReplayReport {
    std::uint64_t journals = 0;
    std::uint64_t steps = 0;                // entries of the journals
    std::uint64_t inputs = 0;               // in them
    std::uint64_t records = 0;              // decisions made again
    std::uint64_t orders = 0;               // of those, sent
    std::uint64_t compared = 0;             // records that the audit log holds too, and equal
    std::string last_hash;                  // of the last record: two replays of one journal give the same
    std::vector<std::string> notes;         // what a reader should know
    std::optional<std::string> difference;  // the first one

    static constexpr auto describe() {
        return std::tuple{
            field("journals", &ReplayReport::journals),    field("steps", &ReplayReport::steps),
            field("inputs", &ReplayReport::inputs),        field("records", &ReplayReport::records),
            field("orders", &ReplayReport::orders),        field("compared", &ReplayReport::compared),
            field("last_hash", &ReplayReport::last_hash),  field("notes", &ReplayReport::notes),
            field("difference", &ReplayReport::difference)};
    }
};

/// Decides again what the journals decided, with the configuration that each one begins with. `folder` is a
/// node's data directory, whose audit log the decisions are compared with, or one journal, whose decisions
/// are only made again. `on_step` is called after each step. Errors: `not_found` when `folder` holds no
/// journal, `data_loss` when one cannot be read.
[[nodiscard]] Result<ReplayReport> replay(const std::filesystem::path& folder,
                                          const std::function<void()>& on_step);

}  // namespace homeostat::runtime
