// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "homeostat/base/schema.h"
#include "homeostat/base/time.h"
#include "homeostat/detect/config.h"
#include "homeostat/diagnose/diagnoser.h"
#include "homeostat/graph/service_graph.h"
#include "homeostat/model/service.h"
#include "homeostat/plan/playbook.h"
#include "homeostat/policy/policy_config.h"
#include "homeostat/verify/verifier.h"

namespace homeostat::loop {

/// How long the loop waits for what.
struct Patience {
    Duration unexplained = std::chrono::seconds{10};  // what no cause accounts for must last this long
    Duration diagnosis = std::chrono::seconds{45};    // inconclusive for longer: a person is called
    Duration approval = std::chrono::minutes{10};     // unanswered for longer means no
    Duration clear = std::chrono::seconds{2};  // well for this long without our doing: it recovered by itself
    Duration aftermath =
        std::chrono::seconds{30};  // what shows this soon after an incident's end belongs to it
    Duration hold_learning =
        std::chrono::minutes{10};    // an escalated incident's new state may then become normal
    std::uint32_t max_attempts = 4;  // plans carried out in one incident

    static constexpr auto schema() {
        return std::tuple{
            setting("unexplained", &Patience::unexplained,
                    "An anomaly that no cause accounts for becomes an incident when it lasts this long."),
            setting("diagnosis", &Patience::diagnosis,
                    "A person is called when an incident's cause stays unsure for longer.",
                    {.min = std::chrono::seconds{1}}),
            setting("approval", &Patience::approval, "A request for approval unanswered for longer means no.",
                    {.min = std::chrono::seconds{1}}),
            setting("clear", &Patience::clear,
                    "An incident that is well for this long without an act has gone by itself."),
            setting("aftermath", &Patience::aftermath,
                    "What shows this soon after an incident's end belongs to it."),
            setting("hold_learning", &Patience::hold_learning,
                    "After this, the state that an escalated incident left may become normal."),
            setting("max_attempts", &Patience::max_attempts, "Plans carried out in one incident.",
                    {.min = 1, .max = 16})};
    }
};

/// All that decides what the loop does with its inputs.
struct LoopConfig {
    detect::DetectConfig detect;
    diagnose::DiagnoseConfig diagnose;
    graph::GraphConfig graph;
    policy::PolicyConfig policy;
    verify::VerifyConfig verify;
    Patience patience;
    std::vector<model::ServiceFacts> services;
    std::vector<std::pair<model::ServiceId, model::ServiceId>> edges;  // caller, callee: what has no traces
    std::vector<plan::Playbook> playbooks;
};

}  // namespace homeostat::loop
