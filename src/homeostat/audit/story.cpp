// SPDX-License-Identifier: Apache-2.0
#include "homeostat/audit/story.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "homeostat/model/anomaly.h"
#include "homeostat/model/diagnosis.h"

namespace homeostat::audit {
namespace {

using model::AuditRecord;
using model::RecordKind;

template <class T>
std::optional<T> decision_of(const AuditRecord& record) {
    const auto* decision = record.body.find("decision");
    if (decision == nullptr) return std::nullopt;
    auto value = from_json<T>(*decision);
    if (!value) return std::nullopt;
    return *std::move(value);
}

bool is_sign(const AuditRecord& record) {
    return record.kind == RecordKind::anomaly_opened || record.kind == RecordKind::stale;
}

bool is_end(RecordKind kind) {
    return kind == RecordKind::incident_resolved || kind == RecordKind::incident_dismissed ||
           kind == RecordKind::incident_merged;
}

const AuditRecord* last_of(const std::vector<AuditRecord>& records, std::initializer_list<RecordKind> kinds) {
    const auto found = std::find_if(records.rbegin(), records.rend(), [&](const AuditRecord& record) {
        return std::find(kinds.begin(), kinds.end(), record.kind) != kinds.end();
    });
    return found == records.rend() ? nullptr : &*found;
}

std::string in_tenths(Duration duration) {
    return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

std::string what_it_was(const std::vector<AuditRecord>& own) {
    const auto* diagnosed = last_of(own, {RecordKind::diagnosed});
    return diagnosed == nullptr ? "No cause was made out." : "The cause: " + diagnosed->reason + ".";
}

/// Every order with what came of it, in their order.
std::string orders_in_words(const std::vector<AuditRecord>& own) {
    std::string text;
    std::optional<std::string> outstanding;
    for (const auto& record : own) {
        const std::string_view between = text.empty() ? "" : "; ";
        if (record.kind == RecordKind::order_intended || record.kind == RecordKind::undo_intended) {
            text += between;
            if (record.kind == RecordKind::undo_intended) text += "taken back by ";
            outstanding = record.reason;
        } else if (record.kind == RecordKind::order_finished) {
            text += record.reason;  // "restart db/db-1: done"
            outstanding.reset();
        }
    }
    return outstanding ? text + *outstanding + ": no answer yet" : text;
}

std::string what_was_done(const std::vector<AuditRecord>& own) {
    if (const auto orders = orders_in_words(own); !orders.empty()) return "Ordered: " + orders + ".";
    const auto* why =
        last_of(own, {RecordKind::no_plan, RecordKind::verdict, RecordKind::approval_denied,
                      RecordKind::inconclusive, RecordKind::escalated, RecordKind::incident_dismissed});
    return why == nullptr ? "Nothing was done so far." : "Nothing was done: " + why->reason + ".";
}

std::string how_it_ended(const std::vector<AuditRecord>& own, EventTime first_sign) {
    const auto* end = last_of(own, {RecordKind::incident_resolved, RecordKind::incident_dismissed,
                                    RecordKind::incident_merged, RecordKind::escalated});
    if (end == nullptr) return "It is still open.";
    return fmt::format("{}, {} after the first sign: {}.",
                       end->kind == RecordKind::escalated           ? "Handed to a person"
                       : end->kind == RecordKind::incident_resolved ? "Resolved"
                       : end->kind == RecordKind::incident_merged   ? "Taken together with another incident"
                                                                    : "Closed",
                       in_tenths(end->at - first_sign), end->reason);
}

}  // namespace

void StoryTeller::take(const AuditRecord& record) {
    if (ended_) return;
    if (record.incident == incident_) {
        take_own(record);
    } else if (is_sign(record)) {
        remember_sign(record);
    } else if (record.kind == RecordKind::stopped || record.kind == RecordKind::resumed) {
        if (!own_.empty()) around_.push_back(record);
        stop_.reset();
        if (record.kind == RecordKind::stopped && own_.empty()) stop_ = record;
    }
}

void StoryTeller::take_own(const AuditRecord& record) {
    if (own_.empty() && stop_) around_.push_back(*stop_);
    own_.push_back(record);
    ended_ = is_end(record.kind);
    if (record.service) services_.insert(*record.service);
    const auto add = [&](std::vector<model::Subject> subjects) {
        subjects_.insert(std::make_move_iterator(subjects.begin()), std::make_move_iterator(subjects.end()));
    };
    if (record.kind == RecordKind::incident_opened) {
        if (auto opened = decision_of<std::vector<model::Subject>>(record)) add(*std::move(opened));
    } else if (record.kind == RecordKind::diagnosed || record.kind == RecordKind::inconclusive) {
        if (auto diagnosis = decision_of<model::Diagnosis>(record)) add(std::move(diagnosis->explained));
    }
}

void StoryTeller::remember_sign(const AuditRecord& record) {
    if (signs_.size() >= kMaxSigns) signs_.pop_front();
    signs_.push_back(record);
}

std::vector<AuditRecord> StoryTeller::signs() const {
    // Of the time before the incident only the last sign of a subject counts: older ones were other troubles.
    std::map<model::Subject, AuditRecord> before;
    std::vector<AuditRecord> chosen;
    for (const auto& sign : signs_) {
        model::Subject subject{.service = sign.service.value_or(model::ServiceId{})};
        if (const auto anomaly = decision_of<model::Anomaly>(sign)) subject = anomaly->subject;
        const bool ours = sign.kind == RecordKind::stale ? services_.contains(subject.service)
                                                         : subjects_.contains(subject);
        if (!ours) continue;
        if (sign.sequence < own_.front().sequence)
            before[subject] = sign;
        else
            chosen.push_back(sign);
    }
    for (auto& [subject, sign] : before) chosen.push_back(std::move(sign));
    return chosen;
}

Result<Story> StoryTeller::tell() const {
    if (own_.empty()) {
        return fail(ErrorCode::failed_precondition,
                    fmt::format("no audit record is about {}; 'homeostat audit list --kind incident_opened' "
                                "lists the incidents",
                                incident_.value()));
    }
    auto records = signs();
    EventTime first_sign = own_.front().at;
    for (const auto& sign : records) {
        const auto anomaly = decision_of<model::Anomaly>(sign);
        first_sign = std::min(first_sign, anomaly ? anomaly->onset : sign.at);
    }
    records.insert(records.end(), own_.begin(), own_.end());
    records.insert(records.end(), around_.begin(), around_.end());
    std::ranges::sort(records, {}, &AuditRecord::sequence);
    Story story{.incident = incident_, .summary = {}, .chapters = {}};
    story.summary = {what_it_was(own_), what_was_done(own_), how_it_ended(own_, first_sign)};
    for (const auto& record : records) story.chapters.push_back(chapter_of(record));
    return story;
}

}  // namespace homeostat::audit
