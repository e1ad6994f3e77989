// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "homeostat/base/result.h"
#include "homeostat/model/audit_record.h"

namespace homeostat::audit {

/// Links records: each one carries the hash of the one before, so that a change, a loss or a swap of any
/// record is found by anyone who has the records (Haber and Stornetta, 1991: how to time-stamp a digital
/// document).
class Chain {
public:
    Chain() = default;

    /// Goes on after the record with this sequence number and hash.
    Chain(std::uint64_t last_sequence, std::string last_hash)
        : next_sequence_(last_sequence + 1), last_hash_(std::move(last_hash)) {}

    /// Fills in `sequence`, `previous` and `hash`.
    void seal(model::AuditRecord& record);

    [[nodiscard]] std::uint64_t next_sequence() const { return next_sequence_; }
    [[nodiscard]] const std::string& last_hash() const { return last_hash_; }

private:
    std::uint64_t next_sequence_ = 1;
    std::string last_hash_;
};

/// SHA-256 over the record's JSON without its hash.
[[nodiscard]] std::string hash_of(const model::AuditRecord& record);

/// Checks records one after the other, from the first.
class ChainVerifier {
public:
    /// Errors: `data_loss`, naming the record that was changed, dropped, added or moved.
    Result<> check(const model::AuditRecord& record);

    [[nodiscard]] std::uint64_t checked() const { return expected_.next_sequence() - 1; }
    [[nodiscard]] const std::string& last_hash() const { return expected_.last_hash(); }

private:
    Chain expected_;
};

}  // namespace homeostat::audit
