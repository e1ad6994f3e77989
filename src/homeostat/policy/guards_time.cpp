// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "homeostat/base/contains.h"
#include "homeostat/policy/calendar.h"
#include "homeostat/policy/guards.h"

namespace homeostat::policy {
namespace {

bool touches(const Act& act, const Target& target) {
    return std::ranges::any_of(act.targets, [&](const Target& other) { return overlap(other, target); });
}

std::string name_of(const Target& target) {
    return target.instance ? target.service.value() + "/" + target.instance->value() : target.service.value();
}

std::string rounded_up_seconds(Duration duration) {
    return fmt::format("{} s", std::chrono::ceil<std::chrono::seconds>(duration).count());
}

bool concerns(const MaintenanceWindow& window, const model::ServiceId& service) {
    return window.services.empty() || contains(window.services, service);
}

void check_maintenance(const Question& question, const model::ServiceId& service, Objections& objections) {
    const auto now = question.situation.now;
    const auto loop_time = [&](EventTime at) { return now.loop + (at - now.event); };
    bool restricted = false;
    bool allowed = false;
    std::optional<EventTime> opens_at;
    for (const auto& window : question.config.maintenance) {
        if (!concerns(window, service)) continue;
        const auto position = locate(window, now.event);
        if (window.effect == MaintenanceEffect::freeze && position.ends_at) {
            objections.push_back(
                {.text = fmt::format("{} is frozen by maintenance window '{}' until {}", service.value(),
                                     window.name, format_rfc3339(*position.ends_at)),
                 .retry_at = loop_time(*position.ends_at)});
        }
        if (window.effect != MaintenanceEffect::allow) continue;
        restricted = true;
        allowed = allowed || position.ends_at.has_value();
        if (position.starts_at && (!opens_at || *position.starts_at < *opens_at))
            opens_at = position.starts_at;
    }
    if (!restricted || allowed) return;
    objections.push_back(
        {.text =
             fmt::format("{} may be acted upon only inside its maintenance windows; the next one starts {}",
                         service.value(), opens_at ? format_rfc3339(*opens_at) : "later"),
         .retry_at = opens_at ? std::optional(loop_time(*opens_at)) : std::nullopt});
}

}  // namespace

void guard_evidence(const Question& question, Objections& objections) {
    const auto& evidence = question.situation.evidence;
    const auto& cause = question.plan.cause;
    const auto ask_again = question.situation.now.loop + kAskAgain;
    if (cause.kind == model::CauseKind::telemetry_silence) {
        objections.push_back({.text = "the telemetry is silent, not the service: nothing may be done"});
    }
    if (evidence.inconclusive) {
        objections.push_back({.text = "the diagnosis is inconclusive: " + *evidence.inconclusive});
    }
    if (evidence.stale) {
        objections.push_back(
            {.text = "the telemetry of a target is stale: what is not seen is not acted upon",
             .retry_at = ask_again});
    }
    // Evidence from the future is as wrong as evidence from the past: a clock is off.
    const auto age = question.situation.now.event - evidence.at;
    const auto limit = question.config.max_evidence_age;
    if (age > limit || -age > limit) {
        objections.push_back(
            {.text = fmt::format("the evidence is {} s old, more than {}",
                                 std::chrono::duration<double>(age).count(), format_duration(limit)),
             .retry_at = ask_again});
    }
    if (!(cause.posterior >= question.config.min_posterior)) {
        objections.push_back({.text = fmt::format("the cause has a probability of {:.3f}, less than {:.3f}",
                                                  cause.posterior, question.config.min_posterior)});
    }
}

void guard_busy(const Question& question, Objections& objections) {
    for (const auto& target : question.targets) {
        for (const auto& act : question.ledger.acts()) {
            if (act.finished_at || !touches(act, target)) continue;
            objections.push_back({.text = fmt::format("{} is being acted upon for incident {}",
                                                      name_of(target), act.incident.value()),
                                  .retry_at = question.situation.now.loop + kAskAgain});
        }
    }
}

void guard_cooldown(const Question& question, Objections& objections) {
    const auto now = question.situation.now.loop;
    const auto cooldown = question.config.cooldown;
    for (const auto& target : question.targets) {
        std::optional<LoopTime> last;
        for (const auto& act : question.ledger.acts()) {
            if (!act.finished_at || !touches(act, target)) continue;
            if (!last || *act.finished_at > *last) last = act.finished_at;
        }
        if (!last || now >= *last + cooldown) continue;
        objections.push_back(
            {.text = fmt::format("the last act on {} ended {} ago; the cool-down is {}", name_of(target),
                                 format_duration(now - *last), format_duration(cooldown)),
             .retry_at = *last + cooldown});
    }
}

void guard_rate(const Question& question, Objections& objections) {
    const auto now = question.situation.now.loop;
    const std::size_t limit = question.config.max_acts_per_hour;
    std::vector<LoopTime> starts;
    for (const auto& act : question.ledger.acts()) {
        if (act.started_at + kRateWindow > now) starts.push_back(act.started_at);
    }
    const auto after = starts.size() + 1;
    if (after <= limit) return;
    std::ranges::sort(starts);
    // There is room for this act once the oldest `after - limit` ones are an hour old.
    const auto retry = limit == 0 ? std::nullopt : std::optional(starts[after - limit - 1] + kRateWindow);
    objections.push_back(
        {.text = fmt::format("this would be act {} within an hour; the limit is {}{}", after, limit,
                             retry ? ", room again in " + rounded_up_seconds(*retry - now) : ""),
         .retry_at = retry});
}

void guard_strikes(const Question& question, Objections& objections) {
    const auto now = question.situation.now.loop;
    for (const auto& target : question.services) {
        const auto strikes = std::ranges::count_if(question.ledger.acts(), [&](const Act& act) {
            return act.outcome == ActOutcome::failed && act.finished_at &&
                   *act.finished_at + question.config.strike_window > now &&
                   contains(act.targets, target.service, &Target::service);
        });
        if (std::cmp_less(strikes, question.config.max_strikes)) continue;
        objections.push_back(
            {.text = fmt::format("{} acts on {} failed within {}; after {} a person must look", strikes,
                                 target.service.value(), format_duration(question.config.strike_window),
                                 question.config.max_strikes)});
    }
}

void guard_maintenance(const Question& question, Objections& objections) {
    for (const auto& target : question.services) check_maintenance(question, target.service, objections);
}

}  // namespace homeostat::policy
