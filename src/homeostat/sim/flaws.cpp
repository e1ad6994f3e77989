// SPDX-License-Identifier: Apache-2.0
#include "homeostat/sim/flaws.h"

#include <fmt/format.h>

namespace homeostat::sim {
namespace {

std::string name_of(const TrueFault& fault) {
    return fmt::format("{} of {}", fault.kind ? to_string(*fault.kind) : "disturbance",
                       fault.service.value());
}

std::string name_of(const model::Incident& incident) {
    const auto& causes = incident.diagnosis.causes;
    const auto blamed = causes.empty() ? "nobody"
                                       : fmt::format("{} of {}", to_string(causes.front().kind),
                                                     causes.front().service.value());
    return fmt::format("{} ({}, {})", incident.id.value(), blamed, to_string(incident.state));
}

void judge_incident(const Assessment& assessment, std::span<const TrueFault> faults,
                    std::vector<std::string>& flaws) {
    if (!assessment.fault)
        flaws.push_back(fmt::format("false: {}", name_of(*assessment.incident)));
    else if (!assessment.first)
        flaws.push_back(fmt::format("again: {} about {}", name_of(*assessment.incident),
                                    name_of(faults[*assessment.fault])));
}

void judge_fault(const TrueFault& fault, const model::Incident* incident, std::vector<std::string>& flaws) {
    if (incident == nullptr) {
        flaws.push_back(fmt::format("missed: {}", name_of(fault)));
        return;
    }
    const auto about = fmt::format("{}, {}", name_of(fault), name_of(*incident));
    const auto& causes = incident->diagnosis.causes;
    if (causes.empty() || causes.front().service != fault.service) flaws.push_back("misplaced: " + about);
    const auto detected = incident->opened_at - fault.begin;
    if (detected > kSlowDetection)
        flaws.push_back(fmt::format("late: {} after {:.0f} s", about, to_seconds(detected)));
    const bool ended_itself = fault.end.has_value() && !fault.cured && !fault.repaired;
    if (!fault.cured && !ended_itself) flaws.push_back("unhealed: " + about);
    if (!fault.cured || !incident->closed_at) return;
    const auto recovered = *incident->closed_at - fault.begin;
    if (recovered > kSlowRecovery)
        flaws.push_back(fmt::format("slow: {} after {:.0f} s", about, to_seconds(recovered)));
}

}  // namespace

std::vector<std::string> flaws_of(std::span<const TrueFault> faults,
                                  std::span<const Assessment> assessments) {
    std::vector<std::string> flaws;
    std::vector<const model::Incident*> first(faults.size(), nullptr);
    for (const auto& assessment : assessments) {
        judge_incident(assessment, faults, flaws);
        if (assessment.first) first[*assessment.fault] = assessment.incident;
    }
    for (std::size_t i = 0; i < faults.size(); ++i) {
        if (faults[i].needs_action) judge_fault(faults[i], first[i], flaws);
    }
    return flaws;
}

}  // namespace homeostat::sim
