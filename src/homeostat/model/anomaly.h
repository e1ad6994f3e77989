// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/subject.h"

namespace homeostat::model {

/// One feature's part in an anomaly.
struct Finding {
    Feature feature = Feature::rate_rps;
    double observed = 0;
    double expected_low = 0;  // the interval that recent normal data made expected
    double expected_high = 0;
    double p_value = 1;       // conformal: how often normal data is at least as far out
    double contribution = 0;  // share of the vote, the shares of one anomaly sum to 1

    static constexpr auto describe() {
        return std::tuple{
            field("feature", &Finding::feature),           field("observed", &Finding::observed),
            field("expected_low", &Finding::expected_low), field("expected_high", &Finding::expected_high),
            field("p_value", &Finding::p_value),           field("contribution", &Finding::contribution)};
    }
    friend bool operator==(const Finding&, const Finding&) = default;
};

/// What one detector said, so that the vote can be shown.
struct DetectorVote {
    std::string detector;
    ModelVersion model;
    double p_value = 1;

    static constexpr auto describe() {
        return std::tuple{field("detector", &DetectorVote::detector), field("model", &DetectorVote::model),
                          field("p_value", &DetectorVote::p_value)};
    }
    friend bool operator==(const DetectorVote&, const DetectorVote&) = default;
};

enum class AnomalyState : std::uint8_t { opened, ongoing, cleared };

/// The claim that a subject is not as it normally is.
struct Anomaly {
    Subject subject;
    AnomalyState state = AnomalyState::opened;
    EventTime onset{};                // end of the first abnormal window of the run
    EventTime at{};                   // end of the window that this claim is about
    double p_value = 1;               // of the vote
    std::vector<Finding> findings;    // largest contribution first
    std::vector<DetectorVote> votes;  // in the order in which the detectors are configured

    static constexpr auto describe() {
        return std::tuple{field("subject", &Anomaly::subject), field("state", &Anomaly::state),
                          field("onset", &Anomaly::onset),     field("at", &Anomaly::at),
                          field("p_value", &Anomaly::p_value), field("findings", &Anomaly::findings),
                          field("votes", &Anomaly::votes)};
    }
    friend bool operator==(const Anomaly&, const Anomaly&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::AnomalyState> =
    std::to_array<std::string_view>({"opened", "ongoing", "cleared"});
