// SPDX-License-Identifier: Apache-2.0
// The whole shop as real processes: it serves, it tells, it breaks, and the right remedy cures it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "homeostat/adapters/actuate/process/process_actuator.h"
#include "homeostat/adapters/actuate/process/supervisor.h"
#include "homeostat/adapters/ingest/otlp_http.h"
#include "homeostat/base/kit.test.h"
#include "homeostat/shop/faults.h"
#include "homeostat/shop/load.h"
#include "homeostat/shop/shop_config.h"
#include "homeostat/shop/telemetry.h"

namespace homeostat::shop {
namespace {

using namespace std::chrono_literals;
using kit::eventually;
using model::ActionKind;

/// What a subject told: "cart", "cart-1" or "cart → db".
struct Seen {
    int good = 0;
    int bad = 0;
    double latency_ms = 0;  // of the last span
    double cpu_seconds = 0;
    double mem_mb = 0;
    std::string version;
    [[nodiscard]] int all() const { return good + bad; }
};

class Recorder final : public model::SignalSink {
public:
    void on_span(const model::SpanView& span) override {
        const std::scoped_lock lock(mutex_);
        const std::string service(span.resource.service);
        if (span.kind == model::SpanKind::client) {
            add(service + " → " + std::string(span.peer_service), span);
        } else {
            add(service, span);
            add(std::string(span.resource.instance), span);
        }
    }
    void on_metric(const model::MetricView& metric) override {
        const std::scoped_lock lock(mutex_);
        auto& seen = seen_[std::string(metric.resource.instance)];
        if (metric.kind == model::MetricKind::cpu_pct) seen.cpu_seconds = metric.value;
        if (metric.kind == model::MetricKind::mem_mb) seen.mem_mb = metric.value;
    }
    void on_log(const model::LogView& log) override {
        const std::scoped_lock lock(mutex_);
        ++logs_[std::string(log.resource.service)];
    }
    void on_event(const model::ServiceEvent&) override {}

    Seen of(const std::string& subject) {
        const std::scoped_lock lock(mutex_);
        return seen_[subject];
    }
    int logs_of(const std::string& service) {
        const std::scoped_lock lock(mutex_);
        return logs_[service];
    }

private:
    void add(const std::string& subject, const model::SpanView& span) {
        auto& seen = seen_[subject];
        ++(span.error ? seen.bad : seen.good);
        seen.latency_ms = std::chrono::duration<double, std::milli>(span.end - span.start).count();
        seen.version = span.resource.version;
    }
    std::mutex mutex_;
    std::map<std::string, Seen> seen_;
    std::map<std::string, int> logs_;
};

class ShopTest : public testing::Test {
protected:
    void SetUp() override {
        char pattern[] = "/tmp/shop-test-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern), nullptr);
        run_dir_ = pattern;
        auto receiver = ingest::OtlpHttpReceiver::start({}, intake_);
        ASSERT_TRUE(receiver.has_value()) << receiver.error().message;
        receiver_ = *std::move(receiver);

        auto config = built_in_config();
        config.run_dir = run_dir_;
        config.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] =
            "http://127.0.0.1:" + std::to_string(receiver_->port());
        for (auto& service : config.services) {
            for (auto& [name, version] : service.versions) version.command[0] = HOMEOSTAT_SHOP_PROGRAM;
        }
        auto supervisor = actuate::Supervisor::start(config);
        ASSERT_TRUE(supervisor.has_value()) << supervisor.error().message;
        supervisor_ = *std::move(supervisor);
        ASSERT_TRUE(eventually([&] { return recorder_.of("frontend").good > 20; }));
    }
    void TearDown() override {
        supervisor_.reset();
        receiver_.reset();
        std::filesystem::remove_all(run_dir_);
    }

    void inject(Fault fault) {
        const auto truth = FaultInjector(run_dir_).inject(fault);
        ASSERT_TRUE(truth.has_value()) << truth.error().message;
    }

    void act(ActionKind kind, const std::string& service, std::optional<std::string> instance = std::nullopt,
             std::map<std::string, json::Value> parameters = {}) {
        model::Order order{
            .id = model::OrderId{"order-" + std::to_string(++orders_)},
            .action = {.kind = kind, .service = model::ServiceId{service}, .parameters = parameters},
            .lease_until = LoopTime{1h},
            .timeout = 20s};
        if (instance) order.action.instance = model::InstanceId{*instance};
        const auto result = actuate::ProcessActuator(run_dir_ + "/control.sock").execute(order, LoopTime{});
        ASSERT_EQ(result.outcome, model::OrderOutcome::done) << result.detail;
    }

    [[nodiscard]] LoadStats load() {
        const auto stats = read_load_stats(run_dir_);
        return stats ? *stats : LoadStats{};
    }

    /// Whether `subject` goes on being seen, and by more than `count` spans no bad one.
    bool is_well(const std::string& subject, int count = 20) {
        return eventually([&, from = recorder_.of(subject)]() mutable {
            const auto now = recorder_.of(subject);
            if (now.bad != from.bad) from = now;
            return now.good >= from.good + count;
        });
    }
    /// Whether bad spans of `subject` keep coming.
    bool is_ill(const std::string& subject, int count = 5) {
        return eventually(
            [&, from = recorder_.of(subject)] { return recorder_.of(subject).bad >= from.bad + count; });
    }

    std::string run_dir_;
    Recorder recorder_;
    ingest::Intake intake_{{}, recorder_, [] { return wall_now(); }};
    std::unique_ptr<ingest::OtlpHttpReceiver> receiver_;
    std::unique_ptr<actuate::Supervisor> supervisor_;

private:
    int orders_ = 0;
};

TEST_F(ShopTest, ServesAndTellsAllOfItself) {
    for (const std::string subject :
         {"frontend", "payment-service", "rate-limiter", "db", "cart", "catalog",
          "frontend → payment-service", "payment-service → rate-limiter", "rate-limiter → db",
          "frontend → cart", "cart → db", "frontend → catalog"}) {
        EXPECT_TRUE(eventually([&] { return recorder_.of(subject).good > 0; })) << subject;
    }
    EXPECT_EQ(recorder_.of("db").version, "v1");
    EXPECT_TRUE(
        eventually([&] { return recorder_.of("db-1").mem_mb > 1 && recorder_.of("db-1").cpu_seconds > 0; }));
    EXPECT_GT(recorder_.logs_of("cart"), 0);
    EXPECT_TRUE(eventually([&] { return load().good > 50; }));
    EXPECT_EQ(intake_.counters().payloads_malformed, 0U);
}

TEST_F(ShopTest, CallersLeaveOutAnInstanceThatIsNotRouted) {
    act(ActionKind::reroute, "payment-service", "payment-service-2");
    EXPECT_TRUE(eventually([&, other = recorder_.of("payment-service-1"),
                            patient = recorder_.of("payment-service-2")]() mutable {
        const auto now = recorder_.of("payment-service-2");
        if (now.all() != patient.all()) {
            patient = now;
            other = recorder_.of("payment-service-1");
        }
        return recorder_.of("payment-service-1").all() >= other.all() + 20;
    }));
}

TEST_F(ShopTest, ServicesHonourAThrottle) {
    act(ActionKind::throttle, "payment-service", std::nullopt, {{"rate_rps", 6.0}});
    EXPECT_TRUE(eventually([&] { return load().refused > 10; }));
    act(ActionKind::throttle, "payment-service", std::nullopt, {{"rate_rps", 0.0}});
    EXPECT_TRUE(is_well("payment-service"));
}

TEST_F(ShopTest, ACrashIsCuredByARestart) {
    inject(Fault::crash);
    EXPECT_TRUE(is_ill("frontend → payment-service"));
    act(ActionKind::restart, "payment-service", "payment-service-2");
    EXPECT_TRUE(is_well("frontend → payment-service"));
    EXPECT_TRUE(is_well("payment-service-2", 5));
}

TEST_F(ShopTest, AHangIsCuredByARestart) {
    inject(Fault::hang);
    EXPECT_TRUE(is_ill("frontend → payment-service", 3));
    act(ActionKind::reroute, "payment-service", "payment-service-2");
    EXPECT_TRUE(is_well("frontend → payment-service"));
    act(ActionKind::restart, "payment-service", "payment-service-2");
    EXPECT_TRUE(is_well("payment-service-2", 5));  // a restarted instance is routed again
}

TEST_F(ShopTest, ACpuBurnIsCuredByARestart) {
    inject(Fault::cpu_burn);
    const auto before = recorder_.of("payment-service-2").cpu_seconds;
    EXPECT_TRUE(eventually([&] { return recorder_.of("payment-service-2").cpu_seconds > before + 0.5; }));
    act(ActionKind::restart, "payment-service", "payment-service-2");
    EXPECT_TRUE(eventually([&] { return recorder_.of("payment-service-2").cpu_seconds < before + 0.5; }));
}

TEST_F(ShopTest, AMemoryLeakIsCuredByARestart) {
    ASSERT_TRUE(eventually([&] { return recorder_.of("payment-service-2").mem_mb > 1; }));
    const auto before = recorder_.of("payment-service-2").mem_mb;
    inject(Fault::memory_leak);
    EXPECT_TRUE(eventually([&] { return recorder_.of("payment-service-2").mem_mb > before + 16; }));
    act(ActionKind::restart, "payment-service", "payment-service-2");
    EXPECT_TRUE(eventually([&] { return recorder_.of("payment-service-2").mem_mb < before + 16; }));
}

TEST_F(ShopTest, ASlowDbIsCuredByARestart) {
    inject(Fault::slow_db);
    EXPECT_TRUE(eventually([&] { return recorder_.of("db").latency_ms > 150; }));
    EXPECT_TRUE(
        eventually([&] { return recorder_.of("rate-limiter").latency_ms > 150; }));  // it spreads upwards
    act(ActionKind::restart, "db");
    EXPECT_TRUE(eventually([&] { return recorder_.of("db").latency_ms < 100; }));
}

TEST_F(ShopTest, ABadVersionIsCuredByARollback) {
    inject(Fault::bad_version);
    EXPECT_TRUE(is_ill("catalog"));
    EXPECT_EQ(recorder_.of("catalog").version, "v2");
    act(ActionKind::rollback, "catalog");
    EXPECT_TRUE(is_well("catalog"));
    EXPECT_EQ(recorder_.of("catalog").version, "v1");
}

TEST_F(ShopTest, ASurgeIsCuredByMoreReplicas) {
    inject(Fault::load_surge);
    EXPECT_TRUE(is_ill("frontend → payment-service"));
    act(ActionKind::scale, "payment-service", std::nullopt, {{"replicas", std::int64_t{6}}});
    EXPECT_TRUE(is_well("payment-service", 50));
}

TEST_F(ShopTest, ALostDependencyIsCuredByARestartOfTheCaller) {
    inject(Fault::lost_dependency);
    EXPECT_TRUE(is_ill("payment-service → rate-limiter"));
    EXPECT_TRUE(is_well("cart → db"));  // the callees are well
    act(ActionKind::restart, "payment-service");
    EXPECT_TRUE(is_well("payment-service → rate-limiter"));
}

TEST_F(ShopTest, ASilentServiceGoesOnServing) {
    inject(Fault::telemetry_silence);
    EXPECT_TRUE(
        eventually([&, seen = recorder_.of("cart"), calls = recorder_.of("frontend → cart")]() mutable {
            const auto now = recorder_.of("cart");
            if (now.all() != seen.all()) {
                seen = now;
                calls = recorder_.of("frontend → cart");
            }
            return recorder_.of("frontend → cart").good >= calls.good + 20;
        }));
}

TEST_F(ShopTest, AFaultLeavesItsTruthAndCanBeRevoked) {
    const FaultInjector faults(run_dir_);
    for (const auto fault : {Fault::crash, Fault::lost_dependency}) {
        const auto truth = faults.inject(fault);
        ASSERT_TRUE(truth.has_value()) << truth.error().message;
        EXPECT_TRUE(is_ill("frontend → payment-service"));
        const auto revoked = faults.revoke(*truth);
        EXPECT_TRUE(revoked.has_value()) << revoked.error().message;
        EXPECT_TRUE(is_well("frontend → payment-service"));
    }
    std::ifstream file(run_dir_ + "/faults.jsonl");
    std::string line;
    ASSERT_TRUE(std::getline(file, line));
    EXPECT_EQ(from_json<GroundTruth>(json::parse(line).value())->kind, model::CauseKind::crash);
}

}  // namespace
}  // namespace homeostat::shop
