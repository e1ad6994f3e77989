// SPDX-License-Identifier: Apache-2.0
#include "homeostat/diagnose/scene.h"

#include <algorithm>
#include <cmath>
#include <ranges>
#include <utility>

#include "homeostat/diagnose/measure.h"

namespace homeostat::diagnose {

using model::ChangeKind;
using model::Feature;
using model::FeatureValues;
using model::Finding;
using model::ServiceId;
using model::Subject;

namespace {

class SceneBuilder {
public:
    SceneBuilder(const Observation& observation, const DiagnoseConfig& config)
        : observation_(observation), config_(config) {
        scene_.at = observation.at;
    }

    Scene build() {
        add_services();
        add_calls();
        for (const auto& anomaly : observation_.anomalies) add_anomaly(anomaly);
        read_subjects();
        read_changes();
        for (auto& service : scene_.services) {
            judge_presence(service);
            judge_instances(service);
            discount_retries(service);
            judge_changes(service);
        }
        return std::move(scene_);
    }

private:
    bool open(const model::Anomaly& anomaly) const {
        return anomaly.state != model::AnomalyState::cleared &&
               observation_.at - anomaly.at <= config_.evidence_age_max;
    }
    Duration age(const SubjectState& state) const { return observation_.at - state.latest.end; }
    bool usable(const SubjectState& state) const {
        return state.freshness == model::Freshness::fresh && age(state) <= config_.evidence_age_max;
    }
    ServiceScene* service(const ServiceId& id) {
        const auto index = scene_.find(id);
        return index ? &scene_.services[*index] : nullptr;
    }
    CallScene* call(const ServiceId& caller, const ServiceId& callee) {
        auto* from = service(caller);
        if (from == nullptr) return nullptr;
        for (const Index index : from->calls) {
            if (scene_.services[scene_.calls[index].callee].id == callee) return &scene_.calls[index];
        }
        return nullptr;
    }

    void add_services();
    void add_calls();
    void add_anomaly(const model::Anomaly& anomaly);
    void read_subjects();
    void weigh_call(CallScene& call) const;
    void read_changes();
    void judge_presence(ServiceScene& service) const;
    void judge_instances(ServiceScene& service) const;
    void discount_shared_cpu(InstanceScene& instance, const ServiceScene& service) const;
    void discount_usual_memory(InstanceScene& instance, const ServiceScene& service) const;
    void discount_retries(ServiceScene& service) const;
    void judge_changes(ServiceScene& service) const;
    double silence(const InstanceScene& instance, const ServiceScene& service) const;
    Odds odds_of(const Subject& subject, const SubjectState& state) const;
    double answered(const ServiceScene& service) const;
    double harm_to(const SubjectState& state) const;
    EventTime onset_near(const ServiceScene& service) const { return service.onset.value_or(first_onset_); }

    const Observation& observation_;
    const DiagnoseConfig& config_;
    Scene scene_;
    std::map<Subject, const model::Anomaly*> anomaly_of_;
    EventTime first_onset_ = EventTime::max();
};

void SceneBuilder::add_services() {
    auto ids = observation_.graph.services();
    for (const auto& anomaly : observation_.anomalies) {
        ids.push_back(anomaly.subject.service);
        if (anomaly.subject.callee) ids.push_back(*anomaly.subject.callee);
    }
    std::ranges::sort(ids);
    const auto repeated = std::ranges::unique(ids);
    ids.erase(repeated.begin(), repeated.end());
    scene_.services.reserve(ids.size());
    for (auto& id : ids) scene_.services.push_back({.id = std::move(id)});
}

void SceneBuilder::add_calls() {
    const auto add = [&](Index caller, const ServiceId& callee_id) {
        const Index callee = *scene_.find(callee_id);
        const auto number = static_cast<Index>(scene_.calls.size());
        scene_.calls.push_back({.caller = caller, .callee = callee});
        scene_.services[caller].calls.push_back(number);
        scene_.services[callee].served.push_back(number);
    };
    for (Index caller = 0; caller < scene_.services.size(); ++caller) {
        for (const auto& callee : observation_.graph.callees(scene_.services[caller].id)) add(caller, callee);
    }
    for (const auto& anomaly : observation_.anomalies) {
        const auto& [caller, callee, instance] = anomaly.subject;
        if (callee && call(caller, *callee) == nullptr) add(*scene_.find(caller), *callee);
    }
}

void SceneBuilder::add_anomaly(const model::Anomaly& anomaly) {
    if (!open(anomaly)) return;
    anomaly_of_.emplace(anomaly.subject, &anomaly);
    first_onset_ = std::min(first_onset_, anomaly.onset);
    auto* owner = service(anomaly.subject.callee.value_or(anomaly.subject.service));
    if (!only_traffic(anomaly)) owner->onset = std::min(owner->onset.value_or(anomaly.onset), anomaly.onset);
}

Odds SceneBuilder::odds_of(const Subject& subject, const SubjectState& state) const {
    Odds odds = usable(state) ? measure(state) : Odds{};
    if (const auto found = anomaly_of_.find(subject); found != anomaly_of_.end()) {
        for (const auto& finding : found->second->findings) add_finding(odds, finding);
    }
    return odds;
}

double SceneBuilder::answered(const ServiceScene& service) const {
    double most = 0;
    for (const Index number : service.served) {
        const auto* state = scene_.calls[number].state;
        if (state == nullptr || !usable(*state)) continue;
        const double usual = state->baseline.median.get_or(Feature::rate_rps, 0);
        const bool recent = observation_.at - state->answered_at <= SubjectState::kAnswersCount;
        if (usual > 0 && recent) most = std::max(most, state->answered_rps / usual);
    }
    return most;
}

double SceneBuilder::harm_to(const SubjectState& state) const {
    if (!usable(state)) return 0;
    const Odds odds = measure(state);
    return std::max(odds.errors, odds.slow);
}

void SceneBuilder::read_subjects() {
    for (const auto& [subject, state] : observation_.subjects) {
        if (subject.is_edge()) {
            auto* edge = call(subject.service, *subject.callee);
            if (edge == nullptr) continue;
            const auto odds = odds_of(subject, state);
            edge->errors = std::expm1(odds.errors);
            edge->slow = std::expm1(odds.slow);
            edge->rate_up = std::expm1(odds.rate_up);
            edge->harm = harm_to(state);
            edge->state = &state;
            continue;
        }
        auto* owner = service(subject.service);
        if (owner == nullptr) continue;
        if (subject.is_instance()) {
            owner->instances.push_back(
                {.subject = &subject, .state = &state, .symptoms = symptoms_of(odds_of(subject, state))});
        } else {
            owner->symptoms = symptoms_of(odds_of(subject, state));
            owner->harm = harm_to(state);
            owner->state = &state;
        }
    }
    for (auto& call : scene_.calls) weigh_call(call);
}

/// The share of a call in what its caller suffers: a callee that adds 5 ms is not why its caller takes 700.
void SceneBuilder::weigh_call(CallScene& call) const {
    const auto* caller = scene_.services[call.caller].state;
    if (call.state == nullptr || caller == nullptr) return;
    const auto per_request = [](const FeatureValues& calls, const FeatureValues& requests, double otherwise) {
        const double rate = requests.get_or(Feature::rate_rps, 0);
        return rate > 0 ? calls.get_or(Feature::rate_rps, 0) / rate : otherwise;
    };
    const double before = per_request(call.state->baseline.median, caller->baseline.median, 1);
    call.share = std::min(before, 1.0);
    if (!usable(*call.state) || !usable(*caller)) return;
    const double now = per_request(call.state->latest.values, caller->latest.values, before);
    const auto part = [&](Feature feature, double minor) {
        const auto excess = [&](const SubjectState& state, double calls_now, double calls_before) {
            return calls_now * state.latest.values.get_or(feature, 0) -
                   calls_before * state.baseline.median.get_or(feature, 0);
        };
        const double suffered = excess(*caller, 1, 1);
        return suffered <= minor ? 1.0 : std::clamp(excess(*call.state, now, before) / suffered, 0.0, 1.0);
    };
    call.error_part = part(Feature::error_rate, kMinorErrorRate);
    call.delay_part = part(Feature::latency_ms, kMinorDelayMs);
}

void SceneBuilder::judge_presence(ServiceScene& service) const {
    if (service.state == nullptr) return;
    const bool gone = service.state->freshness == model::Freshness::stale;
    if (gone) service.symptoms[Symptom::stale] = std::expm1(kStrongest);
    if (!gone && age(*service.state) <= std::chrono::seconds{1}) {
        service.symptoms[Symptom::stale] = std::expm1(-kFlagged);
    }
    if (!gone) {
        const double missing = std::floor(std::chrono::duration<double>(age(*service.state)).count());
        if (missing >= 1) service.symptoms[Symptom::stale] = std::expm1(1.5 * missing);
        return;
    }
    service.answered = answered(service);
    double starved = kAbsent;
    for (const Index number : service.calls) {
        const auto& callee = scene_.services[scene_.calls[number].callee];
        if (callee.state == nullptr || !usable(*callee.state)) continue;
        starved = std::max(starved, std::log1p(callee.symptoms[Symptom::rate_down]));
    }
    if (!service.calls.empty()) service.symptoms[Symptom::starved_callees] = std::expm1(starved);
}

/// ln likelihood ratio for "this instance has stopped while its peers go on". One that still reports after
/// the trouble began has not stopped. Else its requests tell: Poisson about the usual number when it is well,
/// anything from none to that when it stopped somewhere in the window.
double SceneBuilder::silence(const InstanceScene& instance, const ServiceScene& service) const {
    if (instance.state->freshness == model::Freshness::stale) return 5;
    const bool reports = age(*instance.state) < std::chrono::seconds{1};
    if (reports && instance.state->latest.end - instance.state->latest.length >= onset_near(service))
        return -7;
    double usual = 0;
    double served = 0;
    for (const auto& peer : service.instances) {
        if (&peer == &instance || age(*peer.state) >= std::chrono::seconds{1} || !usable(*peer.state))
            continue;
        usual += peer.state->baseline.median.get_or(Feature::rate_rps, 0);
        served += peer.state->latest.values.get_or(Feature::rate_rps, 0);
    }
    if (usual <= 0 || served <= 0) return 0;
    const double seconds =
        std::chrono::duration<double>(age(*instance.state) + std::chrono::seconds{1}).count();
    const double expected =
        instance.state->baseline.median.get_or(Feature::rate_rps, 0) * served / usual * std::floor(seconds);
    const double seen = reports ? instance.state->latest.values.get_or(Feature::rate_rps, 0) : 0;
    if (expected < 1) return 0;
    const double off = std::min(seen - expected, 0.0);
    const double odds = off * off / (2 * expected) + 0.5 * std::log(6.28 * expected) - std::log(expected + 1);
    return std::clamp(odds, -1.0, 5.0);
}

/// Weight for "some instances fail and their peers do not".
double unevenness(const ServiceScene& service) {
    double failing = 0;
    double fine = 0;
    for (const auto& instance : service.instances) {
        failing = std::max(failing, instance.symptoms[Symptom::errors]);
        fine = std::max(fine, -instance.symptoms[Symptom::errors]);
    }
    constexpr double kFine = 0.6;  // as a weight against errors
    if (failing < 1 || service.instances.size() < 2) return 0;
    return fine > kFine ? failing : std::expm1(-2);
}

/// CPU that the peers use as well is the load's, or the whole service's: no fault of the one instance.
void SceneBuilder::discount_shared_cpu(InstanceScene& instance, const ServiceScene& service) const {
    constexpr double kAlike = 0.7;
    const double own = instance.state->latest.values.get_or(Feature::cpu_pct, 0);
    const bool shared = std::ranges::any_of(service.instances, [&](const InstanceScene& peer) {
        return &peer != &instance && usable(*peer.state) &&
               peer.state->latest.values.get_or(Feature::cpu_pct, 0) > kAlike * own;
    });
    double& claim = instance.symptoms[Symptom::cpu_up];
    if (shared) claim = std::min(claim, std::max(service.symptoms[Symptom::cpu_up], 0.0));
}

/// Memory that a peer uses when all is well is no leak: an instance that has just started has yet to learn
/// so.
void SceneBuilder::discount_usual_memory(InstanceScene& instance, const ServiceScene& service) const {
    const double own = instance.state->latest.values.get_or(Feature::mem_mb, 0);
    const bool usual = std::ranges::any_of(service.instances, [&](const InstanceScene& peer) {
        return &peer != &instance && usable(*peer.state) &&
               peer.state->baseline.high.get_or(Feature::mem_mb, 0) > own;
    });
    double& claim = instance.symptoms[Symptom::memory_up];
    if (usual) claim = std::min(claim, std::max(service.symptoms[Symptom::memory_up], 0.0));
}

void SceneBuilder::judge_instances(ServiceScene& service) const {
    // An instance that was gone well before the trouble has left for another reason.
    const EventTime since = std::min(onset_near(service), observation_.at) - std::chrono::seconds{5};
    std::erase_if(service.instances,
                  [&](const InstanceScene& instance) { return instance.state->latest.end < since; });
    const auto count = static_cast<double>(service.instances.size());
    if (count < 1) return;
    for (auto& instance : service.instances) {
        discount_shared_cpu(instance, service);
        discount_usual_memory(instance, service);
    }
    double silent = count > 1 ? kAbsent - 1 : 0;
    bool known = false;
    for (auto& instance : service.instances) {
        const double odds = silence(instance, service);
        instance.symptoms[Symptom::instance_silent] = std::expm1(odds);
        if (odds != 0) known = true;
        silent = std::max(silent, odds);
        for (const auto symptom :
             {Symptom::cpu_up, Symptom::memory_up}) {  // one of many: diluted by the mean
            const double claim = (1 + instance.symptoms[symptom]) / count - 1;
            service.symptoms[symptom] = std::max(service.symptoms[symptom], claim);
        }
    }
    service.symptoms[Symptom::uneven_errors] = unevenness(service);
    service.symptoms[Symptom::instance_silent] = known ? std::expm1(silent) : 0;
}

/// Retries are a consequence: the traffic that they bring is no sign of more demand, nor the CPU that it
/// takes.
void SceneBuilder::discount_retries(ServiceScene& service) const {
    constexpr double kMore = 1.1;
    if (service.state == nullptr) return;
    const auto rates = [](const SubjectState& state) {
        return std::pair(state.latest.values.get_or(Feature::rate_rps, 0),
                         state.baseline.median.get_or(Feature::rate_rps, 0));
    };
    double retries = 0;
    for (const Index number : service.served) {
        const auto& call = scene_.calls[number];
        const auto* caller = scene_.services[call.caller].state;
        if (call.state == nullptr || caller == nullptr || !usable(*call.state)) continue;
        const auto [calls, calls_before] = rates(*call.state);
        const auto [requests, requests_before] = rates(*caller);
        const double growth = requests_before > 0 ? std::max(requests / requests_before, 1.0) : 1.0;
        retries += std::max(calls - growth * calls_before, 0.0);
    }
    const auto [now, before] = rates(*service.state);
    service.retried = now > kMore * before && retries > 0.5 * (now - before);
    if (!service.retried) return;
    double& more = service.symptoms[Symptom::rate_up];
    more = std::min(more, std::expm1(-1));
    if (!one_stands_out(service, Symptom::cpu_up)) service.symptoms[Symptom::cpu_up] = 0;
}

void SceneBuilder::read_changes() {
    std::vector<const model::ChangeEvent*> changes;
    for (const auto& change : observation_.changes) {
        if (change.at <= observation_.at && observation_.at - change.at <= config_.change_lookback) {
            changes.push_back(&change);
        }
    }
    std::ranges::stable_sort(changes, {}, &model::ChangeEvent::at);
    for (const auto* change : changes) {
        auto* owner = service(change->service);
        if (owner == nullptr) continue;
        switch (change->kind) {
            case ChangeKind::version_changed:
                // The deployer tells first, the telemetry again when it sees the version: one deployment.
                if (std::exchange(owner->version, change->detail) == change->detail) break;
                owner->deployment = change->order ? nullptr : change;
                break;
            case ChangeKind::instance_exited: owner->exit = change->order ? owner->exit : change; break;
            case ChangeKind::instance_started:
                if (owner->exit != nullptr && (change->order || change->instance == owner->exit->instance)) {
                    owner->exit = nullptr;  // made good
                }
                break;
            case ChangeKind::instance_removed:
            case ChangeKind::scaled:
            case ChangeKind::configured: break;
        }
    }
}

/// How telling a deployment is depends on how soon the trouble began after it.
void SceneBuilder::judge_changes(ServiceScene& service) const {
    const EventTime onset = std::min(onset_near(service), observation_.at);
    double deployed = -4;
    if (service.deployment != nullptr) {
        const auto before = onset - service.deployment->at;
        if (before < -config_.onset_slack) {
            service.deployment = nullptr;  // it came after the trouble
        } else if (before <= std::chrono::seconds{30}) {
            deployed = 4.5;
        } else {
            deployed = before <= std::chrono::minutes{2} ? 3 : 1;
        }
    }
    double exited = -3;
    if (service.exit != nullptr && onset - service.exit->at > std::chrono::seconds{10})
        service.exit = nullptr;
    if (service.exit != nullptr) {
        const bool planned = service.exit->detail == "exit 0" || service.exit->detail == "signal 15";
        const bool rollout =
            service.deployment != nullptr &&
            std::chrono::abs(service.exit->at - service.deployment->at) <= std::chrono::seconds{30};
        exited = planned || rollout ? 1 : kStrongest;
    }
    service.symptoms[Symptom::version_changed] = std::expm1(deployed);
    service.symptoms[Symptom::exited] = std::expm1(exited);
}

/// Whether an instance takes far more of a resource than any of its peers.
bool is_far_above(const InstanceScene& instance, const ServiceScene& service, Symptom symptom) {
    constexpr double kFar = 1.5;
    if (symptom != Symptom::cpu_up && symptom != Symptom::memory_up) return false;
    const auto feature = symptom == Symptom::cpu_up ? Feature::cpu_pct : Feature::mem_mb;
    const auto used = [&](const InstanceScene& one) { return one.state->latest.values.get_or(feature, 0); };
    return std::ranges::all_of(service.instances, [&](const InstanceScene& peer) {
        return &peer == &instance || used(peer) * kFar < used(instance);
    });
}

}  // namespace

const InstanceScene* one_stands_out(const ServiceScene& service, Symptom symptom) {
    const InstanceScene* first = nullptr;
    double second = 0;
    for (const auto& instance : service.instances) {
        const double weight = instance.symptoms[symptom];
        if (first == nullptr || weight > first->symptoms[symptom]) {
            if (first != nullptr) second = std::max(second, first->symptoms[symptom]);
            first = &instance;
        } else {
            second = std::max(second, weight);
        }
    }
    constexpr double kStandsOut = 4;  // likelihood ratio, less 1
    constexpr double kPeersAreWell = 1;
    if (first == nullptr || first->symptoms[symptom] <= kStandsOut) return nullptr;
    return second < kPeersAreWell || is_far_above(*first, service, symptom) ? first : nullptr;
}

std::optional<Index> Scene::find(const ServiceId& service) const {
    const auto found = std::ranges::lower_bound(services, service, {}, &ServiceScene::id);
    if (found == services.end() || found->id != service) return std::nullopt;
    return static_cast<Index>(found - services.begin());
}

Scene build_scene(const Observation& observation, const DiagnoseConfig& config) {
    return SceneBuilder(observation, config).build();
}

bool only_traffic(const model::Anomaly& anomaly) {
    return std::ranges::all_of(anomaly.findings, [](const Finding& finding) {
        return finding.feature == Feature::rate_rps || finding.feature == Feature::replicas ||
               finding.observed < finding.expected_low;
    });
}

bool only_load(const model::Anomaly& anomaly) {
    return std::ranges::all_of(anomaly.findings, [](const Finding& finding) {
        return finding.feature == Feature::rate_rps || finding.feature == Feature::replicas ||
               finding.feature == Feature::cpu_pct || finding.feature == Feature::in_flight ||
               finding.feature == Feature::mem_mb || finding.observed < finding.expected_low;
    });
}

std::optional<Reading> read(const SubjectState* state, Feature feature) {
    if (state == nullptr) return std::nullopt;
    const auto now = state->latest.values.get(feature);
    const auto before = state->baseline.median.get(feature);
    if (!now || !before) return std::nullopt;
    return Reading{.feature = feature, .before = *before, .now = *now};
}

}  // namespace homeostat::diagnose
