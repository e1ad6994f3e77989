// SPDX-License-Identifier: Apache-2.0
#include "homeostat/shop/faults.h"

#include <algorithm>
#include <csignal>
#include <fstream>

#include "homeostat/adapters/actuate/process/supervisor_config.h"
#include "homeostat/adapters/http/client.h"
#include "homeostat/base/check.h"
#include "homeostat/shop/caller.h"
#include "homeostat/shop/telemetry.h"

namespace homeostat::shop {
namespace {

using namespace std::chrono_literals;
using model::CauseKind;
using model::InstanceId;
using model::ServiceId;

constexpr auto kAskTimeout = 2s;
constexpr auto kActTimeout = 20s;
constexpr double kLeakMbPerSecond = 8;
constexpr double kSlowDbDelayMs = 150;
constexpr double kSurge = 4.5;

const ServiceId kPayment{"payment-service"};
const InstanceId kPatient{"payment-service-2"};

/// Whether a process was stopped by a signal.
bool is_stopped(std::int64_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    std::string state;
    return (stat >> number >> name >> state) && state == "T";
}

}  // namespace

GroundTruth truth_of(Fault fault) {
    switch (fault) {
        case Fault::crash: return {fault, kPayment, kPatient, CauseKind::crash};
        case Fault::hang: return {fault, kPayment, kPatient, CauseKind::hang};
        case Fault::cpu_burn: return {fault, kPayment, kPatient, CauseKind::cpu_burn};
        case Fault::memory_leak: return {fault, kPayment, kPatient, CauseKind::memory_leak};
        case Fault::slow_db: return {fault, ServiceId{"db"}, std::nullopt, CauseKind::slow_dependency};
        case Fault::bad_version: return {fault, ServiceId{"catalog"}, std::nullopt, CauseKind::bad_version};
        case Fault::load_surge: return {fault, kPayment, std::nullopt, CauseKind::load_surge};
        case Fault::lost_dependency: return {fault, kPayment, std::nullopt, CauseKind::lost_dependency};
        case Fault::telemetry_silence:
            return {fault, ServiceId{"cart"}, std::nullopt, CauseKind::telemetry_silence};
    }
    return {};
}

std::optional<Control> control_of(Fault fault) {
    switch (fault) {
        case Fault::cpu_burn: return Control{.burn_cpu = true};
        case Fault::memory_leak: return Control{.leak_mb_per_s = kLeakMbPerSecond};
        case Fault::slow_db: return Control{.delay_ms = kSlowDbDelayMs};
        case Fault::lost_dependency: return Control{.cut = std::vector<std::string>{"rate-limiter"}};
        case Fault::telemetry_silence: return Control{.silent = true};
        case Fault::crash:
        case Fault::hang:
        case Fault::bad_version:
        case Fault::load_surge: break;
    }
    return std::nullopt;
}

Control surge_of_checkouts() {
    return {.surge = kSurge, .surge_route = "/checkout"};
}

Control no_affliction() {
    return {.burn_cpu = false,
            .leak_mb_per_s = 0,
            .delay_ms = 0,
            .cut = std::vector<std::string>{},
            .silent = false};
}

Result<> post_control(const std::string& address, const Control& control) {
    http::Client client;
    HOMEOSTAT_TRY(const auto response, client.send({.method = "POST",
                                                    .url = "http://" + address + "/control",
                                                    .body = json::to_text(to_json(control)),
                                                    .timeout = kAskTimeout}));
    if (response.status == 200) return {};
    return fail(ErrorCode::failed_precondition, address + " refused: " + response.body);
}

FaultInjector::FaultInjector(std::string run_dir)
    : run_dir_(std::move(run_dir)),
      supervisor_(actuate::SupervisorConfig{.run_dir = run_dir_}.socket_path()) {}

Result<GroundTruth> FaultInjector::inject(Fault fault) const {
    auto truth = truth_of(fault);
    truth.started_at = wall_now();
    if (auto applied = apply(truth); !applied) return std::unexpected(std::move(applied).error());
    std::ofstream(run_dir_ + "/faults.jsonl", std::ios::app) << json::to_text(to_json(truth)) << '\n';
    return truth;
}

Result<> FaultInjector::apply(const GroundTruth& truth) const {
    if (truth.fault == Fault::crash) return signal(truth, SIGKILL);
    if (truth.fault == Fault::hang) return signal(truth, SIGSTOP);
    if (truth.fault == Fault::bad_version) return deploy(truth.service, "v2");
    if (truth.fault == Fault::load_surge) {
        return control(ServiceId{"load"}, std::nullopt, surge_of_checkouts());
    }
    return control(truth.service, truth.instance, control_of(truth.fault).value());
}

Result<> FaultInjector::revoke(const GroundTruth& truth) const {
    switch (truth.fault) {
        case Fault::crash:
        case Fault::hang: return restart_if_down(truth);
        case Fault::bad_version: return deploy(truth.service, "v1");
        case Fault::load_surge: return control(ServiceId{"load"}, std::nullopt, {.surge = 1});
        case Fault::cpu_burn:
        case Fault::memory_leak:
        case Fault::slow_db:
        case Fault::lost_dependency:
        case Fault::telemetry_silence: break;
    }
    return control(truth.service, truth.instance, no_affliction());
}

Result<actuate::ServiceStatus> FaultInjector::status_of(const ServiceId& service) const {
    HOMEOSTAT_TRY(const auto services, supervisor_.status(kAskTimeout));
    const auto found = std::ranges::find(services, service, &actuate::ServiceStatus::service);
    if (found != services.end()) return *found;
    return fail(ErrorCode::not_found, "the shop has no service '" + service.value() + "'");
}

Result<actuate::InstanceStatus> FaultInjector::instance_of(const GroundTruth& truth) const {
    HOMEOSTAT_CHECK(truth.instance.has_value());
    HOMEOSTAT_TRY(const auto status, status_of(truth.service));
    const auto found =
        std::ranges::find(status.instances, *truth.instance, &actuate::InstanceStatus::instance);
    if (found != status.instances.end()) return *found;
    return fail(ErrorCode::not_found, "there is no instance '" + truth.instance->value() + "'");
}

Result<> FaultInjector::signal(const GroundTruth& truth, int number) const {
    HOMEOSTAT_TRY(const auto patient, instance_of(truth));
    if (patient.running && ::kill(static_cast<pid_t>(patient.pid), number) == 0) return {};
    return fail(ErrorCode::failed_precondition, "'" + patient.instance.value() + "' does not run");
}

Result<> FaultInjector::control(const ServiceId& service, const std::optional<InstanceId>& instance,
                                const Control& control) const {
    HOMEOSTAT_TRY(const auto status, status_of(service));
    std::size_t reached = 0;
    for (const auto& each : status.instances) {
        if (!each.running || (instance && each.instance != *instance)) continue;
        if (auto posted = post_control(each.address, control); !posted) return posted;
        ++reached;
    }
    if (reached > 0) return {};
    return fail(ErrorCode::failed_precondition, "no instance of '" + service.value() + "' to be hit runs");
}

Result<> FaultInjector::deploy(const ServiceId& service, const std::string& version) const {
    HOMEOSTAT_TRY([[maybe_unused]] const auto reply,
                  supervisor_.call(actuate::DeployRequest{.service = service,
                                                          .version = model::DeploymentVersion{version}},
                                   kActTimeout));
    return {};
}

Result<> FaultInjector::restart_if_down(const GroundTruth& truth) const {
    HOMEOSTAT_TRY(const auto patient, instance_of(truth));
    if (patient.running && !is_stopped(patient.pid)) return {};
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const actuate::ExecuteRequest request{
        .order = {.id = model::OrderId{"revoke-" + std::to_string(fresh_id())},
                  .action = {.service = truth.service, .instance = truth.instance}},
        .lease_until = now + kActTimeout};
    HOMEOSTAT_TRY(const auto reply, supervisor_.call(request, kActTimeout));
    if (reply.result && reply.result->outcome == model::OrderOutcome::done) return {};
    return fail(ErrorCode::failed_precondition, reply.result ? reply.result->detail : "no result");
}

}  // namespace homeostat::shop
