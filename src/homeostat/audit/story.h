// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"
#include "homeostat/model/audit_record.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/subject.h"

namespace homeostat::audit {

/// One record, in plain words.
struct Chapter {
    EventTime at{};
    std::uint64_t sequence = 0;  // of the record that says so
    model::RecordKind kind = model::RecordKind::started;
    std::string headline;
    std::vector<std::string> details;

    static constexpr auto describe() {
        return std::tuple{field("at", &Chapter::at), field("sequence", &Chapter::sequence),
                          field("kind", &Chapter::kind), field("headline", &Chapter::headline),
                          field("details", &Chapter::details)};
    }
    friend bool operator==(const Chapter&, const Chapter&) = default;
};

/// What happened in an incident and why, from its first sign to its end.
struct Story {
    model::IncidentId incident;
    std::vector<std::string> summary;  // a sentence each: what it was, what was done, or why nothing was
    std::vector<Chapter> chapters;     // in the order of the records

    static constexpr auto describe() {
        return std::tuple{field("incident", &Story::incident), field("summary", &Story::summary),
                          field("chapters", &Story::chapters)};
    }
    friend bool operator==(const Story&, const Story&) = default;
};

/// Picks what belongs to one incident out of the audit records: its own ones, the anomalies that it explains,
/// the silence of its services, and the stop switch while it was open.
class StoryTeller {
public:
    /// Anomalies and silences remembered at once; the oldest are forgotten.
    static constexpr std::size_t kMaxSigns = 10'000;

    explicit StoryTeller(model::IncidentId incident) : incident_(std::move(incident)) {}

    /// Takes the records one after the other, in their order.
    void take(const model::AuditRecord& record);

    /// Errors: `failed_precondition` when no record was about the incident.
    [[nodiscard]] Result<Story> tell() const;

private:
    void take_own(const model::AuditRecord& record);
    void remember_sign(const model::AuditRecord& record);
    [[nodiscard]] std::vector<model::AuditRecord> signs() const;

    model::IncidentId incident_;
    std::vector<model::AuditRecord> own_;
    std::vector<model::AuditRecord> around_;  // the stop switch while it was open
    std::deque<model::AuditRecord> signs_;    // anomalies and silences of anyone
    std::optional<model::AuditRecord> stop_;  // in force when it opened
    std::set<model::Subject> subjects_;
    std::set<model::ServiceId> services_;
    bool ended_ = false;
};

/// The record in plain words: what its value says beyond its reason.
[[nodiscard]] Chapter chapter_of(const model::AuditRecord& record);

}  // namespace homeostat::audit
