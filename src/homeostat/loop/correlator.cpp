// SPDX-License-Identifier: Apache-2.0
#include "homeostat/loop/correlator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::loop {
namespace {

/// "crash of payment/payment-2 (posterior 0.97)", or why it is inconclusive.
std::string summary(const model::Diagnosis& diagnosis) {
    if (diagnosis.inconclusive) return "inconclusive: " + *diagnosis.inconclusive;
    const auto& cause = diagnosis.causes.front();
    const auto target = to_string(model::Subject{.service = cause.service, .instance = cause.instance});
    return fmt::format("{} of {} (posterior {:.2f})", to_string(cause.kind), target, cause.posterior);
}

std::string what_is_abnormal(const std::vector<model::Subject>& subjects) {
    if (subjects.empty()) return "something has exited or fallen silent";
    if (subjects.size() == 1) return to_string(subjects.front()) + " is abnormal";
    return fmt::format("{} subjects are abnormal together", subjects.size());
}

/// A change of mind is worth a record; another digit of the posterior is not.
std::string opinion(const model::Diagnosis& diagnosis) {
    if (diagnosis.inconclusive || diagnosis.causes.empty()) return "inconclusive";
    const auto& cause = diagnosis.causes.front();
    return fmt::format("{}/{}", to_string(cause.kind), cause.service.value());
}

std::size_t overlap(const std::set<model::Subject>& subjects, const model::Diagnosis& diagnosis) {
    return static_cast<std::size_t>(
        std::count_if(diagnosis.explained.begin(), diagnosis.explained.end(),
                      [&](const auto& subject) { return subjects.contains(subject); }));
}

/// The incident's culprit and its callers, direct or not: there a remedy in progress is felt.
std::set<model::ServiceId> around(const Run& run, const Knowledge& knowledge) {
    const auto* cause = run.cause();
    if (cause == nullptr) return {};
    const auto upstream = knowledge.graph().upstream(cause->service);
    std::set<model::ServiceId> near(upstream.begin(), upstream.end());
    near.insert(cause->service);
    return near;
}

/// Whether all that the diagnosis explains lies around the incident's culprit, or on calls to or from there.
bool lies_around(const Run& run, const model::Diagnosis& diagnosis, const Knowledge& knowledge) {
    const auto near = around(run, knowledge);
    return !near.empty() &&
           std::all_of(diagnosis.explained.begin(), diagnosis.explained.end(), [&](const auto& subject) {
               return near.contains(subject.service) || (subject.callee && near.contains(*subject.callee));
           });
}

/// The first abnormal window of a service, or of a call to it.
EventTime onset_of(const model::ServiceId& service, const Knowledge& knowledge) {
    auto onset = EventTime::max();
    for (const auto& [subject, anomaly] : knowledge.anomalies()) {
        if (subject.callee.value_or(subject.service) == service) onset = std::min(onset, anomaly.onset);
    }
    return onset;
}

/// Whether the diagnosis names a culprit that fell ill well after the incident began: another cause, though
/// both may be felt at the same callers. What happens around a remedy in progress is rather of that.
bool is_another_cause(const Run& run, const model::Diagnosis& diagnosis, const Knowledge& knowledge) {
    constexpr Duration kSameTrouble = std::chrono::seconds{5};
    if (diagnosis.inconclusive || diagnosis.causes.empty()) return false;
    const auto& culprit = diagnosis.causes.front().service;
    if (run.cause() != nullptr && run.cause()->service == culprit) return false;
    if (run.is_acting() && around(run, knowledge).contains(culprit)) return false;
    const auto onset = onset_of(culprit, knowledge);
    return onset != EventTime::max() && onset > run.incident.opened_at + kSameTrouble;
}

/// What a remedy only makes room for: load goes on, queues drain, caches fill.
bool lingers(model::CauseKind kind) {
    return kind == model::CauseKind::load_surge || kind == model::CauseKind::cpu_burn ||
           kind == model::CauseKind::slow_dependency;
}

/// Whether the diagnosis names the service once more that the incident was resolved of.
bool may_linger(const Run& run, const model::Diagnosis& diagnosis) {
    const auto* cause = run.cause();
    if (cause == nullptr || diagnosis.causes.empty()) return false;
    const auto& now = diagnosis.causes.front();
    return cause->service == now.service && lingers(cause->kind) && lingers(now.kind);
}

bool is_latency(model::Feature feature) {
    return feature == model::Feature::latency_ms || feature == model::Feature::latency_p50_ms ||
           feature == model::Feature::latency_p95_ms;
}

/// Whether the culprit's requests fare no worse than when it was found to be well again. Without a latency to
/// compare, nothing shows that.
bool is_no_worse(const Run& run, const Knowledge& knowledge) {
    constexpr double kSlower = 1.25;
    constexpr double kSlowerMs = 2;
    constexpr double kMoreErrors = 0.02;
    const auto* latest = knowledge.latest({.service = run.cause()->service});
    const auto& verification = run.incident.verification;
    if (latest == nullptr || !verification) return false;
    bool compared = false;
    for (const auto& reading : verification->readings) {
        const double now = latest->values.get_or(reading.feature, 0);
        if (reading.feature == model::Feature::error_rate && now > reading.after + kMoreErrors) return false;
        if (!is_latency(reading.feature)) continue;
        if (now > reading.after * kSlower + kSlowerMs) return false;
        compared = true;
    }
    return compared;
}

/// An exit and a silence are seen as such; all else rests on an anomaly.
bool shows_without_anomaly(const model::Diagnosis& diagnosis) {
    if (!diagnosis.harmful || diagnosis.causes.empty()) return false;
    const auto kind = diagnosis.causes.front().kind;
    return kind == model::CauseKind::crash || kind == model::CauseKind::telemetry_silence;
}

}  // namespace

void Correlator::correlate(Knowledge& knowledge, Recorder& recorder) {
    for (auto& [id, run] : open_) run.fresh_diagnosis = run.harms = false;
    unexplained_now_.clear();
    if (knowledge.is_troubled()) attribute(knowledge, recorder);
    std::erase_if(unexplained_, [&](const auto& entry) { return !unexplained_now_.contains(entry.first); });
    for (auto& [id, run] : open_) {
        if (run.harms)
            run.harmless_since.reset();
        else if (!run.harmless_since)
            run.harmless_since = knowledge.newest();
    }
}

void Correlator::attribute(Knowledge& knowledge, Recorder& recorder) {
    for (auto& diagnosis : knowledge.diagnose(knowledge.newest())) {
        if (diagnosis.explained.empty() && !shows_without_anomaly(diagnosis)) continue;
        if (auto* run = owner_of(diagnosis, knowledge)) {
            update(*run, std::move(diagnosis), recorder);
        } else if (!is_aftermath(diagnosis, knowledge, recorder.now()) && open_.size() < kMaxOpen &&
                   is_worth_opening(diagnosis, recorder.now().loop)) {
            open_incident(std::move(diagnosis), knowledge, recorder);
        }
    }
}

/// What harms nobody is on record as an anomaly, and no incident. What does, and has no cause yet that may be
/// acted upon, is one when it lasts.
bool Correlator::is_worth_opening(const model::Diagnosis& diagnosis, LoopTime now) {
    constexpr double kLikely = 0.75;                       // posterior
    constexpr Duration kHiccup = std::chrono::seconds{1};  // two windows in a row
    if (!diagnosis.harmful) return false;
    if (!diagnosis.inconclusive) return true;
    if (!diagnosis.causes.empty() && diagnosis.causes.front().posterior >= kLikely) return true;
    const auto patience = diagnosis.causes.empty() ? patience_.unexplained : kHiccup;
    bool lasting = false;
    for (const auto& subject : diagnosis.explained) {
        unexplained_now_.insert(subject);
        const auto since = unexplained_.try_emplace(subject, now).first->second;
        lasting = lasting || now - since >= patience;
    }
    return lasting;
}

Run* Correlator::owner_of(const model::Diagnosis& diagnosis, const Knowledge& knowledge) {
    Run* best = nullptr;
    std::size_t best_score = 0;
    for (auto& [id, run] : open_) {
        std::size_t score = overlap(run.subjects, diagnosis);
        const bool same_culprit = run.cause() != nullptr && !diagnosis.causes.empty() &&
                                  run.cause()->service == diagnosis.causes.front().service;
        // A person has the incident in hand; what shows up elsewhere is not theirs to wait for.
        const bool handed_over = run.incident.state == model::IncidentState::escalated;
        if (handed_over && !same_culprit && score < diagnosis.explained.size()) continue;
        if (is_another_cause(run, diagnosis, knowledge)) continue;
        if (same_culprit) score += 1000;
        if (score == 0 && run.is_acting() && lies_around(run, diagnosis, knowledge)) score = 1;
        if (score > best_score) {
            best = &run;
            best_score = score;
        }
    }
    return best;
}

bool Correlator::is_aftermath(const model::Diagnosis& diagnosis, const Knowledge& knowledge,
                              Instant now) const {
    return std::any_of(closed_.rbegin(), closed_.rend(), [&](const Run& run) {
        if (!run.closed || run.incident.state != model::IncidentState::resolved) return false;
        if (may_linger(run, diagnosis)) {
            const bool new_trouble =
                onset_of(run.cause()->service, knowledge) > *run.incident.closed_at + patience_.aftermath;
            return !new_trouble && is_no_worse(run, knowledge);
        }
        if (now.loop - *run.closed > patience_.aftermath) return false;
        if (std::any_of(run.remaining.begin(), run.remaining.end(), [&](const auto& subject) {
                return std::binary_search(diagnosis.explained.begin(), diagnosis.explained.end(), subject);
            }))
            return false;
        if (is_another_cause(run, diagnosis, knowledge)) return false;
        // A new fault begins after the old one ended; what began before is the old one dying away.
        const bool began_before =
            std::all_of(diagnosis.explained.begin(), diagnosis.explained.end(), [&](const auto& subject) {
                const auto found = knowledge.anomalies().find(subject);
                return found == knowledge.anomalies().end() || found->second.onset <= *run.incident.closed_at;
            });
        return began_before &&
               (overlap(run.subjects, diagnosis) > 0 || lies_around(run, diagnosis, knowledge));
    });
}

void Correlator::update(Run& run, model::Diagnosis diagnosis, Recorder& recorder) {
    run.harms = run.harms || diagnosis.harmful;
    if (run.incident.state == model::IncidentState::escalated) return;
    run.subjects.insert(diagnosis.explained.begin(), diagnosis.explained.end());
    // While a remedy is being tried the picture is of the remedy as much as of the fault.
    if (!run.is_deciding()) return;
    // Diagnoses come best founded first: what else is seen around this incident in the same second is no
    // reason to doubt the first conclusive one.
    if (run.fresh_diagnosis && (!run.incident.diagnosis.inconclusive || diagnosis.inconclusive)) return;
    const bool changed_mind = opinion(run.incident.diagnosis) != opinion(diagnosis);
    run.incident.diagnosis = std::move(diagnosis);
    run.fresh_diagnosis = true;
    if (!changed_mind) return;
    const auto kind =
        run.incident.diagnosis.inconclusive ? model::RecordKind::inconclusive : model::RecordKind::diagnosed;
    recorder.record(kind, run, summary(run.incident.diagnosis), to_json(run.incident.diagnosis));
}

void Correlator::open_incident(model::Diagnosis diagnosis, Knowledge& knowledge, Recorder& recorder) {
    const auto now = recorder.now();
    const model::IncidentId id{fmt::format("inc-{:06}", ++opened_)};
    auto& run = open_[id];
    run.incident.id = id;
    run.incident.opened_at = now.event;
    run.incident.onset = now.event;
    run.opened = now.loop;
    run.state_since = now.loop;
    for (const auto& subject : diagnosis.explained) {
        const auto found = knowledge.anomalies().find(subject);
        if (found != knowledge.anomalies().end())
            run.incident.onset = std::min(run.incident.onset, found->second.onset);
    }
    recorder.record(model::RecordKind::incident_opened, run, what_is_abnormal(diagnosis.explained),
                    to_json(diagnosis.explained));
    run.incident.diagnosis.inconclusive = "not diagnosed yet";
    update(run, std::move(diagnosis), recorder);
    if (run.incident.diagnosis.inconclusive) {
        recorder.record(model::RecordKind::inconclusive, run, summary(run.incident.diagnosis),
                        to_json(run.incident.diagnosis));
    }
}

void Correlator::retire(Knowledge& knowledge, Instant now) {
    std::set<model::ServiceId> held;
    for (auto it = open_.begin(); it != open_.end();) {
        const Run& run = it->second;
        if (!run.closed) {
            // What a person leaves as it is for long becomes the new normal.
            const bool lasting = run.incident.state == model::IncidentState::escalated &&
                                 now.loop - run.state_since > patience_.hold_learning;
            for (const auto& subject : run.subjects) {
                if (!lasting) held.insert(subject.service);
            }
            ++it;
            continue;
        }
        closed_.push_back(std::move(it->second));
        if (closed_.size() > kMaxClosed) closed_.pop_front();
        it = open_.erase(it);
    }
    knowledge.hold_learning(std::move(held));
}

}  // namespace homeostat::loop
