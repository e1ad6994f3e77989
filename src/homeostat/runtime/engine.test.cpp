// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/engine.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "homeostat/audit/chain.h"
#include "homeostat/base/kit.test.h"

namespace homeostat::runtime {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using kit::Folder;

EngineConfig config_in(const fs::path& folder, const std::string& setting = "a") {
    return {.loop = {}, .effective_config = json::Object{{"setting", setting}}, .data_dir = folder};
}

EffectHandlers no_handlers() {
    return {.send = [](const auto&) {},
            .request_approval = [](const auto&) {},
            .publish = [](const auto&) {},
            .recorded = [](const auto&) {}};
}

loop::StopSwitched stop() {
    return {.stopped = true, .by = "ann", .reason = "game day"};
}

Instant at(int seconds) {
    return {.loop = LoopTime{std::chrono::seconds{seconds}},
            .event = EventTime{std::chrono::seconds{seconds}}};
}

std::vector<model::AuditRecord> audit_of(const fs::path& folder) {
    std::vector<model::AuditRecord> records;
    EXPECT_TRUE(read_audit(folder / "audit", [&](const auto& record) -> Result<> {
        records.push_back(record);
        return {};
    }));
    return records;
}

void expect_chain(const std::vector<model::AuditRecord>& records) {
    audit::ChainVerifier verifier;
    for (const auto& record : records) ASSERT_TRUE(verifier.check(record).has_value()) << record.sequence;
}

TEST(Engine, GoesOnWhereItWasAfterARestart) {
    const Folder folder;
    {
        auto engine = Engine::open(config_in(folder.path()), no_handlers()).value();
        ASSERT_TRUE(engine.step(at(1), {stop()}));
    }
    auto engine = Engine::open(config_in(folder.path()), no_handlers()).value();
    EXPECT_EQ(engine.recovered().entries, 1U);
    EXPECT_FALSE(engine.recovered().new_configuration);
    EXPECT_TRUE(engine.loop().stopped().has_value());
    EXPECT_EQ(engine.last().loop, at(1).loop);
    ASSERT_TRUE(engine.step(at(2), {loop::StopSwitched{.stopped = false, .by = "ann", .reason = "over"}}));
    const auto records = audit_of(folder.path());
    EXPECT_EQ(records.size(), 3U);  // started, stopped, resumed
    expect_chain(records);
}

TEST(Engine, KeepsTheStopSwitchAndTheChainUnderANewConfiguration) {
    const Folder folder;
    {
        auto engine = Engine::open(config_in(folder.path(), "a"), no_handlers()).value();
        ASSERT_TRUE(engine.step(at(1), {stop()}));
    }
    auto engine = Engine::open(config_in(folder.path(), "b"), no_handlers()).value();
    EXPECT_TRUE(engine.recovered().new_configuration);
    EXPECT_TRUE(engine.loop().stopped().has_value());
    ASSERT_TRUE(engine.step(at(2), {}));
    expect_chain(audit_of(folder.path()));
}

TEST(Engine, WritesAgainWhatACrashKeptFromTheAudit) {
    const Folder folder;
    {
        auto engine = Engine::open(config_in(folder.path()), no_handlers()).value();
        ASSERT_TRUE(engine.step(at(1), {stop()}));
    }
    fs::remove_all(folder.path() / "audit");
    {
        auto engine = Engine::open(config_in(folder.path()), no_handlers()).value();
    }
    EXPECT_EQ(audit_of(folder.path()).size(), 2U);
}

TEST(Engine, RefusesToGoOnWhenJournalAndAuditDisagree) {
    const Folder folder;
    {
        auto engine = Engine::open(config_in(folder.path()), no_handlers()).value();
        ASSERT_TRUE(engine.step(at(1), {stop()}));
    }
    const auto records = audit_of(folder.path());
    fs::remove_all(folder.path() / "audit");
    {
        auto log = AuditLog::open(folder.path() / "audit").value();
        auto forged = records.back();
        forged.hash = std::string(64, '0');
        ASSERT_TRUE(log.write(forged));
        ASSERT_TRUE(log.flush());
    }
    const auto engine = Engine::open(config_in(folder.path()), no_handlers());
    ASSERT_FALSE(engine.has_value());
    EXPECT_EQ(engine.error().code, ErrorCode::data_loss);
}

}  // namespace
}  // namespace homeostat::runtime
