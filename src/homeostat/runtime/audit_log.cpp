// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/audit_log.h"

#include <fmt/format.h>

#include <utility>

namespace homeostat::runtime {
namespace {

Result<> read_records(system::SegmentReader& reader,
                      const std::function<Result<>(const model::AuditRecord&)>& on_record) {
    for (;;) {
        const auto offset = reader.offset();
        HOMEOSTAT_TRY(const auto bytes, reader.next());
        if (!bytes) return {};
        const auto json = json::parse(*bytes);
        const auto record = json ? from_json<model::AuditRecord>(*json)
                                 : Result<model::AuditRecord>(std::unexpected(json.error()));
        if (!record) {
            return fail(ErrorCode::data_loss, fmt::format("audit record {} cannot be read: {}", offset + 1,
                                                          record.error().message));
        }
        if (auto taken = on_record(*record); !taken) return taken;
    }
}

}  // namespace

Result<AuditLog> AuditLog::open(const std::filesystem::path& folder) {
    HOMEOSTAT_TRY(auto log, system::SegmentLog::open(folder));
    AuditLog audit(std::move(log));
    if (audit.log_.end() == 0) return audit;
    HOMEOSTAT_TRY(auto reader, audit.log_.read(audit.log_.end() - 1));
    auto read = read_records(reader, [&](const model::AuditRecord& record) -> Result<> {
        audit.last_sequence_ = record.sequence;
        audit.last_hash_ = record.hash;
        return {};
    });
    if (!read) return std::unexpected(read.error());
    return audit;
}

Result<> AuditLog::write(model::AuditRecord record) {
    if (record.sequence < last_sequence_) return {};
    if (record.sequence == last_sequence_) {
        if (record.hash == last_hash_) return {};
        return fail(
            ErrorCode::data_loss,
            fmt::format(
                "the journal gives another audit record {} than the one that was written: the journal, the "
                "audit log or the program was changed; move both folders away to begin anew",
                record.sequence));
    }
    waiting_.push_back(std::move(record));
    return {};
}

Result<> AuditLog::flush() {
    if (waiting_.empty()) return {};
    if (waiting_.size() > kMaxWaiting) {
        return fail(ErrorCode::resource_exhausted,
                    fmt::format("{} audit records wait to be written", waiting_.size()));
    }
    for (const auto& record : waiting_) {
        if (auto appended = log_.append(json::to_text(to_json(record))); !appended) {
            log_.discard();
            return std::unexpected(appended.error());
        }
    }
    if (auto committed = log_.commit(); !committed) return committed;
    last_sequence_ = waiting_.back().sequence;
    last_hash_ = waiting_.back().hash;
    waiting_.clear();
    return {};
}

Result<> read_audit(const std::filesystem::path& folder,
                    const std::function<Result<>(const model::AuditRecord&)>& on_record) {
    HOMEOSTAT_TRY(auto reader, system::SegmentReader::open(folder));
    return read_records(reader, on_record);
}

}  // namespace homeostat::runtime
