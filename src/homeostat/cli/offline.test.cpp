// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/offline.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "homeostat/audit/chain.h"
#include "homeostat/base/kit.test.h"
#include "homeostat/cli/cli_kit.test.h"
#include "homeostat/loop/loop.h"
#include "homeostat/runtime/audit_log.h"

namespace homeostat::cli {
namespace {

namespace fs = std::filesystem;

/// A data directory with the audit log of a small incident, gone with the test.
class Audit : public testing::Test {
protected:
    Audit() {
        add(model::RecordKind::started, "deciding by policy p1", std::nullopt);
        add(model::RecordKind::incident_opened, "2 subjects are abnormal together", kIncident);
        add(model::RecordKind::no_plan, "no playbook is for it", kIncident);
        write();
    }

    void add(model::RecordKind kind, std::string reason, std::optional<model::IncidentId> incident) {
        records_.push_back({.kind = kind, .incident = std::move(incident), .reason = std::move(reason)});
        chain_.seal(records_.back());
    }

    /// Writes the log anew, as the records are now, and what the loop remembers of it.
    void write() const {
        fs::remove_all(folder_ / "audit");
        auto log = runtime::AuditLog::open(folder_ / "audit").value();
        for (const auto& record : records_) ASSERT_TRUE(log.write(record));
        ASSERT_TRUE(log.flush());
        std::ofstream(folder_ / "carryover.json") << json::to_text(to_json(
            loop::Carryover{.audit_sequence = chain_.next_sequence() - 1, .audit_hash = chain_.last_hash()}));
    }

    [[nodiscard]] Outcome call(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--data-dir", folder_.string()});
        return cli::call(arguments);
    }

    static inline const model::IncidentId kIncident{"inc-000001"};
    const kit::Folder own_;
    const fs::path folder_ = own_.path();
    std::vector<model::AuditRecord> records_;
    audit::Chain chain_;
};

TEST_F(Audit, IsListedByIncidentKindAndNumber) {
    const auto all = json::parse(call({"audit", "list", "-o", "json"}).out);
    ASSERT_TRUE(all.has_value());
    EXPECT_EQ(all->as_array()->size(), 3U);
    const auto of_incident = call({"audit", "list", "--incident", "inc-000001"});
    EXPECT_EQ(of_incident.out.find("deciding by"), std::string::npos);
    EXPECT_NE(of_incident.out.find("no playbook is for it"), std::string::npos);
    const auto of_kind = call({"audit", "list", "--kind", "started"});
    EXPECT_NE(of_kind.out.find("deciding by"), std::string::npos);
    const auto newest = call({"audit", "list", "--limit", "1"});
    EXPECT_EQ(newest.out.find("2 subjects"), std::string::npos);
    EXPECT_EQ(call({"audit", "list", "--kind", "nonsense"}).code, ExitCode::usage);
}

TEST_F(Audit, ShowsOneRecord) {
    EXPECT_NE(call({"audit", "show", "2"}).out.find("2 subjects are abnormal together"), std::string::npos);
    const auto absent = call({"audit", "show", "9"});
    EXPECT_EQ(absent.code, ExitCode::failed);
    EXPECT_NE(absent.err.find("there is no audit record 9"), std::string::npos);
}

TEST_F(Audit, IsWhole) {
    const auto outcome = call({"audit", "verify"});
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.err;
    EXPECT_NE(outcome.out.find("3 audit records: the chain is whole"), std::string::npos) << outcome.out;
}

TEST_F(Audit, TellsWhichRecordWasChanged) {
    records_[1].reason = "nothing happened";
    write();
    const auto outcome = call({"audit", "verify"});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_NE(outcome.err.find("record 2"), std::string::npos) << outcome.err;
}

TEST_F(Audit, TellsThatItsEndWasCutOff) {
    records_.pop_back();
    write();
    const auto outcome = call({"audit", "verify"});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_NE(outcome.err.find("ends with record 2"), std::string::npos) << outcome.err;
}

TEST_F(Audit, TellsThatAByteOfTheFileIsDamaged) {
    for (const auto& entry : fs::directory_iterator(folder_ / "audit")) {
        if (entry.path().extension() != ".log") continue;
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-3, std::ios::end);
        file.put('#');
    }
    EXPECT_EQ(call({"audit", "verify"}).code, ExitCode::failed);
}

TEST_F(Audit, TellsThatTheWholeLogWasReplaced) {
    std::ofstream(folder_ / "carryover.json")
        << json::to_text(to_json(loop::Carryover{.audit_sequence = 3, .audit_hash = "0123"}));
    const auto outcome = call({"audit", "verify"});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_NE(outcome.err.find("the log was replaced"), std::string::npos) << outcome.err;
}

TEST_F(Audit, TellsAnIncidentsStory) {
    const auto told = call({"explain", "inc-000001"});
    EXPECT_EQ(told.code, ExitCode::ok) << told.err;
    EXPECT_NE(told.out.find("Nothing was done: no playbook is for it."), std::string::npos) << told.out;
    const auto value = json::parse(call({"explain", "inc-000001", "-o", "json"}).out);
    ASSERT_TRUE(value.has_value());
    EXPECT_EQ(value->find("chapters")->as_array()->size(), 2U);
    const auto unknown = call({"explain", "inc-7"});
    EXPECT_EQ(unknown.code, ExitCode::failed);
    EXPECT_NE(unknown.err.find("no audit record is about inc-7"), std::string::npos);
}

TEST_F(Audit, ThatIsNotThereIsOutOfReach) {
    fs::remove_all(folder_);
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"audit", "list"}, {"audit", "show", "1"}, {"audit", "verify"}, {"explain", "inc-000001"}}) {
        const auto outcome = call(arguments);
        EXPECT_EQ(outcome.code, ExitCode::unavailable);
        EXPECT_NE(outcome.err.find("--data-dir"), std::string::npos) << outcome.err;
    }
}

}  // namespace
}  // namespace homeostat::cli
