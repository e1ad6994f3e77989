// SPDX-License-Identifier: Apache-2.0
#include "homeostat/demo/cluster_stage.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace homeostat::demo {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 150ms;
constexpr Duration kPodsWithin = 120s;
constexpr Duration kAnswerWithin = 2s;
constexpr std::size_t kPods = 14;

}  // namespace

ClusterStage::ClusterStage(ClusterAddress address, Observer observer)
    : api_(std::move(address.api)),
      observer_(std::move(observer)),
      shop_(std::move(address.cluster)),
      client_(std::move(address.api_client)) {}

ClusterStage::~ClusterStage() {
    closing_ = true;
    if (thread_.joinable()) thread_.join();
}

Result<std::unique_ptr<ClusterStage>> ClusterStage::open(ClusterAddress address, Observer observer) {
    std::unique_ptr<ClusterStage> stage(new ClusterStage(std::move(address), std::move(observer)));
    if (auto opened = stage->wait_until_open(); !opened) return std::unexpected(opened.error());
    stage->thread_ = std::thread([&target = *stage] { target.watch(); });
    return stage;
}

Result<> ClusterStage::wait_until_open() {
    const auto end = std::chrono::steady_clock::now() + kPodsWithin;
    std::string missing;
    while (std::chrono::steady_clock::now() < end) {
        const auto ready = shop_.ready_pods();
        const auto answer = get("/readyz");
        if (ready && *ready >= kPods && answer) return {};
        missing = !ready ? ready.error().message
                         : fmt::format("{} of {} pods of the shop are ready", *ready, kPods);
        if (!answer) missing += "; Homeostat: " + answer.error().message;
        std::this_thread::sleep_for(500ms);
    }
    return fail(ErrorCode::deadline_exceeded, missing);
}

std::string ClusterStage::introduction() const {
    return fmt::format("{} pods of the shop are ready, under load; Homeostat's control API is at {}", kPods,
                       api_);
}

std::shared_ptr<const api::Snapshot> ClusterStage::snapshot() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
}

void ClusterStage::watch() {
    while (!closing_) {
        std::ignore = look();  // an answer that does not come is asked for again
        std::this_thread::sleep_for(kLook);
    }
}

Result<> ClusterStage::look() {
    HOMEOSTAT_TRY(const auto records, get(fmt::format("/v1/records?after={}", last_record_)));
    HOMEOSTAT_TRY(const auto fresh, from_json<std::vector<model::AuditRecord>>(records));
    api::Snapshot snapshot;
    HOMEOSTAT_TRY(const auto incidents, get("/v1/incidents"));
    HOMEOSTAT_TRY(snapshot.incidents, from_json<std::vector<model::Incident>>(incidents));
    HOMEOSTAT_TRY(const auto anomalies, get("/v1/anomalies"));
    HOMEOSTAT_TRY(snapshot.anomalies, from_json<std::vector<model::Anomaly>>(anomalies));
    HOMEOSTAT_TRY(const auto graph, get("/v1/graph"));
    HOMEOSTAT_TRY(snapshot.graph, from_json<graph::Records>(graph));
    for (const auto& record : fresh) {
        observer_(record);
        last_record_ = record.sequence;
    }
    const std::lock_guard lock(mutex_);
    snapshot_ = std::make_shared<const api::Snapshot>(std::move(snapshot));
    return {};
}

Result<json::Value> ClusterStage::get(const std::string& path) {
    HOMEOSTAT_TRY(const auto response, client_.send({.url = api_ + path, .timeout = kAnswerWithin}));
    if (response.status != 200)
        return fail(ErrorCode::unavailable, fmt::format("{} is answered {}", path, response.status));
    return json::parse(response.body);
}

}  // namespace homeostat::demo
