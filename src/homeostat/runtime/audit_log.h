// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "homeostat/adapters/system/segment_log.h"
#include "homeostat/base/result.h"
#include "homeostat/model/audit_record.h"

namespace homeostat::runtime {

/// The durable chain of audit records. What cannot be written yet waits, in order and bounded, and nothing
/// may be done meanwhile: see flush().
class AuditLog {
public:
    static constexpr std::size_t kMaxWaiting = 100'000;

    /// Errors: those of SegmentLog, or `data_loss` when the last record cannot be read.
    [[nodiscard]] static Result<AuditLog> open(const std::filesystem::path& folder);

    /// Of the last durable record; 0 and empty at first.
    [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
    [[nodiscard]] const std::string& last_hash() const { return last_hash_; }

    /// Queues a record for the next flush. A record that is durable already must be the very same one:
    /// `data_loss` where a decision that was made again came out differently.
    [[nodiscard]] Result<> write(model::AuditRecord record);

    /// Makes all that was queued durable. On error it stays queued: call again later. Errors: those of
    /// SegmentLog; `resource_exhausted` when more than kMaxWaiting records wait.
    [[nodiscard]] Result<> flush();

private:
    explicit AuditLog(system::SegmentLog log) : log_(std::move(log)) {}

    system::SegmentLog log_;
    std::uint64_t last_sequence_ = 0;
    std::string last_hash_;
    std::deque<model::AuditRecord> waiting_;
};

/// Hands the records over, oldest first, while `on_record` succeeds. Errors: also `not_found` for a folder
/// without an audit log.
[[nodiscard]] Result<> read_audit(const std::filesystem::path& folder,
                                  const std::function<Result<>(const model::AuditRecord&)>& on_record);

}  // namespace homeostat::runtime
