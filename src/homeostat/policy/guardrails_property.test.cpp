// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "homeostat/base/check.h"
#include "homeostat/policy/guardrails.h"

namespace homeostat::policy {
namespace {

using namespace std::chrono_literals;
using model::ActionKind;

/// A small system that does whatever the guardrails allow, and counts for itself, by other means than the
/// guards, what the limits are about.
class World {
public:
    World(PolicyConfig config, int services, int replicas)
        : guardrails_(make(config)), config_(std::move(config)) {
        for (int i = 0; i < services; ++i) replicas_[model::ServiceId{"s" + std::to_string(i)}] = replicas;
    }

    /// One random event: time passes, an act is asked for, or one ends.
    void event() {
        now_ += std::chrono::seconds{*rc::gen::inRange(0, 400)};
        const auto kind = *rc::gen::inRange(0, 3);
        if (kind == 0 && !running_.empty()) {
            finish();
        } else {
            ask();
        }
        check();
    }

private:
    struct Running {
        model::IncidentId incident;
        model::Plan plan;
    };
    struct Done {
        model::ServiceId service;
        std::optional<model::InstanceId> instance;
        LoopTime ended;
        bool failed;
    };

    static Guardrails make(const PolicyConfig& config) {
        auto guardrails = Guardrails::create(config);
        HOMEOSTAT_CHECK(guardrails);
        return *std::move(guardrails);
    }

    Situation situation() const {
        Situation out{.now = {.loop = now_, .event = EventTime{now_.time_since_epoch()}},
                      .evidence = {.at = EventTime{now_.time_since_epoch()}},
                      .service_count = static_cast<std::uint32_t>(replicas_.size())};
        for (const auto& [service, count] : replicas_) {
            for (int i = 0; i < count; ++i) {
                out.services[service].instances.emplace_back(service.value() + "-" + std::to_string(i));
            }
        }
        return out;
    }

    model::Plan random_plan() const {
        const auto service =
            model::ServiceId{"s" + std::to_string(*rc::gen::inRange(0, static_cast<int>(replicas_.size())))};
        model::Plan plan{.playbook = model::PlaybookId{"p@1"}, .cause = {.service = service, .posterior = 1}};
        model::PlannedStep step{.name = "step", .action = {.kind = ActionKind::restart, .service = service}};
        if (*rc::gen::arbitrary<bool>()) {
            step.action.kind = ActionKind::scale;
            step.action.parameters["replicas"] = *rc::gen::inRange<std::int64_t>(-1, 14);
        } else {
            step.action.instance =
                model::InstanceId{service.value() + "-" + std::to_string(*rc::gen::inRange(0, 4))};
        }
        plan.steps.push_back(step);
        return plan;
    }

    void ask() {
        auto plan = random_plan();
        if (*rc::gen::arbitrary<bool>()) plan = guardrails_.fit(plan, situation());
        ledger_.forget_before(guardrails_.horizon(now_));
        if (guardrails_.judge(plan, situation(), ledger_).decision != model::Decision::allow) return;
        check_history(plan);
        const model::IncidentId incident{"inc-" + std::to_string(++incidents_)};
        HOMEOSTAT_CHECK(ledger_.begin(incident, plan, now_));
        starts_.push_back(now_);
        carry_out(plan);
        running_.push_back({incident, plan});
    }

    void carry_out(const model::Plan& plan) {
        const auto& action = plan.steps.front().action;
        if (action.kind != ActionKind::scale) return;
        auto& replicas = replicas_.at(action.service);
        const auto wanted = static_cast<int>(*action.parameters.at("replicas").as_integer());
        RC_ASSERT(std::abs(wanted - replicas) <= config_.max_scale_step);
        replicas = wanted;
    }

    void finish() {
        const auto index = *rc::gen::inRange<std::size_t>(0, running_.size());
        const auto failed = *rc::gen::arbitrary<bool>();
        const auto& [incident, plan] = running_[index];
        HOMEOSTAT_CHECK(ledger_.finish(incident, failed ? ActOutcome::failed : ActOutcome::succeeded, now_));
        const auto& action = plan.steps.front().action;
        done_.push_back({action.service, action.instance, now_, failed});
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
    }

    /// What the past must have been like for a plan to be allowed now.
    void check_history(const model::Plan& plan) const {
        const auto& action = plan.steps.front().action;
        int strikes = 0;
        for (const auto& done : done_) {
            if (done.service != action.service) continue;
            const bool same = !done.instance || !action.instance || done.instance == action.instance;
            RC_ASSERT(!same || now_ - done.ended >= config_.cooldown);
            if (done.failed && now_ - done.ended < config_.strike_window) ++strikes;
        }
        RC_ASSERT(strikes < static_cast<int>(config_.max_strikes));
        for (const auto& other : running_) {
            const auto& busy = other.plan.steps.front().action;
            const bool same = busy.service == action.service &&
                              (!busy.instance || !action.instance || busy.instance == action.instance);
            RC_ASSERT(!same);
        }
    }

    /// What must be so at every moment.
    void check() const {
        std::set<model::ServiceId> targets;
        std::map<model::ServiceId, std::set<model::InstanceId>> out_of_service;
        for (const auto& running : running_) {
            const auto& action = running.plan.steps.front().action;
            targets.insert(action.service);
            if (action.instance) out_of_service[action.service].insert(*action.instance);
        }
        const auto share = std::max(
            1.0, std::floor(static_cast<double>(replicas_.size()) * config_.max_targets_pct / 100.0));
        RC_ASSERT(targets.size() <= config_.max_targets);
        RC_ASSERT(static_cast<double>(targets.size()) <= share);
        for (const auto& [service, instances] : out_of_service) {
            const auto limit = std::max(
                1.0, std::floor(replicas_.at(service) * (config_.max_unavailable_pct / 100.0) + 1e-9));
            RC_ASSERT(static_cast<double>(instances.size()) <= limit);
        }
        for (const auto& [service, count] : replicas_) {
            RC_ASSERT(count >= config_.min_replicas);
            RC_ASSERT(count <= config_.max_replicas);
        }
        const auto within_hour =
            std::ranges::count_if(starts_, [&](LoopTime start) { return now_ - start < 1h; });
        RC_ASSERT(within_hour <= static_cast<std::ptrdiff_t>(config_.max_acts_per_hour));
    }

    Guardrails guardrails_;
    PolicyConfig config_;
    std::map<model::ServiceId, int> replicas_;
    Ledger ledger_;
    LoopTime now_{24h};
    std::vector<Running> running_;
    std::vector<Done> done_;
    std::vector<LoopTime> starts_;
    int incidents_ = 0;
};

PolicyConfig random_config() {
    PolicyConfig config;
    config.mode = model::Autonomy::automatic;
    config.min_replicas = *rc::gen::inRange(1, 3);
    config.max_replicas = config.min_replicas + *rc::gen::inRange(2, 8);
    config.max_scale_step = *rc::gen::inRange(1, 4);
    config.max_unavailable_pct = *rc::gen::inRange(0U, 101U);
    config.max_targets = *rc::gen::inRange(0U, 6U);
    config.max_targets_pct = *rc::gen::inRange(0U, 101U);
    config.max_acts_per_hour = *rc::gen::inRange(0U, 8U);
    config.cooldown = std::chrono::seconds{*rc::gen::inRange(0, 600)};
    config.max_strikes = *rc::gen::inRange(1U, 4U);
    config.strike_window = std::chrono::seconds{*rc::gen::inRange(0, 7200)};
    return config;
}

RC_GTEST_PROP(GuardrailsProperty, NoSequenceOfActsEverExceedsALimit, ()) {
    const auto config = random_config();
    World world(config, *rc::gen::inRange(1, 9), config.min_replicas + 1);
    for (int i = 0; i < 60; ++i) world.event();
}

RC_GTEST_PROP(GuardrailsProperty, ADenialThatTimeLiftsIsLiftedByThen, ()) {
    auto config = random_config();
    const auto guardrails = Guardrails::create(config);
    const model::ServiceId service{"s"};
    model::Plan plan{.cause = {.service = service, .posterior = 1},
                     .steps = {{.name = "restart", .action = {.service = service}}}};
    Ledger ledger;
    LoopTime now{24h};
    const auto acts = *rc::gen::inRange(0, 6);
    for (int i = 0; i < acts; ++i) {
        const model::IncidentId incident{std::to_string(i)};
        HOMEOSTAT_CHECK(ledger.begin(incident, plan, now));
        now += std::chrono::seconds{*rc::gen::inRange(0, 600)};
        HOMEOSTAT_CHECK(ledger.finish(incident, ActOutcome::succeeded, now));
    }
    Situation situation{.now = {.loop = now}, .service_count = 1};
    situation.services[service] = {.instances = {model::InstanceId{"1"}}};
    const auto retry = retry_at(guardrails->judge(plan, situation, ledger));
    if (!retry) return;
    RC_ASSERT(*retry > now);
    situation.now.loop = *retry;
    RC_ASSERT(guardrails->judge(plan, situation, ledger).decision == model::Decision::allow);
    situation.now.loop = *retry - 1ns;
    RC_ASSERT(guardrails->judge(plan, situation, ledger).decision == model::Decision::deny);
}

RC_GTEST_PROP(GuardrailsProperty, TheSameQuestionHasTheSameAnswer, ()) {
    const auto guardrails = Guardrails::create(random_config());
    const model::ServiceId service{"s"};
    const model::Plan plan{.cause = {.service = service, .posterior = *rc::gen::inRange(0, 100) / 100.0},
                           .steps = {{.name = "restart", .action = {.service = service}}}};
    Situation situation{.service_count = *rc::gen::inRange(0U, 10U)};
    if (*rc::gen::arbitrary<bool>()) situation.services[service] = {.instances = {model::InstanceId{"1"}}};
    RC_ASSERT(guardrails->judge(plan, situation, {}) == guardrails->judge(plan, situation, {}));
}

}  // namespace
}  // namespace homeostat::policy
