// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/script/script_actuator.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace homeostat::actuate {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using model::OrderOutcome;

/// Waits until a process is gone, or a zombie that its new parent has not collected yet.
bool dies(int pid) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < deadline) {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string number;
        std::string name;
        std::string state;
        if (!(stat >> number >> name >> state) || state == "Z" || state == "X") return true;
    }
    return false;
}

class ScriptActuatorTest : public testing::Test {
protected:
    void SetUp() override {
        char pattern[] = "/tmp/script-test-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern), nullptr);
        folder_ = pattern;
        config_.programs = {"/bin/sh", "/bin/echo"};
        config_.directory = folder_;
        config_.environment = {{"PATH", "/usr/bin:/bin"}};
        reopen();
    }
    void TearDown() override { fs::remove_all(folder_); }

    /// As a new process would see what the old one left.
    void reopen() {
        auto created = ScriptActuator::create(config_, folder_ + "/results");
        ASSERT_TRUE(created.has_value()) << created.error().message;
        actuator_ = *std::move(created);
    }

    model::Order order(const std::string& program, std::vector<std::string> args) {
        json::Array list(args.begin(), args.end());
        return {.id = model::OrderId{"order/" + std::to_string(++orders_)},
                .action = {.kind = model::ActionKind::script,
                           .service = model::ServiceId{"web"},
                           .parameters = {{"program", program}, {"args", list}}},
                .lease_until = now_ + 30s,
                .timeout = 10s};
    }
    model::OrderResult run(const std::string& script) {
        return actuator_->execute(order("/bin/sh", {"-c", script}), now_);
    }

    std::string folder_;
    act::ScriptConfig config_;
    LoopTime now_{1h};
    std::unique_ptr<ScriptActuator> actuator_;

private:
    int orders_ = 0;
};

TEST_F(ScriptActuatorTest, TellsTheExitCodeAndTheOutput) {
    const auto good = run("echo fine; exit 0");
    EXPECT_EQ(good.outcome, OrderOutcome::done);
    EXPECT_EQ(good.exit_code, 0);
    EXPECT_EQ(good.detail, "fine");
    const auto bad = run("echo why >&2; exit 3");
    EXPECT_EQ(bad.outcome, OrderOutcome::failed);
    EXPECT_EQ(bad.exit_code, 3);
    EXPECT_EQ(bad.detail, "why");
}

TEST_F(ScriptActuatorTest, PassesArgumentsWithoutAShell) {
    const auto result = actuator_->execute(order("/bin/echo", {"$(id);", "`id`", "a b"}), now_);
    EXPECT_EQ(result.detail, "$(id); `id` a b");
}

TEST_F(ScriptActuatorTest, RefusesAProgramThatIsNotAllowed) {
    EXPECT_EQ(actuator_->execute(order("/bin/ls", {}), now_).outcome, OrderOutcome::refused);
    EXPECT_EQ(actuator_->execute(order("/bin/../bin/sh", {}), now_).outcome, OrderOutcome::refused);
    EXPECT_EQ(actuator_->execute(order("/bin/echo", {std::string("a\0b", 3)}), now_).outcome,
              OrderOutcome::refused);
    config_.programs = {"sh"};
    EXPECT_FALSE(ScriptActuator::create(config_, folder_).has_value());
}

TEST_F(ScriptActuatorTest, KillsTheWholeGroupAtTheTimeLimit) {
    auto endless = order("/bin/sh", {"-c", "sleep 1000 & echo $!; wait"});
    endless.timeout = 200ms;
    const auto result = actuator_->execute(endless, now_);
    EXPECT_EQ(result.outcome, OrderOutcome::failed);
    EXPECT_NE(result.detail.find("killed after 200ms"), std::string::npos) << result.detail;
    const auto pid = std::stoi(result.detail.substr(result.detail.find("; ") + 2));
    EXPECT_TRUE(dies(pid));
}

TEST_F(ScriptActuatorTest, EndsWithTheScriptAndNotWithItsDetachedChildren) {
    const auto result = run("(trap '' HUP; sleep 1000) & exit 0");
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
}

TEST_F(ScriptActuatorTest, LimitsCpuMemoryAndFiles) {
    config_.cpu_time = 1s;
    config_.memory = Bytes{64 << 20};
    config_.open_files = 16;
    reopen();
    EXPECT_EQ(run("ulimit -t; ulimit -v; ulimit -n").detail, "1\n65536\n16");
    EXPECT_NE(run("while :; do :; done").detail.find("signal"), std::string::npos);
}

TEST_F(ScriptActuatorTest, KeepsOnlyTheEndOfTheOutput) {
    const auto result = run("yes 0123456789 | head -n 20000; echo end");
    EXPECT_LE(result.detail.size(), ScriptActuator::kOutputBytesMax);
    EXPECT_TRUE(result.detail.ends_with("end"));
}

TEST_F(ScriptActuatorTest, MakesAnyOutputFitARecord) {
    const auto result = run("printf 'a\\377b'");
    EXPECT_EQ(result.detail, "a?b");
    EXPECT_TRUE(json::parse(json::to_text(to_json(result))).has_value());
}

TEST_F(ScriptActuatorTest, InheritsOnlyNamedVariables) {
    ASSERT_EQ(::setenv("SCRIPT_TEST_YES", "y", 1), 0);
    ASSERT_EQ(::setenv("SCRIPT_TEST_NO", "n", 1), 0);
    config_.inherit = {"SCRIPT_TEST_YES"};
    reopen();
    EXPECT_EQ(run("echo \"$SCRIPT_TEST_YES,$SCRIPT_TEST_NO\"").detail, "y,");
    EXPECT_EQ(run("pwd").detail, folder_);
}

TEST_F(ScriptActuatorTest, RunsAnOrderOnceEvenAcrossARestart) {
    const auto append = order("/bin/sh", {"-c", "echo x >> " + folder_ + "/runs"});
    const auto first = actuator_->execute(append, now_);
    EXPECT_EQ(actuator_->execute(append, now_), first);
    reopen();
    EXPECT_EQ(actuator_->execute(append, now_), first);
    EXPECT_EQ(actuator_->reconcile(append.id), first);
    EXPECT_EQ(fs::file_size(folder_ + "/runs"), 2U);
}

TEST_F(ScriptActuatorTest, RefusesAfterTheLeaseAndClosesWhatNeverCame) {
    auto late = order("/bin/sh", {"-c", "exit 0"});
    EXPECT_EQ(actuator_->execute(late, late.lease_until).outcome, OrderOutcome::refused);
    const auto lost = order("/bin/sh", {"-c", "exit 0"});
    EXPECT_EQ(actuator_->reconcile(lost.id).outcome, OrderOutcome::failed);
    EXPECT_EQ(actuator_->execute(lost, now_).outcome, OrderOutcome::failed);
}

TEST_F(ScriptActuatorTest, DoesNotGuessWhatAScriptDidThatWasRunningAtOurEnd) {
    const auto interrupted = order("/bin/sh", {"-c", "exit 0"});
    auto store = RecordStore::open(folder_ + "/results");
    const model::OrderResult begun{.id = interrupted.id, .outcome = OrderOutcome::unknown};
    ASSERT_TRUE(store->put(interrupted.id, to_json(begun)).has_value());
    EXPECT_EQ(actuator_->reconcile(interrupted.id).outcome, OrderOutcome::unknown);
    EXPECT_EQ(actuator_->execute(interrupted, now_).outcome, OrderOutcome::unknown);
}

}  // namespace
}  // namespace homeostat::actuate
