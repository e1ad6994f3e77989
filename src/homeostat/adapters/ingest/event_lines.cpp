// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/ingest/event_lines.h"

#include <istream>
#include <limits>
#include <optional>
#include <vector>

#include "homeostat/telemetry/event_decoder.h"

namespace homeostat::ingest {
namespace {

constexpr std::size_t kLineMax = telemetry::EventDecoder::kTextMax + 1;

/// Like std::getline, but a line longer than an event may be is cut just behind that bound.
std::optional<std::string_view> next_line(std::istream& lines, std::vector<char>& buffer) {
    lines.getline(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto count = static_cast<std::size_t>(lines.gcount());
    const std::string_view line(buffer.data(), count);
    if (lines.bad() || (lines.eof() && count == 0)) return std::nullopt;
    if (lines.eof()) return line;
    if (!lines.fail()) return line.substr(0, count - 1);  // the count includes the line's end
    lines.clear();
    lines.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    return line;
}

}  // namespace

LinesTally read_event_lines(std::istream& lines, std::string_view source, Intake& intake) {
    LinesTally out;
    std::vector<char> buffer(kLineMax + 1);  // and the terminator that istream::getline writes
    while (const auto line = next_line(lines, buffer)) {
        if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const auto tally = intake.accept_event(*line, source);
        const bool is_bad = !tally || tally->quarantined > 0;
        ++(is_bad ? out.rejected : out.accepted);
    }
    return out;
}

}  // namespace homeostat::ingest
