// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "homeostat/diagnose/diagnoser.h"
#include "homeostat/diagnose/fault_model.h"

/// An observation turned into evidence: numbered services and calls, each with its symptoms.
namespace homeostat::diagnose {

using Index = std::uint32_t;

struct InstanceScene {
    const model::Subject* subject = nullptr;
    const SubjectState* state = nullptr;
    Symptoms symptoms;  // `instance_silent` and `exited` are this instance's own
};

struct CallScene {
    Index caller = 0;
    Index callee = 0;
    double errors = 0;  // weights of evidence, as in `Symptoms`
    double slow = 0;
    double rate_up = 0;
    double harm = 0;        // ln likelihood ratio of errors or delays that matter, whatever the detectors say
    double share = 1;       // calls per request of the caller, at most 1
    double error_part = 1;  // how much of the caller's errors, and of its delay, the calls account for
    double delay_part = 1;
    const SubjectState* state = nullptr;
};

struct ServiceScene {
    model::ServiceId id;
    const SubjectState* state = nullptr;
    Symptoms symptoms;
    std::vector<Index> calls;              // numbers of the calls that it makes
    std::vector<Index> served;             // numbers of the calls that it answers
    std::vector<InstanceScene> instances;  // by name
    double harm = 0;                       // as in CallScene
    double answered =
        0;  // of a silent one: the share of the usual calls to it that succeed, at the best caller
    bool retried = false;  // its traffic has grown by its callers' retries, not by their own traffic
    std::optional<EventTime> onset;                  // first abnormal window of it or of a call to it
    const model::ChangeEvent* deployment = nullptr;  // the last one, when it was not ours
    std::string version;                             // the last one that a change told of
    const model::ChangeEvent* exit = nullptr;        // of an instance, not by us and not made good since
};

struct Scene {
    EventTime at{};
    std::vector<ServiceScene> services;  // by name
    std::vector<CallScene> calls;        // by caller, then callee

    [[nodiscard]] std::optional<Index> find(const model::ServiceId& service) const;
};

[[nodiscard]] Scene build_scene(const Observation& observation, const DiagnoseConfig& config);

/// The instance that alone, among its peers, has the symptom, or that has far more of it; or nullptr.
[[nodiscard]] const InstanceScene* one_stands_out(const ServiceScene& service, Symptom symptom);

/// True when `anomaly` is about traffic only, which is no trouble by itself.
[[nodiscard]] bool only_traffic(const model::Anomaly& anomaly);
/// True when `anomaly` is about traffic and the resources that it takes.
[[nodiscard]] bool only_load(const model::Anomaly& anomaly);

/// The feature by which slowness of a subject is told to people, with its value now and normally.
struct Reading {
    model::Feature feature = model::Feature::latency_ms;
    double before = 0;
    double now = 0;
};
[[nodiscard]] std::optional<Reading> read(const SubjectState* state, model::Feature feature);

}  // namespace homeostat::diagnose
