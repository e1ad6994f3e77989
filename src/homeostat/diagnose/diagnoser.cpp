// SPDX-License-Identifier: Apache-2.0
#include "homeostat/diagnose/diagnoser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ranges>

#include "homeostat/diagnose/explain.h"
#include "homeostat/diagnose/network.h"
#include "homeostat/diagnose/scene.h"

namespace homeostat::diagnose {

using model::Anomaly;
using model::Cause;
using model::CauseKind;
using model::Diagnosis;

namespace {

constexpr double kUsual = -0.5;  // likelihood ratio - 1 of less traffic
constexpr double kAlive = 0.5;   // share of the usual calls to a service that only one that runs answers
constexpr double kDead = 0.05;   // and one that does not
constexpr Duration kSameTime = std::chrono::seconds{5};
constexpr double kSuffers = 1;  // ln likelihood ratio of harm
constexpr double kSuffersMuch =
    4;  // a busy service is a little slower for a while, and there is nothing to heal

/// Weighs one observation: accepts causes one by one, each against the background of the others.
class Session {
public:
    Session(const Observation& observation, const DiagnoseConfig& config)
        : observation_(observation),
          config_(config),
          scene_(build_scene(observation, config)),
          network_(scene_, config.onset_slack) {
        for (const auto& anomaly : observation.anomalies) {
            if (anomaly.state == model::AnomalyState::cleared) continue;
            open_.push_back(&anomaly);
        }
    }

    std::vector<Diagnosis> run() {
        const bool gone = std::ranges::any_of(scene_.services, [](const ServiceScene& service) {
            return service.symptoms[Symptom::stale] > 0 || service.symptoms[Symptom::exited] > 0;
        });
        if (open_.empty() && !gone) return {};
        accept_causes();
        std::vector<Diagnosis> result;
        for (std::size_t i = 0; i < accepted_.size(); ++i) result.push_back(describe(i));
        report_leftovers(result);
        return result;
    }

private:
    void accept_causes();
    Background background_without(std::size_t left_out) const;
    std::vector<Hypothesis> weigh_beside_others(std::size_t which) const;
    Diagnosis describe(std::size_t which) const;
    Cause cause_of(const Hypothesis& hypothesis, double posterior, const Background& background) const;
    std::optional<std::string> indecision(const Hypothesis& best, const Diagnosis& diagnosis) const;
    std::optional<std::string> missing_ground(const Hypothesis& best, EventTime onset) const;
    EventTime onset_of(const std::vector<model::Subject>& subjects) const;
    bool anybody_suffers(const Hypothesis& cause) const;
    bool is_harmful(const Hypothesis& cause) const;
    std::vector<model::Subject> explained_by(const Hypothesis& cause, const Spread& spread) const;
    std::vector<bool> needed_by(const std::vector<bool>& services) const;
    std::vector<model::ServiceId> path_of(const Spread& spread) const;
    void report_leftovers(std::vector<Diagnosis>& diagnoses) const;

    const Observation& observation_;
    const DiagnoseConfig& config_;
    Scene scene_;
    Network network_;
    std::vector<const Anomaly*> open_;
    std::vector<Hypothesis> accepted_;
};

Background Session::background_without(std::size_t left_out) const {
    auto background = network_.quiet();
    for (std::size_t i = 0; i < accepted_.size(); ++i) {
        if (i != left_out) network_.add(background, accepted_[i]);
    }
    return background;
}

/// The hypotheses for the place of one cause, given the other causes.
std::vector<Hypothesis> Session::weigh_beside_others(std::size_t which) const {
    auto hypotheses = network_.weigh(background_without(which));
    std::erase_if(hypotheses, [&](const Hypothesis& hypothesis) {
        for (std::size_t i = 0; i < accepted_.size(); ++i) {
            if (i != which && accepted_[i].service == hypothesis.service) return true;
        }
        // Beside a true cause, changed traffic needs no cause of its own.
        return !accepted_.empty() && which > 0 && hypothesis.fault == Fault::load_change;
    });
    return hypotheses;
}

/// Greedy, then one round in which each cause is reconsidered in the light of the others.
void Session::accept_causes() {
    while (accepted_.size() < config_.diagnoses_max) {
        const auto hypotheses = weigh_beside_others(accepted_.size());
        if (hypotheses.empty() || hypotheses.front().score <= 0) break;
        accepted_.push_back(hypotheses.front());
    }
    for (std::size_t i = 0; accepted_.size() > 1 && i < accepted_.size(); ++i) {
        const auto hypotheses = weigh_beside_others(i);
        if (!hypotheses.empty()) accepted_[i] = hypotheses.front();
    }
}

Diagnosis Session::describe(std::size_t which) const {
    const auto background = background_without(which);
    const auto hypotheses = weigh_beside_others(which);
    double evidence = std::exp(-hypotheses.front().score);  // of "nothing but the background": score 0
    for (const auto& hypothesis : hypotheses)
        evidence += std::exp(hypothesis.score - hypotheses.front().score);

    Diagnosis diagnosis{.at = observation_.at};
    for (const auto& hypothesis : hypotheses) {
        if (diagnosis.causes.size() == config_.causes_max) break;
        if (!cause_kind(hypothesis.fault)) continue;
        const double posterior = std::exp(hypothesis.score - hypotheses.front().score) / evidence;
        diagnosis.causes.push_back(cause_of(hypothesis, posterior, background));
    }
    const auto& best = hypotheses.front();
    const auto spread = network_.spread(best.service, best.emits, background);
    diagnosis.explained = explained_by(best, spread);
    diagnosis.propagation_path = path_of(spread);
    constexpr double kSuspected = 0.3;  // a likelihood of harm to come that is worth watching
    const bool suspected = !diagnosis.causes.empty() && diagnosis.causes.front().posterior >= kSuspected;
    diagnosis.harmful = anybody_suffers(best) || (suspected && is_harmful(best));
    diagnosis.inconclusive = indecision(best, diagnosis);
    return diagnosis;
}

Cause Session::cause_of(const Hypothesis& hypothesis, double posterior, const Background& background) const {
    const auto& service = scene_.services[hypothesis.service];
    Cause cause{.service = service.id, .kind = *cause_kind(hypothesis.fault), .posterior = posterior};
    if (const auto* instance = localise(scene_, hypothesis)) {
        cause.instance = instance->subject->instance;
    } else if (cause.kind == CauseKind::crash && service.exit != nullptr) {
        cause.instance = service.exit->instance;
    }
    cause.evidence = explain(scene_, network_, hypothesis, background);
    return cause;
}

std::optional<std::string> Session::indecision(const Hypothesis& best, const Diagnosis& diagnosis) const {
    const auto& service = scene_.services[best.service].id.value();
    if (best.fault == Fault::load_change)
        return "the traffic of " + service + " has changed and nobody suffers";
    if (best.fault == Fault::unknown)
        return "something is wrong with " + service + " that looks like no known fault";
    const auto name = [](const Cause& cause) {
        return fmt::format("{} of {} ({:.0f} %)", to_string(cause.kind), cause.service.value(),
                           100 * cause.posterior);
    };
    const auto& causes = diagnosis.causes;
    if (causes[0].posterior < config_.min_posterior) {
        return fmt::format("no cause is probable enough yet: the first is {}, {:.0f} % are needed",
                           name(causes[0]), 100 * config_.min_posterior);
    }
    if (causes.size() > 1 && causes[0].posterior - causes[1].posterior < config_.min_margin) {
        return fmt::format("two causes are hard to tell apart: {} and {}", name(causes[0]), name(causes[1]));
    }
    return missing_ground(best, onset_of(diagnosis.explained));
}

/// The first abnormal window of these subjects: what ails others says nothing of how long this has lasted.
EventTime Session::onset_of(const std::vector<model::Subject>& subjects) const {
    auto onset = EventTime::max();
    for (const auto* anomaly : open_) {
        if (std::ranges::binary_search(subjects, anomaly->subject)) onset = std::min(onset, anomaly->onset);
    }
    return onset;
}

/// Kinds whose signs are only numbers, which a hiccup shows as well.
bool may_pass(Fault fault) {
    return fault == Fault::load_surge || fault == Fault::cpu_burn || fault == Fault::slow_dependency ||
           fault == Fault::lost_dependency;
}

/// A posterior is no ground for an act when it rests on what is absent, or when nobody suffers yet.
std::optional<std::string> Session::missing_ground(const Hypothesis& best, EventTime onset) const {
    const auto& service = scene_.services[best.service];
    const bool gone = service.symptoms[Symptom::stale] > 0;
    const bool silence = best.fault == Fault::telemetry_silence;
    if (gone && !silence && service.symptoms[Symptom::exited] <= 0) {
        if (!anybody_suffers(best))
            return service.id.value() + " sends no telemetry, and nothing else shows that it is down";
        if (service.answered > kAlive)
            return service.id.value() + " sends no telemetry, but goes on answering calls";
        const bool ailed_before = service.onset && *service.onset + kSameTime < service.state->latest.end;
        if (ailed_before && service.answered > kDead)
            return service.id.value() + " sends no telemetry, but its callers suffered before it fell silent";
        if (service.symptoms[Symptom::starved_callees] < kUsual)
            return service.id.value() + " sends no telemetry, but those that it calls hear from it as usual";
    }
    const auto lasted = onset == EventTime::max() ? Duration::max() : scene_.at - onset;
    const bool shows_where =
        service.symptoms[Symptom::instance_silent] > 0 && localise(scene_, best) != nullptr;
    if (best.fault == Fault::hang && !gone && !shows_where && lasted < config_.harmless_patience) {
        return "nothing shows yet which instance of " + service.id.value() + " hangs";
    }
    if (best.fault == Fault::crash && !is_harmful(best)) {
        return "an instance of " + service.id.value() + " has ended, and may be started again in a moment";
    }
    if (best.fault == Fault::cpu_burn && !anybody_suffers(best) &&
        (lasted < config_.harmless_patience || !is_harmful(best))) {
        return "the CPU of " + service.id.value() + " is busy, but nobody suffers yet";
    }
    if (best.fault == Fault::load_surge && !is_harmful(best)) {
        return service.id.value() + " has more traffic, but nobody suffers";
    }
    const auto hiccup = anybody_suffers(best) ? config_.min_duration : config_.harmless_patience;
    if (may_pass(best.fault) && lasted < hiccup) {
        return "the trouble of " + service.id.value() + " may be over in a moment";
    }
    return std::nullopt;
}

bool Session::anybody_suffers(const Hypothesis& cause) const {
    const auto& service = scene_.services[cause.service];
    const bool silent =
        service.symptoms[Symptom::stale] > 0;  // what its callers suffer may be another's fault
    const bool busy = is_load(cause.fault) || cause.fault == Fault::cpu_burn;
    const bool lasting = scene_.at - service.onset.value_or(scene_.at) >= config_.harmless_patience;
    const double enough = busy || silent || !lasting ? kSuffersMuch : kSuffers;
    return service.harm > enough || std::ranges::any_of(service.served, [&](Index number) {
               return scene_.calls[number].harm > enough;
           });
}

/// Some faults hurt before anybody feels them: what is dead serves nobody, unless its supervisor brings it
/// back, and memory runs out.
bool Session::is_harmful(const Hypothesis& cause) const {
    const auto* exit = scene_.services[cause.service].exit;
    const bool stays_dead = exit == nullptr || scene_.at - exit->at >= config_.harmless_patience;
    const bool will_hurt = (cause.fault == Fault::crash && stays_dead) || cause.fault == Fault::hang ||
                           cause.fault == Fault::memory_leak || cause.fault == Fault::telemetry_silence ||
                           (cause.fault == Fault::cpu_burn && localise(scene_, cause) != nullptr);
    return will_hurt || anybody_suffers(cause);
}

/// `services` and all that these call, directly or not.
std::vector<bool> Session::needed_by(const std::vector<bool>& services) const {
    auto needed = services;
    std::vector<Index> queue;
    for (Index index = 0; index < needed.size(); ++index) {
        if (needed[index]) queue.push_back(index);
    }
    for (std::size_t next = 0; next < queue.size(); ++next) {
        for (const Index number : scene_.services[queue[next]].calls) {
            const Index callee = scene_.calls[number].callee;
            if (!needed[callee]) queue.push_back(callee);
            needed[callee] = true;
        }
    }
    return needed;
}

/// The cause's service and its victims, the calls between these and others, and the traffic that their
/// retries or failures bring to, or keep from, those that they call.
std::vector<model::Subject> Session::explained_by(const Hypothesis& cause, const Spread& spread) const {
    constexpr double kReached = 0.3;
    std::vector<bool> hit(scene_.services.size());
    hit[cause.service] = true;
    for (const auto& victim : spread.victims) {
        if (std::max(victim.posterior.errors, victim.posterior.slow) > kReached) hit[victim.service] = true;
    }
    const bool surge = is_load(cause.fault);
    auto fed = hit;
    if (surge) {  // it came from above
        for (const auto& caller : observation_.graph.upstream(scene_.services[cause.service].id)) {
            fed[*scene_.find(caller)] = true;
        }
    }
    fed = needed_by(fed);
    std::vector<model::Subject> explained;
    for (const auto* anomaly : open_) {
        const auto& subject = anomaly->subject;
        const Index service = *scene_.find(subject.service);
        const Index other = subject.callee ? *scene_.find(*subject.callee) : service;
        const bool traffic = only_traffic(*anomaly) || (surge && only_load(*anomaly));
        const bool touched = subject.is_edge() ? hit[other] || (hit[service] && traffic) ||
                                                     (cause.lost_call && cause.service == service)
                                               : hit[service];
        if (touched || (traffic && (fed[service] || fed[other]))) explained.push_back(subject);
    }
    std::ranges::sort(explained);
    return explained;
}

/// From the cause through its victims to the one farthest up, an entry of the system if there is one.
std::vector<model::ServiceId> Session::path_of(const Spread& spread) const {
    std::vector<double> belief(scene_.services.size());
    for (const auto& victim : spread.victims) {
        belief[victim.service] = std::max(victim.posterior.errors, victim.posterior.slow);
    }
    std::vector<Index> queue{spread.victims.front().service};
    std::vector<Index> before(scene_.services.size());
    std::vector<bool> seen(scene_.services.size());
    seen[queue.front()] = true;
    for (std::size_t next = 0; next < queue.size(); ++next) {
        for (const Index number : scene_.services[queue[next]].served) {
            const Index caller = scene_.calls[number].caller;
            if (seen[caller] || belief[caller] <= 0.5) continue;
            seen[caller] = true;
            before[caller] = queue[next];
            queue.push_back(caller);
        }
    }
    const auto entry =
        std::ranges::find_if(queue, [&](Index index) { return scene_.services[index].served.empty(); });
    std::vector<model::ServiceId> path;
    for (Index index = entry != queue.end() ? *entry : queue.back();; index = before[index]) {
        path.push_back(scene_.services[index].id);
        if (index == queue.front()) break;
    }
    std::ranges::reverse(path);
    return path;
}

/// What no accepted cause accounts for must not be lost: it is said, and not acted upon.
void Session::report_leftovers(std::vector<Diagnosis>& diagnoses) const {
    std::vector<model::Subject> explained;
    for (const auto& diagnosis : diagnoses) {
        explained.insert(explained.end(), diagnosis.explained.begin(), diagnosis.explained.end());
    }
    Diagnosis rest{.at = observation_.at};
    for (const auto* anomaly : open_) {
        const bool minor = !diagnoses.empty() && only_traffic(*anomaly);
        if (!minor && std::ranges::find(explained, anomaly->subject) == explained.end())
            rest.explained.push_back(anomaly->subject);
    }
    if (rest.explained.empty()) return;
    std::ranges::sort(rest.explained);
    rest.harmful = std::ranges::any_of(rest.explained, [&](const auto& subject) {
        const auto& service = scene_.services[*scene_.find(subject.service)];
        return service.harm > kSuffers || std::ranges::any_of(service.calls, [&](Index number) {
                   return scene_.calls[number].harm > kSuffers;
               });
    });
    rest.inconclusive =
        fmt::format("the evidence about {} is too weak to name a cause", to_string(rest.explained.front()));
    diagnoses.push_back(std::move(rest));
}

}  // namespace

void SubjectState::take(const model::FeatureWindow& window) {
    latest = window;
    if (!window.subject.is_edge()) return;
    const double answered = window.values.get_or(model::Feature::rate_rps, 0) *
                            (1 - window.values.get_or(model::Feature::error_rate, 0));
    if (answered < answered_rps && window.end - answered_at <= kAnswersCount) return;
    answered_rps = answered;
    answered_at = window.end;
}

Diagnoser::Diagnoser(DiagnoseConfig config) : config_(config) {}

std::vector<Diagnosis> Diagnoser::diagnose(const Observation& observation) const {
    return Session(observation, config_).run();
}

}  // namespace homeostat::diagnose
