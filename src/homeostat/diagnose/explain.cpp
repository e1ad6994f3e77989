// SPDX-License-Identifier: Apache-2.0
#include "homeostat/diagnose/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace homeostat::diagnose {

using model::Evidence;
using model::Feature;

namespace {

constexpr double kWorthTelling = 0.5;  // ln likelihood ratio

std::string clock_of(EventTime time) {
    return format_rfc3339(time).substr(11, 8);
}

std::string seconds(Duration duration) {
    return fmt::format("{:.0f} s", std::chrono::duration<double>(duration).count());
}

/// "payment rose from 42 ms to 910 ms": what `feature` of the subject did, or nothing without numbers.
std::string change_of(std::string_view what, const std::string& who, const SubjectState* state,
                      Feature feature, std::string_view unit, double factor = 1) {
    const auto reading = read(state, feature);
    if (!reading) return {};
    const double before = reading->before * factor;
    const double now = reading->now * factor;
    const auto number = [&](double value) {
        return value != 0 && std::abs(value) < 10 ? fmt::format("{:.1f}", value)
                                                  : fmt::format("{:.0f}", value);
    };
    if (std::abs(now - before) <= 0.15 * std::abs(before)) {
        return fmt::format("{} of {} is as usual ({}{})", what, who, number(now), unit);
    }
    return fmt::format("{} of {} {} from {}{} to {}{}", what, who, now > before ? "rose" : "fell",
                       number(before), unit, number(now), unit);
}

std::string slowness(const std::string& who, const SubjectState* state) {
    using Choice = std::pair<Feature, std::string_view>;
    Choice best{Feature::latency_ms, "mean latency"};
    double most = 0;
    for (const auto& choice : {Choice{Feature::latency_p99_ms, "p99 latency"}, best,
                               Choice{Feature::latency_p50_ms, "median latency"}}) {
        const auto reading = read(state, choice.first);
        if (!reading || reading->now <= most * std::max(reading->before, 1.0)) continue;
        most = reading->now / std::max(reading->before, 1.0);
        best = choice;
    }
    return change_of(best.second, who, state, best.first, " ms");
}

class Explainer {
public:
    Explainer(const Scene& scene, const Network& network, const Hypothesis& hypothesis,
              const Background& background)
        : scene_(scene),
          network_(network),
          hypothesis_(hypothesis),
          background_(background),
          service_(scene.services[hypothesis.service]),
          instance_(localise(scene, hypothesis)) {}

    std::vector<Evidence> tell() {
        tell_changes();
        tell_own_suffering();
        tell_load();
        tell_presence();
        tell_callers();
        tell_lost_call();
        tell_order();
        std::ranges::stable_sort(evidence_, std::ranges::greater{}, [](const Evidence& evidence) {
            return std::abs(evidence.log_likelihood_ratio);
        });
        return std::move(evidence_);
    }

private:
    void tell(std::string text, double log_likelihood_ratio) {
        if (text.empty() || std::abs(log_likelihood_ratio) < kWorthTelling) return;
        evidence_.push_back({.text = std::move(text), .log_likelihood_ratio = log_likelihood_ratio});
    }
    double gain_of(Symptom symptom) const {
        return network_.symptom_gain(hypothesis_.service, hypothesis_.fault, symptom, background_);
    }
    /// The one instance when its number tells more than the mean over all.
    const SubjectState* state_of(Symptom symptom) const {
        return instance_ != nullptr && instance_->symptoms[symptom] > 0 ? instance_->state : service_.state;
    }
    std::string name_of(Symptom symptom) const {
        return state_of(symptom) == service_.state ? service_.id.value() : to_string(*instance_->subject);
    }

    void tell_changes();
    void tell_own_suffering();
    void tell_load();
    void tell_presence();
    void tell_callers();
    void tell_lost_call();
    void tell_order();

    const Scene& scene_;
    const Network& network_;
    const Hypothesis& hypothesis_;
    const Background& background_;
    const ServiceScene& service_;
    const InstanceScene* instance_;
    std::vector<Evidence> evidence_;
};

void Explainer::tell_changes() {
    if (const auto* exit = service_.exit) {
        const auto who = exit->instance ? exit->instance->value() : service_.id.value();
        tell(fmt::format("instance {} ended by {} at {}", who, exit->detail.empty() ? "itself" : exit->detail,
                         clock_of(exit->at)),
             gain_of(Symptom::exited));
    }
    if (const auto* deployment = service_.deployment) {
        const auto onset = service_.onset.value_or(scene_.at);
        const auto before = std::max(onset - deployment->at, Duration::zero());
        tell(fmt::format("version {} of {} was deployed at {}, {} before the trouble began",
                         deployment->detail, service_.id.value(), clock_of(deployment->at), seconds(before)),
             gain_of(Symptom::version_changed));
    } else if (hypothesis_.fault == Fault::bad_version) {
        tell("no new version of " + service_.id.value() + " was deployed", gain_of(Symptom::version_changed));
    }
}

void Explainer::tell_own_suffering() {
    const auto& expected = background_.services[hypothesis_.service];
    const double visible = fault_model(hypothesis_.fault).visible;
    const auto own = [&](Symptom symptom, double emitted, double otherwise) {
        return gain(service_.symptoms[symptom], noisy_or(otherwise, visible * emitted), otherwise);
    };
    tell(change_of("error rate", service_.id.value(), service_.state, Feature::error_rate, " %", 100),
         own(Symptom::errors, hypothesis_.emits.errors, expected.errors));
    tell(slowness(service_.id.value(), service_.state),
         own(Symptom::slow, hypothesis_.emits.slow, expected.slow));
    tell(change_of("error log rate", service_.id.value(), service_.state, Feature::log_error_rate, "/s"),
         gain_of(Symptom::log_errors));
}

void Explainer::tell_load() {
    const auto tell_change = [&](std::string_view what, Symptom symptom, Feature feature,
                                 std::string_view unit) {
        tell(change_of(what, name_of(symptom), state_of(symptom), feature, unit), gain_of(symptom));
    };
    const bool more = service_.symptoms[Symptom::rate_up] > service_.symptoms[Symptom::rate_down];
    tell_change("request rate", more ? Symptom::rate_up : Symptom::rate_down, Feature::rate_rps, "/s");
    tell_change("CPU", Symptom::cpu_up, Feature::cpu_pct, " %");
    tell_change("memory", Symptom::memory_up, Feature::mem_mb, " MB");
    tell_change("requests in flight", Symptom::busy, Feature::in_flight, "");
}

void Explainer::tell_presence() {
    if (service_.symptoms[Symptom::stale] > 0 && service_.state != nullptr) {
        tell(fmt::format("{} has sent no telemetry for {}", service_.id.value(),
                         seconds(scene_.at - service_.state->latest.end)),
             gain_of(Symptom::stale));
        tell(service_.symptoms[Symptom::starved_callees] > 0
                 ? "the services that " + service_.id.value() + " calls get less traffic"
                 : "the services that " + service_.id.value() + " calls get their usual traffic",
             gain_of(Symptom::starved_callees));
    }
    const auto silent = std::ranges::max_element(service_.instances, {}, [](const InstanceScene& instance) {
        return instance.symptoms[Symptom::instance_silent];
    });
    if (silent == service_.instances.end()) return;
    const auto others = service_.instances.size() - 1;
    tell(
        silent->symptoms[Symptom::instance_silent] > 0
            ? fmt::format("instance {} has served nothing since {} while {} go{} on",
                          silent->subject->instance->value(), clock_of(silent->state->latest.end),
                          others == 1 ? "its peer" : fmt::format("{} peers", others), others == 1 ? "es" : "")
            : fmt::format("all {} instances of {} report", others + 1, service_.id.value()),
        gain_of(Symptom::instance_silent));
}

void Explainer::tell_callers() {
    std::vector<std::string> failing;
    std::vector<std::string> waiting;
    double total = 0;
    for (const Index number : service_.served) {
        const auto& call = scene_.calls[number];
        const auto& expected = background_.calls[number];
        const auto& caller = scene_.services[call.caller].id.value();
        if (call.errors > 1) failing.push_back(caller);
        if (call.slow > 1) waiting.push_back(caller);
        if (hypothesis_.emits.errors > 0)
            total += gain(call.errors, kPropagation.seen_on_call, expected.errors);
        if (hypothesis_.emits.slow > 0) total += gain(call.slow, kPropagation.seen_on_call, expected.slow);
    }
    const auto list = [&](const std::vector<std::string>& callers, std::string_view what) {
        constexpr std::size_t kNamed = 3;
        std::string names;
        for (std::size_t i = 0; i < std::min(callers.size(), kNamed); ++i)
            names += (i > 0 ? ", " : "") + callers[i];
        if (callers.size() > kNamed) names += ", …";
        return fmt::format("{} of {} callers of {} {}{}{}", callers.size(), service_.served.size(),
                           service_.id.value(), what, callers.empty() ? "" : ": ", names);
    };
    if (service_.served.empty()) return;
    if (hypothesis_.emits.errors == 0 && hypothesis_.emits.slow == 0) {
        if (hypothesis_.fault == Fault::telemetry_silence && failing.empty() && waiting.empty()) {
            tell(fmt::format("all {} callers of {} get their answers as usual", service_.served.size(),
                             service_.id.value()),
                 kWorthTelling);
        }
        return;
    }
    const bool errors = failing.size() >= waiting.size();
    tell(list(errors ? failing : waiting, errors ? "see errors" : "wait longer"), total);
}

void Explainer::tell_lost_call() {
    if (!hypothesis_.lost_call) return;
    const auto& call = scene_.calls[*hypothesis_.lost_call];
    const auto& callee = scene_.services[call.callee];
    tell(change_of("error rate of the calls", service_.id.value() + " → " + callee.id.value(), call.state,
                   Feature::error_rate, " %", 100),
         gain(call.errors, kPropagation.seen_on_call, background_.calls[*hypothesis_.lost_call].errors));
    if (callee.symptoms[Symptom::errors] < 0) {
        tell(callee.id.value() + " itself answers without errors",
             -std::log1p(callee.symptoms[Symptom::errors]));
    }
}

void Explainer::tell_order() {
    const auto way = network_.spread(hypothesis_.service, hypothesis_.emits, background_);
    if (!way.first_onset || !service_.onset) return;
    const auto lead = *way.first_onset - *service_.onset;
    if (lead >= std::chrono::seconds{1}) {
        tell(fmt::format("{} showed it first, {} before its callers", service_.id.value(), seconds(lead)),
             kWorthTelling);
    }
}

/// The symptom by which an instance with the fault differs from its peers.
std::optional<Symptom> telltale(Fault fault) {
    switch (fault) {
        case Fault::crash:
        case Fault::hang: return Symptom::instance_silent;
        case Fault::cpu_burn: return Symptom::cpu_up;
        case Fault::memory_leak: return Symptom::memory_up;
        case Fault::slow_dependency: return Symptom::slow;
        case Fault::lost_dependency: return Symptom::errors;
        case Fault::load_surge:
        case Fault::bad_version:
        case Fault::telemetry_silence:
        case Fault::load_change:
        case Fault::unknown: return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

const InstanceScene* localise(const Scene& scene, const Hypothesis& hypothesis) {
    const auto& service = scene.services[hypothesis.service];
    const auto symptom = telltale(hypothesis.fault);
    if (!symptom) return nullptr;
    if (hypothesis.fault == Fault::crash && service.exit != nullptr) {
        const auto exited = std::ranges::find_if(service.instances, [&](const InstanceScene& instance) {
            return instance.subject->instance == service.exit->instance;
        });
        if (exited != service.instances.end()) return &*exited;
    }
    if (service.instances.size() == 1) return &service.instances.front();
    return one_stands_out(service, *symptom);
}

std::vector<Evidence> explain(const Scene& scene, const Network& network, const Hypothesis& hypothesis,
                              const Background& background) {
    return Explainer(scene, network, hypothesis, background).tell();
}

}  // namespace homeostat::diagnose
