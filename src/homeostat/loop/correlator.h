// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "homeostat/loop/config.h"
#include "homeostat/loop/knowledge.h"
#include "homeostat/loop/recorder.h"
#include "homeostat/loop/run.h"
#include "homeostat/model/diagnosis.h"

namespace homeostat::loop {

/// Makes one incident of one cause, however many services show it: gives each diagnosis to the incident
/// that it is about, or opens one.
class Correlator {
public:
    /// Ended incidents remembered at most: for what shows late, and for people who ask.
    static constexpr std::size_t kMaxClosed = 1000;
    /// Open incidents at most; beyond it the diagnoses of further causes wait.
    static constexpr std::size_t kMaxOpen = 200;

    Correlator(const Patience& patience, std::uint64_t opened) : patience_(patience), opened_(opened) {}

    /// Diagnoses afresh and attributes the result.
    void correlate(Knowledge& knowledge, Recorder& recorder);

    /// Moves ended runs out of the way, and holds learning for the services of the others.
    void retire(Knowledge& knowledge, Instant now);

    [[nodiscard]] std::map<model::IncidentId, Run>& open() { return open_; }
    [[nodiscard]] const std::map<model::IncidentId, Run>& open() const { return open_; }
    [[nodiscard]] std::uint64_t opened() const { return opened_; }
    [[nodiscard]] const std::deque<Run>& closed() const { return closed_; }

private:
    Run* owner_of(const model::Diagnosis& diagnosis, const Knowledge& knowledge);
    bool is_aftermath(const model::Diagnosis& diagnosis, const Knowledge& knowledge, Instant now) const;
    void attribute(Knowledge& knowledge, Recorder& recorder);
    bool is_worth_opening(const model::Diagnosis& diagnosis, LoopTime now);
    void update(Run& run, model::Diagnosis diagnosis, Recorder& recorder);
    void open_incident(model::Diagnosis diagnosis, Knowledge& knowledge, Recorder& recorder);

    Patience patience_;
    std::map<model::IncidentId, Run> open_;
    std::deque<Run> closed_;                          // oldest first
    std::map<model::Subject, LoopTime> unexplained_;  // abnormal without a cause since then
    std::set<model::Subject> unexplained_now_;        // of those, in this second
    std::uint64_t opened_;                            // incidents so far: the last one's number
};

}  // namespace homeostat::loop
