// SPDX-License-Identifier: Apache-2.0
#include "homeostat/twin/fault.h"

namespace homeostat::twin {

bool FaultRecord::needs_action() const {
    return kind < FaultKind::telemetry_silence;
}

std::optional<model::CauseKind> cause_of(FaultKind kind) {
    return enum_from<model::CauseKind>(to_string(kind));
}

bool cures(model::ActionKind action, FaultKind fault) {
    using enum model::ActionKind;
    switch (fault) {
        case FaultKind::crash:
        case FaultKind::hang:
        case FaultKind::cpu_burn:
        case FaultKind::memory_leak:
        case FaultKind::slow_dependency:
        case FaultKind::lost_dependency: return action == restart;
        case FaultKind::load_surge: return action == scale || action == throttle;
        case FaultKind::bad_version: return action == rollback;
        case FaultKind::telemetry_silence:
        case FaultKind::glitch:
        case FaultKind::benign_load:
        case FaultKind::benign_deployment: return false;
    }
    return false;
}

}  // namespace homeostat::twin
