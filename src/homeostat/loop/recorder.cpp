// SPDX-License-Identifier: Apache-2.0
#include "homeostat/loop/recorder.h"

#include <utility>

namespace homeostat::loop {

void Recorder::record(model::RecordKind kind, std::optional<model::ServiceId> service, std::string reason,
                      json::Value body) {
    seal({.kind = kind, .service = std::move(service), .reason = std::move(reason), .body = std::move(body)});
}

void Recorder::record(model::RecordKind kind, const Run& run, std::string reason, json::Value body) {
    model::AuditRecord record{
        .kind = kind, .incident = run.incident.id, .reason = std::move(reason), .body = std::move(body)};
    if (const auto* cause = run.cause()) record.service = cause->service;
    seal(std::move(record));
}

void Recorder::seal(model::AuditRecord record) {
    record.at = now_.event;
    json::Object body{{"journal_step", static_cast<std::int64_t>(step_)}};
    if (!record.body.is_null()) body.emplace_back("decision", std::move(record.body));
    record.body = std::move(body);
    chain_.seal(record);
    effects_.emplace_back(Record{std::move(record)});
}

}  // namespace homeostat::loop
