// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"

namespace homeostat::telemetry {

/// Why a record of telemetry was set aside.
enum class QuarantineReason : std::uint8_t {
    malformed,          // not the promised format: the whole payload
    missing_service,    // no service name
    bad_name,           // a name that is too long, or has control characters or broken UTF-8
    missing_id,         // a span without trace or span id
    missing_time,       // no time stamp
    ends_before_start,  // a span
    from_the_future,    // beyond the allowed difference of clocks
    absurd_value,       // a duration, number or count that no real system reports
    not_finite,         // NaN or infinity
    negative,           // where only zero and more makes sense
    bad_status,         // no HTTP status
};
inline constexpr std::size_t kQuarantineReasonCount = 11;

struct QuarantinedRecord {
    QuarantineReason reason = QuarantineReason::malformed;
    std::string text;     // one sentence with the offending value
    std::string source;   // who brought it: "otlp_grpc 10.0.0.7:4431", "file events.json"
    std::string excerpt;  // of the record, at most Quarantine::kExcerptMax bytes, for a person
    EventTime at{};       // when it was set aside

    static constexpr auto describe() {
        return std::tuple{field("reason", &QuarantinedRecord::reason),
                          field("text", &QuarantinedRecord::text),
                          field("source", &QuarantinedRecord::source),
                          field("excerpt", &QuarantinedRecord::excerpt), field("at", &QuarantinedRecord::at)};
    }
    friend bool operator==(const QuarantinedRecord&, const QuarantinedRecord&) = default;
};

/// Keeps the bad records until somebody takes them. Every one is counted; those beyond the bound are
/// counted and not kept, so that a flood of noise costs neither memory nor time.
class Quarantine {
public:
    static constexpr std::size_t kExcerptMax = 1024;

    struct Counters {
        std::array<std::uint64_t, kQuarantineReasonCount> by_reason{};
        std::uint64_t not_kept = 0;  // of these, counted only
        [[nodiscard]] std::uint64_t of(QuarantineReason reason) const {
            return by_reason[static_cast<std::size_t>(reason)];
        }
        [[nodiscard]] std::uint64_t total() const;
    };

    explicit Quarantine(std::size_t records_max) : records_max_(records_max) {}

    /// Whether the next record will be kept: only then is it worth describing.
    [[nodiscard]] bool has_room() const { return records_.size() < records_max_; }
    void add(QuarantinedRecord record);
    /// Counts a record that there was no room to keep.
    void count(QuarantineReason reason);

    /// The records since the last call, oldest first.
    [[nodiscard]] std::vector<QuarantinedRecord> take();
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    std::size_t records_max_;
    std::vector<QuarantinedRecord> records_;
    Counters counters_;
};

/// At most kExcerptMax bytes of `bytes`, with control characters and what is no ASCII as '.'.
[[nodiscard]] std::string excerpt_of(std::string_view bytes);

}  // namespace homeostat::telemetry

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::telemetry::QuarantineReason> =
    std::to_array<std::string_view>({"malformed", "missing_service", "bad_name", "missing_id", "missing_time",
                                     "ends_before_start", "from_the_future", "absurd_value", "not_finite",
                                     "negative", "bad_status"});
static_assert(homeostat::kEnumNames<homeostat::telemetry::QuarantineReason>.size() ==
              homeostat::telemetry::kQuarantineReasonCount);
