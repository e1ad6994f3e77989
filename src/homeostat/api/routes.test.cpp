// SPDX-License-Identifier: Apache-2.0
#include "homeostat/api/routes.h"

#include <gtest/gtest.h>

#include "homeostat/api/metrics_text.h"

namespace homeostat::api {
namespace {

class FakeControl final : public Control {
public:
    FakeControl() {
        model::Incident waiting{.id = model::IncidentId{"inc-1"},
                                .state = model::IncidentState::awaiting_approval};
        model::Incident left{.id = model::IncidentId{"inc-2"}, .state = model::IncidentState::escalated};
        model::Incident done{.id = model::IncidentId{"inc-0"}, .state = model::IncidentState::resolved};
        state.incidents = {waiting, left, done};
        state.ready = true;
    }
    [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const override {
        return std::make_shared<Snapshot>(state);
    }
    [[nodiscard]] std::vector<model::AuditRecord> records(std::uint64_t after) const override {
        return {{.sequence = after + 1, .reason = "seen"}};
    }
    [[nodiscard]] Result<> submit(loop::Input input) override {
        inputs.push_back(std::move(input));
        return {};
    }
    [[nodiscard]] Result<std::uint64_t> publish_events(std::string_view) override { return 1; }
    [[nodiscard]] std::string metrics() const override { return ""; }

    Snapshot state;
    std::vector<loop::Input> inputs;
};

http::Response call(Control& control, const std::string& method, const std::string& path,
                    const std::string& body = "") {
    const auto routes = make_routes(control);
    const auto match = routes.match(method, path);
    EXPECT_NE(match.handler, nullptr) << path;
    return std::get<http::Handler>(*match.handler)(
        {.method = method, .path = path, .params = match.params, .body = body});
}

TEST(ControlApi, ListsIncidentsByState) {
    FakeControl control;
    const auto all = json::parse(call(control, "GET", "/v1/incidents").body).value();
    EXPECT_EQ(all.as_array()->size(), 3U);
}

TEST(ControlApi, TellsTheRecordsAfterOneThatIsKnown) {
    FakeControl control;
    const auto routes = make_routes(control);
    const auto match = routes.match("GET", "/v1/records");
    ASSERT_NE(match.handler, nullptr);
    const auto ask = [&](const std::string& after) {
        return std::get<http::Handler>(*match.handler)({.query = {{"after", after}}});
    };
    const auto records = from_json<std::vector<model::AuditRecord>>(json::parse(ask("7").body).value());
    ASSERT_TRUE(records.has_value());
    EXPECT_EQ(records->front().sequence, 8U);
    EXPECT_EQ(ask("soon").status, 400);
}

TEST(ControlApi, HandsAnApprovalToTheLoop) {
    FakeControl control;
    const auto response = call(control, "POST", "/v1/incidents/inc-1/approval",
                               R"({"approved":true,"by":"ann","reason":"ok"})");
    EXPECT_EQ(response.status, 202);
    ASSERT_EQ(control.inputs.size(), 1U);
    EXPECT_TRUE(std::get<loop::ApprovalAnswered>(control.inputs.front()).approved);
}

TEST(ControlApi, LetsAPersonHandBackWhatWasEscalated) {
    FakeControl control;
    const auto answer = [&](bool yes) {
        const json::Object body{{"approved", yes}, {"by", "ann"}, {"reason", "the disk is new"}};
        return call(control, "POST", "/v1/incidents/inc-2/approval", json::to_text(body)).status;
    };
    EXPECT_EQ(answer(false), 409);
    EXPECT_EQ(answer(true), 202);
    EXPECT_EQ(control.inputs.size(), 1U);
}

TEST(ControlApi, RefusesAnApprovalThatNobodyAskedForOrNobodyGives) {
    FakeControl control;
    EXPECT_EQ(
        call(control, "POST", "/v1/incidents/inc-0/approval", R"({"approved":true,"by":"ann","reason":""})")
            .status,
        409);
    EXPECT_EQ(
        call(control, "POST", "/v1/incidents/inc-7/approval", R"({"approved":true,"by":"ann","reason":""})")
            .status,
        404);
    EXPECT_EQ(
        call(control, "POST", "/v1/incidents/inc-1/approval", R"({"approved":true,"by":"","reason":""})")
            .status,
        400);
    EXPECT_EQ(call(control, "POST", "/v1/incidents/inc-1/approval", "nonsense").status, 400);
    EXPECT_TRUE(control.inputs.empty());
}

TEST(ControlApi, SwitchesTheStop) {
    FakeControl control;
    EXPECT_EQ(call(control, "POST", "/v1/stop", R"({"by":"ann","reason":"game day"})").status, 202);
    EXPECT_TRUE(std::get<loop::StopSwitched>(control.inputs.at(0)).stopped);
}

TEST(ControlApi, IsNotReadyWithATrouble) {
    FakeControl control;
    control.state.ready = false;
    EXPECT_EQ(call(control, "GET", "/readyz").status, 503);
    EXPECT_EQ(call(control, "GET", "/healthz").status, 200);
}

TEST(MetricsText, EscapesLabels) {
    MetricsText text;
    text.gauge("homeostat_up", "Whether it is.");
    text.sample("homeostat_up", 1, {{"node", "a\"b\n"}});
    EXPECT_EQ(text.text(),
              "# HELP homeostat_up Whether it is.\n# TYPE homeostat_up "
              "gauge\nhomeostat_up{node=\"a\\\"b\\n\"} 1\n");
}

TEST(MetricsText, WritesASummaryAsOneFamily) {
    MetricsText text;
    text.summary("homeostat_wait_seconds", "How long it took.", 1.5, 2);
    EXPECT_EQ(text.text(),
              "# HELP homeostat_wait_seconds How long it took.\n# TYPE homeostat_wait_seconds summary\n"
              "homeostat_wait_seconds_sum 1.5\nhomeostat_wait_seconds_count 2\n");
}

}  // namespace
}  // namespace homeostat::api
