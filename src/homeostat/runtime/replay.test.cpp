// SPDX-License-Identifier: Apache-2.0
#include "homeostat/runtime/replay.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "homeostat/audit/chain.h"
#include "homeostat/config/config.h"
#include "homeostat/runtime/engine.h"
#include "homeostat/runtime/loop_config.h"

namespace homeostat::runtime {
namespace {

namespace fs = std::filesystem;

/// A data directory of its own, gone with the test.
class Replay : public testing::Test {
protected:
    Replay() { fs::remove_all(folder_); }
    ~Replay() override { fs::remove_all(folder_); }

    /// A node that is switched off and on again, `times` times.
    void live(int times, double traffic_share = 0.2) {
        config::Config config;
        config.graph.services = {{.service = model::ServiceId{"db"}}};
        config.verify.min_traffic_share = traffic_share;
        auto engine = Engine::open({.loop = make_loop_config(config, {}),
                                    .effective_config = deciding_config(config, {}),
                                    .graph = {},
                                    .data_dir = folder_},
                                   {.send = [](const auto&) {},
                                    .request_approval = [](const auto&) {},
                                    .publish = [](const auto&) {},
                                    .recorded = [](const auto&) {}});
        ASSERT_TRUE(engine.has_value()) << engine.error().message;
        auto now = engine->last();
        for (int i = 0; i < times; ++i) {
            now.loop += std::chrono::seconds{1};
            now.event += std::chrono::seconds{1};
            ASSERT_TRUE(engine->step(
                now, {loop::StopSwitched{.stopped = i % 2 == 0, .by = "ann", .reason = "game day"}}));
        }
    }

    [[nodiscard]] ReplayReport replay_all() const {
        auto report = replay(folder_, [] {});
        EXPECT_TRUE(report.has_value()) << report.error().message;
        return report.value_or(ReplayReport{});
    }

    /// Writes the audit log anew, with what `change` makes of its records.
    void rewrite_audit(const std::function<void(std::vector<model::AuditRecord>&)>& change) const {
        std::vector<model::AuditRecord> records;
        ASSERT_TRUE(read_audit(folder_ / "audit", [&](const auto& record) -> Result<> {
            records.push_back(record);
            return {};
        }));
        change(records);
        fs::remove_all(folder_ / "audit");
        auto log = AuditLog::open(folder_ / "audit").value();
        for (const auto& record : records) ASSERT_TRUE(log.write(record));
        ASSERT_TRUE(log.flush());
    }

    const fs::path folder_ = fs::temp_directory_path() / ("homeostat-replay-" + std::to_string(::getpid()));
};

TEST_F(Replay, MakesTheSameDecisionsAgain) {
    live(10);
    const auto report = replay_all();
    EXPECT_EQ(report.difference, std::nullopt);
    EXPECT_EQ(report.steps, 10U);
    EXPECT_EQ(report.compared, 11U);  // and the start
    EXPECT_EQ(report.last_hash, replay_all().last_hash);
}

TEST_F(Replay, GoesOnOverAChangeOfTheConfiguration) {
    live(3);
    live(4, 0.3);
    const auto report = replay_all();
    EXPECT_EQ(report.difference, std::nullopt);
    EXPECT_EQ(report.journals, 2U);
    EXPECT_EQ(report.compared, 9U);
}

TEST_F(Replay, DecidesOneJournalAgainWithoutAnAuditLog) {
    live(3);
    const auto report = replay(folder_ / "journal" / "000001", [] {});
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->records, 4U);
    EXPECT_EQ(report->compared, 0U);
}

TEST_F(Replay, NamesTheFirstRecordThatDiffers) {
    live(5);
    rewrite_audit([](auto& records) {
        audit::Chain chain;
        records[2].reason = "by bob: nobody will notice";
        for (auto& record : records) chain.seal(record);  // a whole chain, of other decisions
    });
    const auto report = replay_all();
    ASSERT_TRUE(report.difference.has_value());
    EXPECT_NE(report.difference->find("audit record 3 "), std::string::npos) << *report.difference;
    EXPECT_NE(report.difference->find("nobody will notice"), std::string::npos) << *report.difference;
}

TEST_F(Replay, MissesWhatWasCutFromTheAuditLog) {
    live(5);
    rewrite_audit([](auto& records) { records.resize(3); });
    EXPECT_TRUE(replay_all().difference.has_value());
    live(0);  // the next start writes them again
    EXPECT_EQ(replay_all().difference, std::nullopt);
}

TEST_F(Replay, ForgivesWhatACrashKeptFromTheAuditLog) {
    live(5);
    rewrite_audit([](auto& records) { records.pop_back(); });
    const auto report = replay_all();
    EXPECT_EQ(report.difference, std::nullopt);
    EXPECT_EQ(report.notes.size(), 1U);
}

TEST_F(Replay, RefusesAFolderWithoutAJournal) {
    const auto report = replay(folder_, [] {});
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace homeostat::runtime
