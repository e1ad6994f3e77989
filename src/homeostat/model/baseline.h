// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "homeostat/model/feature_window.h"

namespace homeostat::model {

/// What recent normal data made expected of a subject: for each feature an interval and its middle. A
/// feature is present in all three or in none.
struct Baseline {
    FeatureValues low;
    FeatureValues median;
    FeatureValues high;

    friend bool operator==(const Baseline&, const Baseline&) = default;
};

}  // namespace homeostat::model
