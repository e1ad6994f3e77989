// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>

#include "homeostat/adapters/ingest/intake.h"

namespace homeostat::ingest {

struct LinesTally {
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;  // set aside, with their reasons in the quarantine
};

/// Reads events of `telemetry.raw`, one JSON object a line, until the stream ends: a file or standard input.
/// Empty lines are skipped. A line that is longer than an event may be is rejected without being kept in
/// memory, and the next line is read as usual.
LinesTally read_event_lines(std::istream& lines, std::string_view source, Intake& intake);

}  // namespace homeostat::ingest
