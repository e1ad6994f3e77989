// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/feature_window.h"

namespace homeostat::model {

enum class VerificationOutcome : std::uint8_t { recovered, not_recovered, inconclusive };

/// One feature before the fault, before the act and now.
struct SliReading {
    Feature feature = Feature::error_rate;
    double baseline = 0;
    double before = 0;
    double after = 0;

    static constexpr auto describe() {
        return std::tuple{field("feature", &SliReading::feature), field("baseline", &SliReading::baseline),
                          field("before", &SliReading::before), field("after", &SliReading::after)};
    }
    friend bool operator==(const SliReading&, const SliReading&) = default;
};

struct Verification {
    VerificationOutcome outcome = VerificationOutcome::inconclusive;
    EventTime at{};
    std::string reason;  // plain words
    std::vector<SliReading> readings;
    bool improved = false;  // not recovered, but most of the harm is gone: what was done is worth keeping

    static constexpr auto describe() {
        return std::tuple{field("outcome", &Verification::outcome), field("at", &Verification::at),
                          field("reason", &Verification::reason), field("readings", &Verification::readings),
                          field("improved", &Verification::improved)};
    }
    friend bool operator==(const Verification&, const Verification&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::VerificationOutcome> =
    std::to_array<std::string_view>({"recovered", "not_recovered", "inconclusive"});
