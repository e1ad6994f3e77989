// SPDX-License-Identifier: Apache-2.0
#include "homeostat/audit/chain.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

namespace homeostat::audit {
namespace {

std::vector<model::AuditRecord> chain_of(int length) {
    Chain chain;
    std::vector<model::AuditRecord> records;
    for (int i = 0; i < length; ++i) {
        auto& record = records.emplace_back();
        record.reason = "decision " + std::to_string(i);
        record.body = json::Object{{"value", std::int64_t{i}}};
        chain.seal(record);
    }
    return records;
}

bool intact(const std::vector<model::AuditRecord>& records) {
    ChainVerifier verifier;
    return std::all_of(records.begin(), records.end(),
                       [&](const auto& record) { return verifier.check(record).has_value(); });
}

TEST(AuditChain, HoldsWhenNothingWasTouched) {
    EXPECT_TRUE(intact(chain_of(20)));
}

TEST(AuditChain, SurvivesBeingStoredAsJson) {
    auto records = chain_of(3);
    for (auto& record : records)
        record = from_json<model::AuditRecord>(json::parse(json::to_text(to_json(record))).value()).value();
    EXPECT_TRUE(intact(records));
}

TEST(AuditChain, FindsAChangeALossASwapAndAnAddition) {
    rc::check("any tampering is found", [] {
        auto records = chain_of(*rc::gen::inRange(3, 12));
        const auto at =
            *rc::gen::inRange<std::size_t>(0, records.size() - 1);  // the last may be cut: a checkpoint's job
        switch (*rc::gen::inRange(0, 4)) {
            case 0: records[at].reason += '!'; break;
            case 1: records.erase(records.begin() + static_cast<std::ptrdiff_t>(at)); break;
            case 2: std::swap(records[at], records[at + 1]); break;
            default: records.insert(records.begin() + static_cast<std::ptrdiff_t>(at), records[at]); break;
        }
        RC_ASSERT(!intact(records));
    });
}

TEST(AuditChain, FindsARecordThatWasRewrittenWithItsHash) {
    auto records = chain_of(5);
    records[2].reason = "another story";
    records[2].hash = hash_of(records[2]);
    EXPECT_FALSE(intact(records));
}

}  // namespace
}  // namespace homeostat::audit
