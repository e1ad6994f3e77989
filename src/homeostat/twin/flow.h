// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "homeostat/twin/state.h"

namespace homeostat::twin {

/// Computes one tick of traffic: arrivals from the entries down, then latency and errors from the stores up.
/// Flow level: an instance is a queue with several workers (the waiting time of Sakasegawa's approximation
/// to M/M/c below saturation, a growing backlog above it, rejections when the backlog is full); a caller
/// sees time-outs and retries, and its retries add to the callee's load.
void run_flow(State& state);

}  // namespace homeostat::twin
