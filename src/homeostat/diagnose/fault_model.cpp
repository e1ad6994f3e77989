// SPDX-License-Identifier: Apache-2.0
#include "homeostat/diagnose/fault_model.h"

namespace homeostat::diagnose {

namespace {

// clang-format off
//                                   errors slow  rate+  rate-  cpu   mem    busy  logs  stale  starv  vers  exit   silent uneven
constexpr std::array<double, kSymptomCount> kLeak =
                                    {0.002, 0.004, 0.02, 0.02, 0.003, 0.0007,  0.01, 0.01, 1e-4,  0.01,  0.01, 0.001, 0.002, 0.03};
constexpr std::array<FaultModel, kFaultCount> kModels{{
    //   prior errors slow  visible
    {.prior = 1.0, .errors = 0.70, .slow = 0.35, .visible = 0.15, .local = // crash
                                    {0,     0,     0.05, 0.30, 0.08,  0.01,  0.15, 0.20, 0.15,  0.80,  0.02, 0.93,  0.80, 0.03}},
    {.prior = 0.8, .errors = 0.60, .slow = 0.85, .visible = 0.20, .local = // hang
                                    {0,     0,     0.05, 0.40, 0.03,  0.01,  0.20, 0.10, 0.25,  0.80,  0.01, 0.001, 0.97, 0.03}},
    {.prior = 1.0, .errors = 0.45, .slow = 0.85, .visible = 0.95, .local = // load_surge
                                    {0,     0,     0.97, 0.01, 0.70,  0.05,  0.85, 0.20, 1e-4,  0.01,  0.01, 0.001, 0.01, 0.03}},
    {.prior = 0.7, .errors = 0.20, .slow = 0.75, .visible = 0.95, .local = // cpu_burn
                                    {0,     0,     0.03, 0.05, 0.97,  0.02,  0.60, 0.10, 1e-4,  0.01,  0.01, 0.001, 0.01, 0.15}},
    {.prior = 0.7, .errors = 0.15, .slow = 0.25, .visible = 0.95, .local = // memory_leak
                                    {0,     0,     0.03, 0.03, 0.05,  0.97,  0.20, 0.10, 1e-4,  0.01,  0.01, 0.010, 0.01, 0.15}},
    {.prior = 0.7, .errors = 0.75, .slow = 0.50, .visible = 0.95, .local = // bad_version
                                    {0,     0,     0.06, 0.10, 0.15,  0.05,  0.50, 0.50, 1e-4,  0.01,  0.98, 0.020, 0.02, 0.1}},
    {.prior = 0.8, .errors = 0.25, .slow = 0.97, .visible = 0.95, .local = // slow_dependency
                                    {0,     0,     0.06, 0.15, 0.02,  0.01,  0.85, 0.10, 1e-4,  0.01,  0.01, 0.001, 0.01, 0.03}},
    {.prior = 0.6, .errors = 0.65, .slow = 0.35, .visible = 0.95, .local = // lost_dependency
                                    {0,     0,     0.06, 0.10, 0.02,  0.01,  0.15, 0.50, 1e-4,  0.01,  0.01, 0.001, 0.01, 0.5}},
    {.prior = 0.5, .errors = 0.00, .slow = 0.00, .visible = 0.00, .local = // telemetry_silence
                                    {0,     0,     0.02, 0.02, 0.01,  0.002, 0.01, 0.01, 0.99,  0.02,  0.01, 0.001, 0.05, 0.03}},
    {.prior = 1.0, .errors = 0.00, .slow = 0.00, .visible = 0.00, .local = // load_change
                                    {0,     0,     0.02, 0.02, 0.40,  0.05,  0.50, 0.01, 1e-4,  0.01,  0.01, 0.001, 0.002, 0.03}},
    {.prior = 0.3, .errors = 0.50, .slow = 0.50, .visible = 0.90, .local = // unknown
                                    {0,     0,     0.10, 0.08, 0.08,  0.05,   0.25, 0.20, 0.02,  0.10,  0.02, 0.010, 0.05, 0.1}},
}};
// clang-format on

}  // namespace

std::optional<model::CauseKind> cause_kind(Fault fault) {
    if (fault >= Fault::load_change) return std::nullopt;
    return static_cast<model::CauseKind>(fault);  // the enumerators stand in the same order
}
static_assert(static_cast<int>(Fault::crash) == static_cast<int>(model::CauseKind::crash));
static_assert(static_cast<int>(Fault::telemetry_silence) ==
              static_cast<int>(model::CauseKind::telemetry_silence));

const FaultModel& fault_model(Fault fault) {
    return kModels[static_cast<std::size_t>(fault)];
}

double leak(Symptom symptom) {
    return kLeak[static_cast<std::size_t>(symptom)];
}

}  // namespace homeostat::diagnose
