// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/subject.h"

namespace homeostat::model {

enum class CauseKind : std::uint8_t {
    crash,              // an instance's process is gone
    hang,               // the process lives and does not answer
    load_surge,         // more requests than the replicas can serve
    cpu_burn,           // CPU used up by something other than requests
    memory_leak,        // memory grows without bound
    bad_version,        // errors or slowness since a new version
    slow_dependency,    // the service itself is slow without more load or CPU (disk, lock, outside call)
    lost_dependency,    // the service cannot reach a callee that is itself well
    telemetry_silence,  // the telemetry is gone, not the service: nothing may be done
};

/// A fact that speaks for or against a cause, in plain words.
struct Evidence {
    std::string text;
    double log_likelihood_ratio = 0;  // positive: for the cause

    static constexpr auto describe() {
        return std::tuple{field("text", &Evidence::text),
                          field("log_likelihood_ratio", &Evidence::log_likelihood_ratio)};
    }
    friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// A hypothesis: this service (or this instance of it) has this fault.
struct Cause {
    ServiceId service;
    std::optional<InstanceId> instance;
    CauseKind kind = CauseKind::crash;
    double posterior = 0;
    std::vector<Evidence> evidence;  // strongest first

    static constexpr auto describe() {
        return std::tuple{field("service", &Cause::service), field("instance", &Cause::instance),
                          field("kind", &Cause::kind), field("posterior", &Cause::posterior),
                          field("evidence", &Cause::evidence)};
    }
    friend bool operator==(const Cause&, const Cause&) = default;
};

struct Diagnosis {
    EventTime at{};
    std::vector<Cause> causes;                // most probable first
    std::optional<std::string> inconclusive;  // why no cause may be acted upon
    std::vector<ServiceId> propagation_path;  // from the first cause to the service that users notice
    std::vector<Subject> explained;           // the anomalous subjects that the first cause accounts for
    bool harmful = false;                     // requests fail or wait for it, or soon will

    static constexpr auto describe() {
        return std::tuple{field("at", &Diagnosis::at),
                          field("causes", &Diagnosis::causes),
                          field("inconclusive", &Diagnosis::inconclusive),
                          field("propagation_path", &Diagnosis::propagation_path),
                          field("explained", &Diagnosis::explained),
                          field("harmful", &Diagnosis::harmful)};
    }
    friend bool operator==(const Diagnosis&, const Diagnosis&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::CauseKind> =
    std::to_array<std::string_view>({"crash", "hang", "load_surge", "cpu_burn", "memory_leak", "bad_version",
                                     "slow_dependency", "lost_dependency", "telemetry_silence"});
