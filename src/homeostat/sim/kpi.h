// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/incident.h"

namespace homeostat::sim {

[[nodiscard]] inline double to_seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// What really happened, as the simulator or the demo knows it.
struct TrueFault {
    model::ServiceId service;              // the culprit
    std::optional<model::CauseKind> kind;  // as the loop should name it, where it has a name for it
    EventTime begin{};
    std::optional<EventTime> end;  // empty: it was still there at the end
    bool needs_action = true;      // false: a disturbance that must be left alone
    bool cured = false;            // ended by an order of ours
    bool repaired = false;         // ended by a person
};

/// How much normal life was watched.
struct Watched {
    std::uint64_t normal_windows = 0;          // subject-seconds that no fault had anything to do with
    std::uint64_t normal_windows_claimed = 0;  // of those, claimed to be anomalous
    double service_seconds = 0;                // services times seconds
};

struct Spread {
    double mean = 0;
    double p50 = 0;
    double p99 = 0;

    static constexpr auto describe() {
        return std::tuple{field("mean", &Spread::mean), field("p50", &Spread::p50),
                          field("p99", &Spread::p99)};
    }
    friend bool operator==(const Spread&, const Spread&) = default;
};

/// The figures by which the loop is measured; the names are the keys of `--report`.
struct Kpi {
    std::uint64_t incidents = 0;     // faults that needed an action
    Spread mttd_s;                   // from the fault to the incident
    Spread mttr_s;                   // from the fault to the verified recovery
    double false_positive_rate = 0;  // share of normal subject-windows claimed anomalous
    double false_incidents_per_day =
        0;                       // incidents about nothing, for a system of 50 services on a quiet day
    double recall = 0;           // share of faults for which an incident was opened
    double precision = 0;        // share of incidents that are the one about their fault
    double root_cause_top1 = 0;  // share of detected faults whose service was named first
    double success_rate = 0;  // share of faults ended by our remedy, of those that did not end by themselves
    std::uint64_t policy_violations = 0;
    std::uint64_t seed = 0;
    std::string journal_hash;

    static constexpr auto describe() {
        return std::tuple{field("incidents", &Kpi::incidents),
                          field("mttd_s", &Kpi::mttd_s),
                          field("mttr_s", &Kpi::mttr_s),
                          field("false_positive_rate", &Kpi::false_positive_rate),
                          field("false_incidents_per_day", &Kpi::false_incidents_per_day),
                          field("recall", &Kpi::recall),
                          field("precision", &Kpi::precision),
                          field("root_cause_top1", &Kpi::root_cause_top1),
                          field("success_rate", &Kpi::success_rate),
                          field("policy_violations", &Kpi::policy_violations),
                          field("seed", &Kpi::seed),
                          field("journal_hash", &Kpi::journal_hash)};
    }
    friend bool operator==(const Kpi&, const Kpi&) = default;
};

/// How long a fault is felt after its end.
inline constexpr Duration kEcho = std::chrono::seconds{30};

/// What an incident is about, in the light of what really happened.
struct Assessment {
    const model::Incident* incident = nullptr;
    std::optional<std::size_t> fault;  // its place among the faults; empty: about nothing
    bool first = false;                // of those about this fault
};

/// True when an incident that blames the second service may be about a fault of the first: the same, or
/// one that the fault is felt at.
using MayConcern = std::function<bool(const model::ServiceId& culprit, const model::ServiceId& blamed)>;

/// Each incident of one system by the time of its opening. One opened within kEcho of the end of a fault is
/// still about it.
[[nodiscard]] std::vector<Assessment> assess(std::span<const TrueFault> faults,
                                             std::span<const model::Incident> incidents,
                                             const MayConcern& may_concern);

/// Compares what happened with what the loop made of it, system after system.
class KpiCollector {
public:
    /// Faults and incidents of one system, in any order.
    void add(std::span<const TrueFault> faults, std::span<const model::Incident> incidents,
             const MayConcern& may_concern);
    void add(const Watched& watched);

    /// Takes in what another collector was told.
    void merge(const KpiCollector& other);

    [[nodiscard]] Kpi result() const;

private:
    void add(const TrueFault& fault, const model::Incident* incident);

    std::uint64_t needing_ = 0;
    std::uint64_t detected_ = 0;
    std::uint64_t located_ = 0;
    std::uint64_t healable_ = 0;
    std::uint64_t healed_ = 0;
    std::uint64_t opened_ = 0;
    std::uint64_t true_ = 0;
    std::uint64_t false_ = 0;
    std::vector<double> detect_s_;
    std::vector<double> recover_s_;
    Watched watched_;
};

/// A table for people.
[[nodiscard]] std::string to_table(const Kpi& kpi);

}  // namespace homeostat::sim
