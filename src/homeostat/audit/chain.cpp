// SPDX-License-Identifier: Apache-2.0
#include "homeostat/audit/chain.h"

#include <fmt/format.h>

#include "homeostat/base/hash.h"

namespace homeostat::audit {

std::string hash_of(const model::AuditRecord& record) {
    json::Value json = to_json(record);
    std::erase_if(*json.as_object(), [](const auto& member) { return member.first == "hash"; });
    return to_hex(sha256(json::to_text(json)));
}

void Chain::seal(model::AuditRecord& record) {
    record.sequence = next_sequence_++;
    record.previous = last_hash_;
    record.hash = hash_of(record);
    last_hash_ = record.hash;
}

Result<> ChainVerifier::check(const model::AuditRecord& record) {
    if (record.sequence != expected_.next_sequence()) {
        return fail(ErrorCode::data_loss,
                    fmt::format("record {} stands where record {} belongs: records were dropped, "
                                "added or moved",
                                record.sequence, expected_.next_sequence()));
    }
    if (record.previous != expected_.last_hash() || record.hash != hash_of(record)) {
        return fail(
            ErrorCode::data_loss,
            fmt::format(
                "record {} does not carry the hash of what it says: it, or the one before, was changed",
                record.sequence));
    }
    expected_ = Chain(record.sequence, record.hash);
    return {};
}

}  // namespace homeostat::audit
