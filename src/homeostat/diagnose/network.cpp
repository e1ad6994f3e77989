// SPDX-License-Identifier: Apache-2.0
#include "homeostat/diagnose/network.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace homeostat::diagnose {

namespace {

constexpr double kNegligible = 0.01;   // a belief that is not passed on
constexpr double kNotable = 1.7;       // a likelihood ratio of e, less 1
constexpr double kFalseAlarm = -5;     // ln of the share of alarms behind which there is nothing
constexpr double kOneIsEnough = 2;     // ln of the odds against one more cause at the same time
constexpr double kRetries = -3;        // ln likelihood ratio of more calls by callers without more traffic
constexpr double kSaturates = 0.5;     // P(it is overrun as well)
constexpr double kSurgeSpreads = 0.8;  // P(a service near a surge gets more traffic as well)

double prior(Fault fault, std::size_t services) {
    double sum = 0;
    for (std::size_t i = 0; i < kFaultCount; ++i) sum += fault_model(static_cast<Fault>(i)).prior;
    return std::log(fault_model(fault).prior / sum) - std::log(static_cast<double>(services));
}

constexpr std::array<Suffering, 4> kPossible{{{0, 0}, {0, 1}, {1, 0}, {1, 1}}};  // what a fault may emit

double log_of_coin(double probability, bool outcome) {
    constexpr double kNever = 1e-6;
    return std::log(std::max(outcome ? probability : 1 - probability, kNever));
}

/// What a call to a suffering callee shows.
Suffering on_call(const Suffering& callee) {
    const auto& way = kPropagation;
    return {.errors = diagnose::noisy_or(way.seen_on_call * callee.errors, way.delay_to_errors * callee.slow),
            .slow = diagnose::noisy_or(way.seen_on_call * callee.slow, way.errors_to_delay * callee.errors)};
}

Suffering noisy_or(const Suffering& a, const Suffering& b) {
    return {.errors = diagnose::noisy_or(a.errors, b.errors), .slow = diagnose::noisy_or(a.slow, b.slow)};
}

Suffering update(double errors_weight, double slow_weight, const Suffering& prior) {
    return {.errors = diagnose::update(errors_weight, prior.errors),
            .slow = diagnose::update(slow_weight, prior.slow)};
}

double gain(double errors_weight, double slow_weight, const Suffering& p, const Suffering& q) {
    return diagnose::gain(errors_weight, p.errors, q.errors) + diagnose::gain(slow_weight, p.slow, q.slow);
}

/// P(symptom) that the suffering of a service, or more traffic, brings about by itself.
double from_suffering(Symptom symptom, const Suffering& suffering, double traffic) {
    if (symptom == Symptom::busy) {
        return diagnose::noisy_or(kPropagation.delay_makes_busy * suffering.slow,
                                  kPropagation.traffic_makes_busy * traffic);
    }
    if (symptom == Symptom::log_errors) return kPropagation.errors_make_logs * suffering.errors;
    if (symptom == Symptom::rate_up) return traffic;
    if (symptom == Symptom::cpu_up) return kPropagation.traffic_takes_cpu * traffic;
    return 0;
}

/// How far a call that accounts for `part` of what its caller suffers can be the reason.
double enough(double part) {
    constexpr double kReason = 0.4;  // from this share on it is the reason
    return std::clamp(part / kReason, 0.03, 1.0);
}

double log_sum(std::span<const double> terms) {
    const double most = std::ranges::max(terms);
    double sum = 0;
    for (const double term : terms) sum += std::exp(term - most);
    return most + std::log(sum);
}

}  // namespace

Background Network::quiet() const {
    const Suffering service{.errors = leak(Symptom::errors), .slow = leak(Symptom::slow)};
    return {.services = std::vector(scene_.services.size(), service),
            .calls = std::vector(scene_.calls.size(), Suffering{.errors = kEdgeLeak, .slow = kEdgeLeak}),
            .traffic = std::vector(scene_.services.size(), 0.0),
            .nothing = kFalseAlarm};
}

void Network::add(Background& background, const Hypothesis& hypothesis) const {
    if (overrun(scene_.services[hypothesis.service]))
        background = spill(hypothesis.service, std::move(background));
    if (is_load(hypothesis.fault)) {
        for (const Index index : with_callees(upstream_of(hypothesis.service))) {
            background.traffic[index] = diagnose::noisy_or(background.traffic[index], kSurgeSpreads);
        }
    }
    background.nothing = kOneIsEnough;
    const auto way = spread(hypothesis.service, hypothesis.emits, background);
    for (const auto& victim : way.victims) {
        auto& service = background.services[victim.service];
        service = noisy_or(service, victim.prior);
        for (const Index number : scene_.services[victim.service].served) {
            background.calls[number] = noisy_or(background.calls[number], on_call(victim.posterior));
        }
    }
    if (hypothesis.lost_call) {
        auto& call = background.calls[*hypothesis.lost_call];
        call.errors = diagnose::noisy_or(call.errors, kPropagation.seen_on_call);
    }
}

/// All that `services` call, directly or not, and themselves.
std::vector<Index> Network::with_callees(std::vector<Index> services) const {
    std::vector<bool> seen(scene_.services.size());
    for (const Index index : services) seen[index] = true;
    for (std::size_t next = 0; next < services.size(); ++next) {
        for (const Index number : scene_.services[services[next]].calls) {
            const Index callee = scene_.calls[number].callee;
            if (!seen[callee]) services.push_back(callee);
            seen[callee] = true;
        }
    }
    return services;
}

/// Whether `service` has more traffic than it can serve, or than it could if it were well, on its own
/// account: its calls to others are not what it waits for.
bool Network::overrun(const ServiceScene& service) const {
    const auto& symptoms = service.symptoms;
    const bool late = symptoms[Symptom::slow] > kNotable;
    const bool failing = symptoms[Symptom::errors] > kNotable;
    if (!(late || failing) || !(service.retried || symptoms[Symptom::rate_up] > kNotable)) return false;
    return std::ranges::none_of(service.calls, [&](Index number) {
        constexpr double kMostly = 0.5;
        const auto& call = scene_.calls[number];
        return (late && call.delay_part > kMostly) || (failing && call.error_part > kMostly);
    });
}

/// The background beside a service that is overrun, by a surge or by retries: those that it calls have more
/// traffic, where they show it, and perhaps more than they can serve.
Background Network::spill(Index source, Background background) const {
    const Suffering overload{.errors = kSaturates / 2, .slow = kSaturates};
    for (const Index index : with_callees({source})) {
        if (index == source || scene_.services[index].symptoms[Symptom::rate_up] <= kNotable) continue;
        background.traffic[index] = diagnose::noisy_or(background.traffic[index], kSurgeSpreads);
        background.services[index] = noisy_or(background.services[index], overload);
        for (const Index number : scene_.services[index].served) {
            const auto& call = scene_.calls[number];
            const auto seen = on_call(overload);
            background.calls[number] = noisy_or(background.calls[number], seen);
            auto& caller = background.services[call.caller];
            if (call.caller == source) continue;
            caller = noisy_or(caller, Suffering{.errors = enough(call.error_part) * seen.errors,
                                                .slow = enough(call.delay_part) * seen.slow});
        }
    }
    return background;
}

/// ln likelihood ratio of all evidence between two backgrounds.
double Network::gain_of(const Background& background, const Background& before) const {
    double total = 0;
    for (Index index = 0; index < scene_.services.size(); ++index) {
        const auto& symptoms = scene_.services[index].symptoms;
        const auto& now = background.services[index];
        const auto& then = before.services[index];
        total += gain(symptoms[Symptom::errors], symptoms[Symptom::slow], now, then);
        for (const auto symptom : {Symptom::rate_up, Symptom::cpu_up, Symptom::busy, Symptom::log_errors}) {
            const double p = from_suffering(symptom, now, background.traffic[index]);
            const double q = from_suffering(symptom, then, before.traffic[index]);
            if (p == q) continue;
            total += diagnose::gain(symptoms[symptom], diagnose::noisy_or(leak(symptom), p),
                                    diagnose::noisy_or(leak(symptom), q));
        }
    }
    for (Index number = 0; number < scene_.calls.size(); ++number) {
        const auto& call = scene_.calls[number];
        total += gain(call.errors, call.slow, background.calls[number], before.calls[number]);
    }
    return total;
}

/// A surge comes from a caller that has it too, or from where nothing is seen. When the calls swell and the
/// caller's own traffic does not, the caller retries.
double Network::from_above(Index index) const {
    double callers = -1;
    double calls = -1;
    for (const Index number : scene_.services[index].served) {
        const auto& call = scene_.calls[number];
        callers = std::max(callers, scene_.services[call.caller].symptoms[Symptom::rate_up]);
        calls = std::max(calls, call.rate_up);
    }
    if (callers > kNotable) return diagnose::gain(callers, 0.6, leak(Symptom::rate_up));
    return calls > kNotable ? kRetries : 0;
}

/// All callers, direct or not, in an order in which a service comes after those of its callees that are in
/// it; calls that close a cycle are overlooked.
std::vector<Index> Network::upstream_of(Index source) const {
    std::vector<Index> finished;
    std::vector<bool> seen(scene_.services.size());
    std::vector<std::pair<Index, std::size_t>> path{{source, 0}};
    seen[source] = true;
    while (!path.empty()) {
        auto& [service, next] = path.back();
        const auto& served = scene_.services[service].served;
        if (next == served.size()) {
            finished.push_back(service);
            path.pop_back();
            continue;
        }
        const Index caller = scene_.calls[served[next++]].caller;
        if (seen[caller]) continue;
        seen[caller] = true;
        path.emplace_back(caller, 0);
    }
    std::ranges::reverse(finished);
    return finished;
}

/// One step of the forward pass: from the beliefs about the callees to the calls, and on to the caller,
/// each time taking in the evidence. Returns the gain.
double Network::visit(Index index, std::span<const Suffering> beliefs, const Background& background,
                      Victim& victim) const {
    const auto& service = scene_.services[index];
    double total = 0;
    Suffering arriving;
    for (const Index number : service.calls) {
        const auto& call = scene_.calls[number];
        const auto& callee = beliefs[call.callee];
        if (callee.errors < kNegligible && callee.slow < kNegligible) continue;
        const auto& expected = background.calls[number];
        const auto prior = noisy_or(on_call(callee), expected);
        total += gain(call.errors, call.slow, prior, expected);
        const auto seen = update(call.errors, call.slow, prior);
        const double force =
            kPropagation.call_to_caller *
            (kPropagation.rare_call_to_caller + (1 - kPropagation.rare_call_to_caller) * call.share);
        arriving = noisy_or(arriving, Suffering{.errors = force * enough(call.error_part) * seen.errors,
                                                .slow = force * enough(call.delay_part) * seen.slow});
    }
    victim.service = index;
    victim.prior = arriving;
    if (arriving.errors < kNegligible && arriving.slow < kNegligible) return total;
    const auto& expected = background.services[index];
    const auto prior = noisy_or(arriving, expected);
    const auto& symptoms = service.symptoms;
    total += gain(symptoms[Symptom::errors], symptoms[Symptom::slow], prior, expected);
    victim.posterior = update(symptoms[Symptom::errors], symptoms[Symptom::slow], prior);
    for (const auto symptom : {Symptom::busy, Symptom::log_errors}) {
        const double without =
            diagnose::noisy_or(leak(symptom), from_suffering(symptom, expected, background.traffic[index]));
        const double with = diagnose::noisy_or(
            leak(symptom), from_suffering(symptom, victim.posterior, background.traffic[index]));
        total += diagnose::gain(symptoms[symptom], std::max(with, without), without);
    }
    return total;
}

Spread Network::spread(Index source, Suffering emits, const Background& background) const {
    Spread result;
    result.victims.push_back({.service = source, .prior = emits, .posterior = emits});
    if (emits.errors == 0 && emits.slow == 0) return result;
    std::vector<Suffering> beliefs(scene_.services.size());
    for (const Index service : upstream_of(source)) {
        if (service == source) {
            beliefs[service] = emits;
            continue;
        }
        Victim victim;
        result.gain += visit(service, beliefs, background, victim);
        beliefs[service] = victim.posterior;
        if (std::max(victim.posterior.errors, victim.posterior.slow) < kNegligible) continue;
        result.victims.push_back(victim);
        const auto& onset = scene_.services[service].onset;
        if (onset && std::max(victim.posterior.errors, victim.posterior.slow) > 0.5) {
            result.first_onset = std::min(result.first_onset.value_or(*onset), *onset);
        }
    }
    return result;
}

double Network::symptom_gain(Index index, Fault fault, Symptom symptom, const Background& background) const {
    const double suffering = from_suffering(symptom, background.services[index], background.traffic[index]);
    const double p = fault_model(fault).local[static_cast<std::size_t>(symptom)];
    return diagnose::gain(scene_.services[index].symptoms[symptom], diagnose::noisy_or(p, suffering),
                          diagnose::noisy_or(leak(symptom), suffering));
}

/// The part of the service's own answers: its telemetry shows what it emits, as far as such a fault lets it.
double Network::visible_gain(const Hypothesis& hypothesis, const Background& background) const {
    const auto& expected = background.services[hypothesis.service];
    const double visible = fault_model(hypothesis.fault).visible;
    const auto prior = noisy_or(
        expected, {.errors = visible * hypothesis.emits.errors, .slow = visible * hypothesis.emits.slow});
    const auto& symptoms = scene_.services[hypothesis.service].symptoms;
    return gain(symptoms[Symptom::errors], symptoms[Symptom::slow], prior, expected);
}

/// A cause that shows later than its effects is none; detectors and clocks err by the slack.
double Network::lateness(Index source, const Spread& spread) const {
    const auto& own = scene_.services[source].onset;
    if (!own || !spread.first_onset) return 0;
    const auto late = std::chrono::duration<double>(*own - *spread.first_onset - onset_slack_).count();
    return late <= 0 ? 0 : -std::min(0.8 * late, 4.0);
}

/// A change of traffic goes either way.
double Network::changed_traffic(Index index) const {
    const auto& symptoms = scene_.services[index].symptoms;
    const double most = std::max(symptoms[Symptom::rate_up], symptoms[Symptom::rate_down]);
    return diagnose::gain(most, 0.97, leak(Symptom::rate_up) + leak(Symptom::rate_down));
}

/// The part of the callee's traffic that the call brings when all is well, at most 1; half where it is
/// unknown.
double Network::share_of_traffic(const CallScene& call) const {
    const auto rate = [](const SubjectState* state) {
        return state == nullptr ? 0.0 : state->baseline.median.get_or(model::Feature::rate_rps, 0);
    };
    const double whole = rate(scene_.services[call.callee].state);
    return whole > 0 ? std::min(rate(call.state) / whole, 1.0) : 0.5;
}

/// The call that fails best, when such a loss is assumed. The callee must be well: that it is not, other
/// hypotheses explain better, as they explain its other callers too.
double Network::lose_dependency(Hypothesis& hypothesis, const Background& background) const {
    double best = -1e3;
    for (const Index number : scene_.services[hypothesis.service].calls) {
        const auto& call = scene_.calls[number];
        const auto& callee = scene_.services[call.callee];
        if (call.errors < kNotable) continue;
        const auto& expected = background.calls[number];
        const double lost = diagnose::gain(call.errors, 0.97, expected.errors) +
                            diagnose::gain(call.slow, 0.3, expected.slow) +
                            diagnose::gain(callee.symptoms[Symptom::rate_down],
                                           0.3 + 0.65 * share_of_traffic(call), leak(Symptom::rate_down));
        if (lost <= best) continue;
        best = lost;
        hypothesis.lost_call = number;
    }
    return best;
}

/// The gains on the way through the callers, for each possibility of what `source` emits.
std::array<double, 4> Network::travel(Index source, const Background& background) const {
    std::array<double, 4> gains{};
    for (std::size_t i = 0; i < kPossible.size(); ++i) {
        const auto way = spread(source, kPossible.at(i), background);
        gains.at(i) = way.gain + lateness(source, way);
    }
    return gains;
}

Hypothesis Network::weigh_fault(Index index, Fault fault, const Background& background,
                                const std::array<double, 4>& travelled) const {
    const auto& model = fault_model(fault);
    Hypothesis hypothesis{
        .service = index, .fault = fault, .score = prior(fault, scene_.services.size()) - background.nothing};
    for (std::size_t i = 2; i < kSymptomCount; ++i) {  // without errors and slow
        hypothesis.score += symptom_gain(index, fault, static_cast<Symptom>(i), background);
    }
    if (fault == Fault::load_change) hypothesis.score += changed_traffic(index);
    if (fault == Fault::load_surge) hypothesis.score += from_above(index);
    if (fault == Fault::lost_dependency) hypothesis.score += lose_dependency(hypothesis, background);
    std::array<double, 4> terms{};
    std::size_t best = 0;
    for (std::size_t i = 0; i < kPossible.size(); ++i) {
        hypothesis.emits = kPossible.at(i);
        terms.at(i) = log_of_coin(model.errors, hypothesis.emits.errors > 0) +
                      log_of_coin(model.slow, hypothesis.emits.slow > 0) +
                      visible_gain(hypothesis, background) + travelled.at(i);
        if (terms.at(i) > terms.at(best)) best = i;
    }
    hypothesis.emits = kPossible.at(best);
    hypothesis.score += log_sum(terms);
    return hypothesis;
}

void Network::weigh_service(Index index, const Background& background, std::vector<Hypothesis>& out) const {
    const bool spills = overrun(scene_.services[index]);
    const auto beside = spills ? spill(index, background) : background;
    const double spilled = spills ? gain_of(beside, background) : 0;
    const auto travelled = travel(index, beside);
    for (std::size_t number = 0; number < kFaultCount; ++number) {
        auto hypothesis = weigh_fault(index, static_cast<Fault>(number), beside, travelled);
        hypothesis.score += spilled;
        out.push_back(hypothesis);
    }
}

bool Network::suspicious(const ServiceScene& service) const {
    for (const auto symptom :
         {Symptom::errors, Symptom::slow, Symptom::rate_up, Symptom::cpu_up, Symptom::memory_up,
          Symptom::busy, Symptom::stale, Symptom::exited, Symptom::instance_silent}) {
        if (service.symptoms[symptom] > kNotable) return true;
    }
    const auto notable = [&](Index number) {
        return std::max(scene_.calls[number].errors, scene_.calls[number].slow) > kNotable;
    };
    return std::ranges::any_of(service.served, notable) || std::ranges::any_of(service.calls, notable);
}

std::vector<Hypothesis> Network::weigh(const Background& background) const {
    std::vector<Hypothesis> result;
    for (Index index = 0; index < scene_.services.size(); ++index) {
        if (suspicious(scene_.services[index])) weigh_service(index, background, result);
    }
    std::ranges::stable_sort(result, std::ranges::greater{}, &Hypothesis::score);
    return result;
}

}  // namespace homeostat::diagnose
