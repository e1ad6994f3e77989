// SPDX-License-Identifier: Apache-2.0
#include "homeostat/diagnose/diagnoser.h"

namespace homeostat::diagnose {

Diagnoser::Diagnoser(DiagnoseConfig config) : config_(config) {}

std::vector<model::Diagnosis> Diagnoser::diagnose(const Observation& observation) const {
    model::Diagnosis diagnosis{.at = observation.at,
                               .inconclusive = "no cause stands out among the anomalies"};
    for (const auto& anomaly : observation.anomalies) {
        if (anomaly.state != model::AnomalyState::cleared) diagnosis.explained.push_back(anomaly.subject);
    }
    if (diagnosis.explained.empty()) return {};
    return {diagnosis};
}

}  // namespace homeostat::diagnose
