// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/supervisor.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <sstream>
#include <thread>

#include "homeostat/adapters/actuate/process/change_feed.h"
#include "homeostat/adapters/actuate/process/process_actuator.h"
#include "homeostat/adapters/actuate/process/registry.h"
#include "homeostat/base/kit.test.h"

namespace homeostat::actuate {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using kit::eventually;
using model::ActionKind;
using model::ChangeKind;
using model::OrderOutcome;

const model::ServiceId kWeb{"web"};

/// Neither running nor stopped: gone, or a zombie that its new parent has not collected yet.
bool is_dead(std::int64_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    std::string state;
    return !(stat >> number >> name >> state) || state == "Z" || state == "X";
}

ServiceVersion shell(const std::string& script) {
    return {.command = {"/bin/sh", "-c", script}};
}

SupervisorConfig three_webs(const std::string& run_dir) {
    const std::string serve = "echo 127.0.0.1:$$ >&$SUPERVISOR_READY_FD; exec sleep 1000";
    SupervisedService web{
        .name = kWeb, .replicas = 3, .replicas_max = 5, .version = model::DeploymentVersion{"v1"}};
    web.versions[model::DeploymentVersion{"v1"}] = shell(serve);
    web.versions[model::DeploymentVersion{"v2"}] = shell(serve);
    web.versions[model::DeploymentVersion{"broken"}] = shell("exit 7");
    web.versions[model::DeploymentVersion{"deaf"}] = shell("trap '' TERM; " + serve);
    return {.run_dir = run_dir, .services = {web}, .start_timeout = 5s, .stop_grace = 100ms, .drain = 1ms};
}

class SupervisorTest : public testing::Test {
protected:
    void SetUp() override {
        char pattern[] = "/tmp/supervisor-test-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern), nullptr);
        run_dir_ = pattern;
    }
    void TearDown() override {
        supervisor_.reset();
        fs::remove_all(run_dir_);
    }

    void start(SupervisorConfig config) {
        auto started = Supervisor::start(std::move(config));
        ASSERT_TRUE(started.has_value()) << started.error().message;
        supervisor_ = *std::move(started);
    }
    void start() { start(three_webs(run_dir_)); }

    [[nodiscard]] ServiceStatus web() const {
        const auto status = SupervisorClient(run_dir_ + "/control.sock").status(5s);
        return status ? status->front() : ServiceStatus{};
    }
    [[nodiscard]] InstanceStatus instance(std::size_t index) const { return web().instances.at(index); }

    [[nodiscard]] Registry registry() const {
        std::stringstream text;
        text << std::ifstream(run_dir_ + "/registry.json").rdbuf();
        return from_json<Registry>(json::parse(text.str()).value()).value();
    }

    model::Order order(ActionKind kind, std::map<std::string, json::Value> parameters = {},
                       std::optional<std::string> instance = std::nullopt) {
        model::Order order{.id = model::OrderId{"order-" + std::to_string(++orders_)},
                           .action = {.kind = kind, .service = kWeb, .parameters = std::move(parameters)},
                           .lease_until = now_ + 30s,
                           .timeout = 10s};
        if (instance) order.action.instance = model::InstanceId{*instance};
        return order;
    }
    model::OrderResult execute(const model::Order& order) { return actuator().execute(order, now_); }
    /// The order that `result` offers to take the act back with.
    model::Order undo(const model::OrderResult& result) {
        auto back = order(ActionKind::restart);
        back.action = result.undo.value();
        return back;
    }
    [[nodiscard]] ProcessActuator actuator() const { return ProcessActuator(run_dir_ + "/control.sock"); }

    std::string run_dir_;
    LoopTime now_{1h};
    std::unique_ptr<Supervisor> supervisor_;

private:
    int orders_ = 0;
};

/// Collects what a ChangeFeed delivers.
class Changes {
public:
    explicit Changes(const std::string& run_dir)
        : feed_(run_dir + "/control.sock", [this](const auto& event) {
              const std::scoped_lock lock(mutex_);
              events_.push_back(event);
          }) {}

    bool saw(ChangeKind kind, const std::string& detail, std::optional<model::OrderId> order = std::nullopt) {
        return eventually([&] {
            const std::scoped_lock lock(mutex_);
            return std::ranges::any_of(events_, [&](const auto& event) {
                return event.kind == kind && event.detail == detail && event.order == order;
            });
        });
    }
    std::size_t count(ChangeKind kind) {
        const std::scoped_lock lock(mutex_);
        return static_cast<std::size_t>(std::ranges::count(events_, kind, &model::ChangeEvent::kind));
    }

private:
    std::mutex mutex_;
    std::vector<model::ChangeEvent> events_;
    ChangeFeed feed_;
};

TEST_F(SupervisorTest, StartsEveryInstanceAndListsItsAddress) {
    start();
    const auto listed = registry().services.at(kWeb);
    ASSERT_EQ(listed.instances.size(), 3U);
    EXPECT_EQ(listed.instances[0].instance, model::InstanceId{"web-1"});
    EXPECT_EQ(listed.instances[0].address, "127.0.0.1:" + std::to_string(instance(0).pid));
}

TEST_F(SupervisorTest, KeepsItsSocketToItsOwner) {
    start();
    struct stat info{};
    ASSERT_EQ(::stat((run_dir_ + "/control.sock").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(SupervisorTest, ReportsAKilledProcessAndLeavesItDead) {
    start();
    Changes changes(run_dir_);
    ::kill(static_cast<pid_t>(instance(1).pid), SIGKILL);
    EXPECT_TRUE(changes.saw(ChangeKind::instance_exited, "signal 9"));
    EXPECT_FALSE(instance(1).running);
    EXPECT_EQ(instance(1).last_exit, "signal 9");
    EXPECT_EQ(registry().services.at(kWeb).instances.size(), 3U);  // its callers notice, not the registry
}

TEST_F(SupervisorTest, RestartsADeadInstance) {
    start();
    const auto before = instance(0).pid;
    ::kill(static_cast<pid_t>(before), SIGKILL);
    ASSERT_TRUE(eventually([&] { return !instance(0).running; }));
    const auto result = execute(order(ActionKind::restart, {}, "web-1"));
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_FALSE(result.undo.has_value());
    EXPECT_TRUE(instance(0).running);
    EXPECT_NE(instance(0).pid, before);
}

TEST_F(SupervisorTest, RestartsAStoppedProcess) {
    start();
    const auto before = instance(2).pid;
    ::kill(static_cast<pid_t>(before), SIGSTOP);
    const auto result = execute(order(ActionKind::restart, {}, "web-3"));
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_TRUE(eventually([&] { return is_dead(before); }));
    EXPECT_TRUE(instance(2).running);
}

TEST_F(SupervisorTest, RestartsAWholeServiceOneByOne) {
    start();
    const auto before = web();
    EXPECT_EQ(execute(order(ActionKind::restart)).outcome, OrderOutcome::done);
    const auto after = web();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NE(after.instances[i].pid, before.instances[i].pid);
}

TEST_F(SupervisorTest, ScalesUpAndBackByTheUndo) {
    start();
    Changes changes(run_dir_);
    const auto up = order(ActionKind::scale, {{"replicas", std::int64_t{5}}});
    const auto result = execute(up);
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_EQ(registry().services.at(kWeb).instances.size(), 5U);
    EXPECT_TRUE(changes.saw(ChangeKind::scaled, "5", up.id));

    EXPECT_EQ(execute(undo(result)).outcome, OrderOutcome::done);
    EXPECT_EQ(registry().services.at(kWeb).instances.size(), 3U);
}

TEST_F(SupervisorTest, RefusesToScaleBeyondItsLimit) {
    start();
    EXPECT_EQ(execute(order(ActionKind::scale, {{"replicas", std::int64_t{6}}})).outcome,
              OrderOutcome::refused);
    EXPECT_EQ(web().instances.size(), 3U);
}

TEST_F(SupervisorTest, RollsBackToTheVersionBefore) {
    start();
    Changes changes(run_dir_);
    const auto deployed =
        SupervisorClient(run_dir_ + "/control.sock")
            .call(DeployRequest{.service = kWeb, .version = model::DeploymentVersion{"v2"}}, 10s);
    ASSERT_TRUE(deployed.has_value()) << deployed.error().message;
    EXPECT_TRUE(changes.saw(ChangeKind::version_changed, "v2"));
    EXPECT_EQ(changes.count(ChangeKind::instance_exited), 0U);  // a deployment is no crash

    const auto back = order(ActionKind::rollback);
    const auto result = execute(back);
    EXPECT_EQ(result.outcome, OrderOutcome::done) << result.detail;
    EXPECT_EQ(web().version, model::DeploymentVersion{"v1"});
    EXPECT_TRUE(changes.saw(ChangeKind::version_changed, "v1", back.id));
    EXPECT_EQ(execute(order(ActionKind::rollback)).outcome,
              OrderOutcome::refused);  // v2 is not the one before

    EXPECT_EQ(execute(undo(result)).outcome, OrderOutcome::done);
    EXPECT_EQ(web().version, model::DeploymentVersion{"v2"});
}

TEST_F(SupervisorTest, TakesBackADeploymentThatDoesNotStart) {
    start();
    const auto result = execute(order(ActionKind::rollback, {{"version", "broken"}}));
    EXPECT_EQ(result.outcome, OrderOutcome::failed);
    EXPECT_NE(result.detail.find("exit 7"), std::string::npos) << result.detail;
    const auto after = web();
    EXPECT_EQ(after.version, model::DeploymentVersion{"v1"});
    for (const auto& each : after.instances) EXPECT_TRUE(each.running);
}

TEST_F(SupervisorTest, RoutesAroundAnInstanceAndBack) {
    start();
    const auto away = execute(order(ActionKind::reroute, {}, "web-2"));
    EXPECT_EQ(away.outcome, OrderOutcome::done);
    EXPECT_FALSE(registry().services.at(kWeb).instances[1].routed);
    EXPECT_EQ(execute(undo(away)).outcome, OrderOutcome::done);
    EXPECT_TRUE(registry().services.at(kWeb).instances[1].routed);
}

TEST_F(SupervisorTest, KeepsTheLastRoutedInstance) {
    start();
    EXPECT_EQ(execute(order(ActionKind::reroute, {}, "web-1")).outcome, OrderOutcome::done);
    EXPECT_EQ(execute(order(ActionKind::reroute, {}, "web-2")).outcome, OrderOutcome::done);
    EXPECT_EQ(execute(order(ActionKind::reroute, {}, "web-3")).outcome, OrderOutcome::refused);
}

TEST_F(SupervisorTest, PublishesAThrottle) {
    start();
    const auto limited = execute(order(ActionKind::throttle, {{"rate_rps", 12.5}}));
    EXPECT_EQ(limited.outcome, OrderOutcome::done);
    EXPECT_EQ(registry().services.at(kWeb).rate_rps, 12.5);
    EXPECT_EQ(execute(undo(limited)).outcome, OrderOutcome::done);
    EXPECT_EQ(registry().services.at(kWeb).rate_rps, 0);
}

TEST_F(SupervisorTest, CarriesOutAnOrderOnce) {
    start();
    const auto restart = order(ActionKind::restart, {}, "web-1");
    const auto first = execute(restart);
    const auto pid = instance(0).pid;
    EXPECT_EQ(execute(restart), first);
    EXPECT_EQ(instance(0).pid, pid);
    EXPECT_EQ(actuator().reconcile(restart.id), first);
}

TEST_F(SupervisorTest, RefusesAnOrderAfterItsLease) {
    start();
    auto late = order(ActionKind::restart, {}, "web-1");
    EXPECT_EQ(actuator().execute(late, late.lease_until).outcome, OrderOutcome::refused);
    // The order came in time to the actuator, and too late to the supervisor.
    const auto reply = SupervisorClient(run_dir_ + "/control.sock")
                           .call(ExecuteRequest{.order = late, .lease_until = 1ns}, 5s);
    EXPECT_EQ(reply.value().result.value().outcome, OrderOutcome::refused);
}

TEST_F(SupervisorTest, ClosesAnOrderThatNeverCame) {
    start();
    const auto lost = order(ActionKind::restart, {}, "web-1");
    const auto pid = instance(0).pid;
    EXPECT_EQ(actuator().reconcile(lost.id).outcome, OrderOutcome::failed);
    EXPECT_EQ(execute(lost).outcome, OrderOutcome::failed);  // it comes at last, and is not carried out
    EXPECT_EQ(instance(0).pid, pid);
}

TEST_F(SupervisorTest, SaysUnknownWhenTheAnswerComesTooLate) {
    start();
    EXPECT_EQ(execute(order(ActionKind::rollback, {{"version", "deaf"}})).outcome, OrderOutcome::done);
    auto slow = order(ActionKind::restart, {}, "web-1");  // takes stop_grace at least
    slow.timeout = 20ms;
    EXPECT_EQ(execute(slow).outcome, OrderOutcome::unknown);
    EXPECT_TRUE(eventually([&] { return actuator().reconcile(slow.id).outcome == OrderOutcome::done; }));
}

TEST_F(SupervisorTest, TellsAnUnreachableSupervisorFromAnUnknownOutcome) {
    const auto restart = order(ActionKind::restart, {}, "web-1");
    EXPECT_EQ(execute(restart).outcome, OrderOutcome::failed);  // nobody was asked
    EXPECT_EQ(actuator().reconcile(restart.id).outcome, OrderOutcome::unknown);
}

TEST_F(SupervisorTest, AnswersNonsenseAndGoesOn) {
    start();
    auto unknown_service = order(ActionKind::restart);
    unknown_service.action.service = model::ServiceId{"nobody"};
    EXPECT_EQ(execute(unknown_service).outcome, OrderOutcome::refused);
    EXPECT_EQ(execute(order(ActionKind::restart, {}, "web-9")).outcome, OrderOutcome::refused);
    EXPECT_EQ(execute(order(ActionKind::scale, {{"replicas", "many"}})).outcome, OrderOutcome::refused);
    EXPECT_EQ(execute(order(ActionKind::throttle, {{"rate_rps", -1.0}})).outcome, OrderOutcome::refused);
    EXPECT_EQ(execute(order(ActionKind::script)).outcome, OrderOutcome::refused);
    EXPECT_EQ(web().instances.size(), 3U);
}

TEST_F(SupervisorTest, DoesNotStartTwiceInOneFolder) {
    start();
    const auto second = Supervisor::start(three_webs(run_dir_));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
    EXPECT_TRUE(instance(0).running);
}

TEST_F(SupervisorTest, LeavesNothingRunningWhenAnInstanceCannotStart) {
    auto config = three_webs(run_dir_);
    config.services[0].version = model::DeploymentVersion{"broken"};
    const auto started = Supervisor::start(config);
    ASSERT_FALSE(started.has_value());
    EXPECT_NE(started.error().message.find("web-1"), std::string::npos) << started.error().message;
}

TEST_F(SupervisorTest, EndsEvenDeafAndStoppedProcesses) {
    auto config = three_webs(run_dir_);
    config.services[0].version = model::DeploymentVersion{"deaf"};
    start(config);
    const auto before = web();
    ::kill(static_cast<pid_t>(before.instances[0].pid), SIGSTOP);
    supervisor_->stop();
    for (const auto& each : before.instances) EXPECT_TRUE(is_dead(each.pid));
    EXPECT_FALSE(fs::exists(run_dir_ + "/control.sock"));
}

TEST_F(SupervisorTest, NothingOutlivesAKilledSupervisor) {
    const pid_t supervisor = ::fork();
    if (supervisor == 0) {
        const auto started = Supervisor::start(three_webs(run_dir_));
        for (;;) ::pause();
    }
    ASSERT_TRUE(eventually([&] {
        const auto status = web();
        return status.instances.size() == 3 &&
               std::ranges::all_of(status.instances, [](const auto& each) { return !each.address.empty(); });
    }));
    const auto before = web();
    ::kill(static_cast<pid_t>(before.instances[0].pid), SIGSTOP);
    ::kill(supervisor, SIGKILL);
    ASSERT_EQ(::waitpid(supervisor, nullptr, 0), supervisor);
    for (const auto& each : before.instances) {
        EXPECT_TRUE(eventually([&] { return is_dead(each.pid); })) << each.instance.value();
    }
    start();  // the socket that was left behind is no hindrance
}

TEST_F(SupervisorTest, AFeedFindsTheNextSupervisor) {
    start();
    Changes changes(run_dir_);
    ASSERT_TRUE(eventually([&] { return changes.count(ChangeKind::instance_started) == 3; }));
    supervisor_.reset();
    start();
    EXPECT_TRUE(eventually([&] { return changes.count(ChangeKind::instance_started) == 6; }));
}

}  // namespace
}  // namespace homeostat::actuate
