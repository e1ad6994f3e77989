// SPDX-License-Identifier: Apache-2.0
#include "homeostat/demo/cluster_shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "homeostat/adapters/actuate/kubernetes/action.h"
#include "homeostat/adapters/actuate/kubernetes/api_object.h"
#include "homeostat/shop/telemetry.h"

namespace homeostat::demo {
namespace {

namespace fs = std::filesystem;
using kubernetes::at;
using kubernetes::list_at;
using kubernetes::path_of;
using kubernetes::text_at;
using shop::Fault;
using shop::GroundTruth;

constexpr std::string_view kNamespace = "shop";
constexpr std::string_view kContainer = "shop";
constexpr std::string_view kNameLabel = "app.kubernetes.io/name";
constexpr int kPort = 8080;

bool is_ready(const json::Value& pod) {
    return std::ranges::any_of(list_at(pod, {"status", "conditions"}), [](const auto& condition) {
        return text_at(condition, {"type"}) == "Ready" && text_at(condition, {"status"}) == "True";
    });
}

/// The id of the pod's only container, without the runtime's name before it.
std::string container_of(const json::Value& pod) {
    for (const auto& status : list_at(pod, {"status", "containerStatuses"})) {
        const auto id = text_at(status, {"containerID"});
        return id.substr(std::min(id.size(), id.find("://") + 3));
    }
    return {};
}

std::string labels_of(const model::ServiceId& service) {
    return fmt::format("{}={}", kNameLabel, service.value());
}

}  // namespace

std::vector<int> processes_of(const std::string& container) {
    std::vector<int> found;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator("/proc", failed)) {
        const auto name = entry.path().filename().string();
        int pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc{} || end != name.data() + name.size()) continue;
        std::stringstream groups;
        groups << std::ifstream(entry.path() / "cgroup").rdbuf();
        if (!container.empty() && groups.str().contains(container)) found.push_back(pid);
    }
    return found;
}

Result<std::vector<ClusterShop::Pod>> ClusterShop::pods(const std::string& labels) {
    HOMEOSTAT_TRY(const auto list, client_.list({.resource = kubernetes::kPods,
                                                 .namespace_name = std::string(kNamespace),
                                                 .labels = labels}));
    std::vector<Pod> pods;
    for (const auto& pod : list.items) {
        if (at(pod, {"metadata", "deletionTimestamp"}) != nullptr) continue;
        pods.push_back({.name = text_at(pod, {"metadata", "name"}),
                        .address = fmt::format("{}:{}", text_at(pod, {"status", "podIP"}), kPort),
                        .container = container_of(pod),
                        .ready = is_ready(pod)});
    }
    std::ranges::sort(pods, {}, &Pod::name);
    return pods;
}

Result<std::size_t> ClusterShop::ready_pods() {
    HOMEOSTAT_TRY(const auto all, pods(std::string(kNameLabel)));
    return static_cast<std::size_t>(std::ranges::count(all, true, &Pod::ready));
}

Result<ClusterShop::Pod> ClusterShop::patient_of(const GroundTruth& truth) {
    HOMEOSTAT_TRY(const auto all, pods(labels_of(truth.service)));
    for (const auto& pod : all) {
        if (pod.ready && (!truth.instance || truth.instance->value() == pod.name)) return pod;
    }
    return fail(ErrorCode::failed_precondition,
                fmt::format("no pod of '{}' that could be hit is ready", truth.service.value()));
}

Result<GroundTruth> ClusterShop::inject(Fault fault) {
    auto truth = shop::truth_of(fault);
    if (truth.instance) {
        truth.instance.reset();
        HOMEOSTAT_TRY(const auto patient, patient_of(truth));
        truth.instance = model::InstanceId{patient.name};
    }
    truth.started_at = shop::wall_now();
    if (auto applied = apply(truth); !applied) return std::unexpected(std::move(applied).error());
    return truth;
}

Result<> ClusterShop::apply(const GroundTruth& truth) {
    if (truth.fault == Fault::crash) return signal(truth, SIGKILL);
    if (truth.fault == Fault::hang) return signal(truth, SIGSTOP);
    if (truth.fault == Fault::bad_version) return set_image(truth.service, "v2");
    if (truth.fault == Fault::load_surge)
        return control(model::ServiceId{"load"}, std::nullopt, shop::surge_of_checkouts());
    return control(truth.service, truth.instance, shop::control_of(truth.fault).value());
}

Result<> ClusterShop::revoke(const GroundTruth& truth) {
    switch (truth.fault) {
        case Fault::crash: return {};  // the kubelet has restarted it
        case Fault::hang: return remove_quarantined();
        case Fault::bad_version: return set_image(truth.service, "v1");
        case Fault::load_surge: return control(model::ServiceId{"load"}, std::nullopt, {.surge = 1});
        case Fault::cpu_burn:
        case Fault::memory_leak:
        case Fault::slow_db:
        case Fault::lost_dependency:
        case Fault::telemetry_silence: break;
    }
    return control(truth.service, std::nullopt, shop::no_affliction());
}

Result<> ClusterShop::signal(const GroundTruth& truth, int number) {
    HOMEOSTAT_TRY(const auto patient, patient_of(truth));
    hit_ = patient.container;
    std::size_t reached = 0;
    for (const int pid : processes_of(patient.container)) reached += ::kill(pid, number) == 0 ? 1U : 0U;
    if (reached > 0) return {};
    return fail(ErrorCode::failed_precondition,
                fmt::format("no process of pod '{}' is seen here: is its node this machine?", patient.name));
}

bool ClusterShop::was_restarted(const GroundTruth& truth) {
    if (truth.fault != Fault::crash) return false;
    const auto pod = patient_of(truth);
    return pod && pod->container != hit_;
}

Result<> ClusterShop::control(const model::ServiceId& service,
                              const std::optional<model::InstanceId>& instance,
                              const shop::Control& control) {
    HOMEOSTAT_TRY(const auto all, pods(labels_of(service)));
    std::size_t reached = 0;
    for (const auto& pod : all) {
        if (!pod.ready || (instance && instance->value() != pod.name)) continue;
        if (auto posted = shop::post_control(pod.address, control); !posted) return posted;
        ++reached;
    }
    if (reached > 0) return {};
    return fail(ErrorCode::failed_precondition,
                fmt::format("no pod of '{}' that could be hit is ready", service.value()));
}

Result<> ClusterShop::set_image(const model::ServiceId& service, const std::string& version) {
    const json::Object container{{"name", std::string(kContainer)}, {"image", "homeostat-shop:" + version}};
    HOMEOSTAT_TRY(std::ignore,
                  client_.patch_at(
                      path_of({kubernetes::kDeployments, std::string(kNamespace), service.value(), ""}),
                      kubernetes::PatchKind::strategic,
                      kubernetes::nest({"spec", "template", "spec", "containers"}, json::Array{container})));
    return {};
}

Result<> ClusterShop::remove_quarantined() {
    HOMEOSTAT_TRY(const auto kept, pods(std::string(kubernetes::kQuarantineLabel)));
    for (const auto& pod : kept) {
        const auto path = path_of({kubernetes::kPods, std::string(kNamespace), pod.name, ""});
        HOMEOSTAT_TRY(std::ignore,
                      client_.remove_at(path, json::Object{{"gracePeriodSeconds", std::int64_t{0}}}));
    }
    return {};
}

}  // namespace homeostat::demo
