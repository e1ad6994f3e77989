// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/model/plan.h"
#include "homeostat/model/verdict.h"
#include "homeostat/policy/ledger.h"
#include "homeostat/policy/policy_config.h"
#include "homeostat/policy/situation.h"

/// The guards behind Guardrails::judge: one small function a rule, in one list, so that each can be tested,
/// and a planted mistake in one be caught, by itself.
namespace homeostat::policy {

/// The settings that hold for one target, after the rules.
struct Settings {
    model::Autonomy mode = model::Autonomy::observe;
    std::vector<model::ActionKind> allowed_actions;
    std::int32_t min_replicas = 0;
    std::int32_t max_replicas = 0;
    std::int32_t max_scale_step = 0;
    std::uint32_t max_unavailable_pct = 0;
};

/// One service of a plan: its state and the settings for it.
struct TargetService {
    model::ServiceId service;
    const ServiceState* state = nullptr;  // null: nothing is known about it
    Settings settings;
};

/// All that a guard may look at.
struct Question {
    const PolicyConfig& config;
    const model::Plan& plan;
    const Situation& situation;
    const Ledger& ledger;
    std::vector<Target> targets;          // sorted
    std::vector<TargetService> services;  // of the targets, sorted, each once
};

[[nodiscard]] Question make_question(const PolicyConfig& config, const model::Plan& plan,
                                     const Situation& situation, const Ledger& ledger);

struct Objection {
    model::Decision decision = model::Decision::deny;
    std::string text;
    std::optional<LoopTime> retry_at;
};
using Objections = std::vector<Objection>;

struct GuardRule {
    std::string_view id;
    void (*check)(const Question&, Objections&);
};

/// All guards, in the order in which their reasons are listed.
[[nodiscard]] std::span<const GuardRule> guard_rules();

/// The bound that a percentage sets on `count` things: rounded down, and never below one.
[[nodiscard]] std::uint64_t percent_limit(std::uint64_t count, std::uint32_t percent);

/// Denials that lift when something else happens (an act ends, telemetry returns): ask again this soon.
inline constexpr Duration kAskAgain = std::chrono::seconds{1};

inline constexpr Duration kRateWindow = std::chrono::hours{1};
inline constexpr std::string_view kStrikesRule = "strikes";

// Guards of time: what was done, and when it may be done.
void guard_evidence(const Question& question, Objections& objections);
void guard_busy(const Question& question, Objections& objections);
void guard_cooldown(const Question& question, Objections& objections);
void guard_rate(const Question& question, Objections& objections);
void guard_strikes(const Question& question, Objections& objections);
void guard_maintenance(const Question& question, Objections& objections);

// Guards of the act itself: what it touches, and how much of it.
void guard_plan(const Question& question, Objections& objections);
void guard_allowed_actions(const Question& question, Objections& objections);
void guard_replicas(const Question& question, Objections& objections);
void guard_unavailable(const Question& question, Objections& objections);
void guard_targets(const Question& question, Objections& objections);

/// The number of replicas that a scale step asks for; empty when the step does not say it as a number.
[[nodiscard]] std::optional<std::int64_t> wanted_replicas(const model::ActionRequest& action);

}  // namespace homeostat::policy
