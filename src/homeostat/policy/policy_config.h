// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/base/schema.h"
#include "homeostat/base/time.h"
#include "homeostat/model/action.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/plan.h"
#include "homeostat/model/service.h"

namespace homeostat::policy {

/// The longest cool-down and strike window: what the ledger must remember.
inline constexpr Duration kMaxMemory = std::chrono::hours{24};

/// Objects to anything but HH:MM from 00:00 to 23:59.
[[nodiscard]] std::optional<homeostat::Objection> accept_time_of_day(const std::string& text);

enum class Weekday : std::uint8_t { sunday, monday, tuesday, wednesday, thursday, friday, saturday };

enum class MaintenanceEffect : std::uint8_t {
    freeze,  // nothing is done inside the window
    allow,   // something is done only inside a window of this kind
};

/// A range of the day in UTC, on some days of the week. `from` = `to` is the whole day; a range that
/// wraps over midnight belongs to the day on which it starts.
struct MaintenanceWindow {
    std::string name;
    MaintenanceEffect effect = MaintenanceEffect::freeze;
    std::vector<Weekday> days;               // empty: every day
    std::string from = "00:00";              // HH:MM
    std::string to = "00:00";                // HH:MM, not included
    std::vector<model::ServiceId> services;  // empty: all

    static constexpr auto schema() {
        return std::tuple{
            setting("name", &MaintenanceWindow::name, "What the window is called in reasons.",
                    {.min = 1, .required = true}),
            setting("effect", &MaintenanceWindow::effect,
                    "freeze: nothing is done inside; allow: something is done only inside."),
            setting("days", &MaintenanceWindow::days, "Days on which it starts; none named: every day."),
            setting("from", &MaintenanceWindow::from, "Start, HH:MM in UTC.", {.accept = accept_time_of_day}),
            setting("to", &MaintenanceWindow::to,
                    "End, HH:MM in UTC, not included; at or before 'from': the next day.",
                    {.accept = accept_time_of_day}),
            setting("services", &MaintenanceWindow::services, "For these services only; none named: all.")};
    }
    friend bool operator==(const MaintenanceWindow&, const MaintenanceWindow&) = default;
};

/// When a person must say yes although the mode is `auto`.
struct ApprovalConfig {
    model::Criticality criticality = model::Criticality::critical;  // a target as critical as this or more
    model::Risk risk = model::Risk::high;                           // a step as risky as this or more
    std::uint32_t blast_radius = 50;          // more services upstream of the targets than this
    std::uint32_t critical_blast_radius = 5;  // more critical services upstream of the targets than this

    static constexpr auto schema() {
        return std::tuple{
            setting("criticality", &ApprovalConfig::criticality,
                    "A person must say yes for targets as critical as this or more."),
            setting("risk", &ApprovalConfig::risk,
                    "A person must say yes for steps as risky as this or more."),
            setting("blast_radius", &ApprovalConfig::blast_radius,
                    "A person must say yes when more services than this call the targets."),
            setting("critical_blast_radius", &ApprovalConfig::critical_blast_radius,
                    "A person must say yes when more critical services than this call the targets.")};
    }
    friend bool operator==(const ApprovalConfig&, const ApprovalConfig&) = default;
};

/// Other settings for some targets. An empty selector matches everything. Of the rules that match and set
/// a value, the last one counts.
struct PolicyRule {
    std::vector<model::ServiceId> services;
    std::vector<model::Criticality> criticality;
    std::vector<model::CauseKind> causes;
    std::vector<std::string> playbooks;  // by name, or by name@version

    std::optional<model::Autonomy> mode;
    std::optional<std::vector<model::ActionKind>> allowed_actions;
    std::optional<std::int32_t> min_replicas;
    std::optional<std::int32_t> max_replicas;
    std::optional<std::int32_t> max_scale_step;
    std::optional<std::uint32_t> max_unavailable_pct;

    static constexpr auto schema() {
        return std::tuple{
            setting("services", &PolicyRule::services, "For these services only."),
            setting("criticality", &PolicyRule::criticality, "For services of these criticalities only."),
            setting("causes", &PolicyRule::causes, "For these kinds of cause only."),
            setting("playbooks", &PolicyRule::playbooks,
                    "For these playbooks only, by name or name@version."),
            setting("mode", &PolicyRule::mode, "How far playbooks may go by themselves."),
            setting("allowed_actions", &PolicyRule::allowed_actions, "The only actions that may be taken."),
            setting("min_replicas", &PolicyRule::min_replicas, "Fewest replicas after an act.", {.min = 0}),
            setting("max_replicas", &PolicyRule::max_replicas, "Most replicas after an act.", {.min = 1}),
            setting("max_scale_step", &PolicyRule::max_scale_step, "Replicas added or removed by one act.",
                    {.min = 1}),
            setting("max_unavailable_pct", &PolicyRule::max_unavailable_pct,
                    "Share of a service's instances out of service at once, in percent; one always may be.",
                    {.max = 100})};
    }
    friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

/// What Homeostat may do by itself, and how much of it at once. A limit in percent always leaves room for
/// one: else a system of one service, or a service of one instance, could never be healed.
struct PolicyConfig {
    model::Autonomy mode = model::Autonomy::approve;
    std::vector<model::ActionKind> allowed_actions{model::ActionKind::restart, model::ActionKind::scale,
                                                   model::ActionKind::rollback, model::ActionKind::reroute,
                                                   model::ActionKind::throttle};

    std::int32_t min_replicas = 1;
    std::int32_t max_replicas = 10;
    std::int32_t max_scale_step = 4;         // replicas added or removed by one act
    std::uint32_t max_unavailable_pct = 50;  // of a service's instances, counting those that are down already

    std::uint32_t max_targets = 3;       // services acted upon at once
    std::uint32_t max_targets_pct = 30;  // of all services
    std::uint32_t max_acts_per_hour = 30;
    Duration cooldown = std::chrono::seconds{30};  // from the end of an act on a target to the next one

    std::uint32_t max_strikes = 3;  // failed acts on a service within the window: stop and call a person
    Duration strike_window = std::chrono::hours{1};

    double min_posterior = 0.6;
    Duration max_evidence_age = std::chrono::seconds{15};
    std::uint32_t max_open_incidents = 5;  // more is a storm: then it only asks

    ApprovalConfig approval;
    std::vector<MaintenanceWindow> maintenance;
    std::vector<PolicyRule> rules;

    static constexpr auto schema() {
        return std::tuple{
            setting("mode", &PolicyConfig::mode,
                    "How far playbooks may go by themselves: observe, suggest, approve or auto."),
            setting("allowed_actions", &PolicyConfig::allowed_actions, "The only actions that may be taken."),
            setting("min_replicas", &PolicyConfig::min_replicas, "Fewest replicas after an act.", {.min = 0}),
            setting("max_replicas", &PolicyConfig::max_replicas, "Most replicas after an act.", {.min = 1}),
            setting("max_scale_step", &PolicyConfig::max_scale_step, "Replicas added or removed by one act.",
                    {.min = 1}),
            setting("max_unavailable_pct", &PolicyConfig::max_unavailable_pct,
                    "Share of a service's instances out of service at once, in percent; one always may be.",
                    {.max = 100}),
            setting("max_targets", &PolicyConfig::max_targets,
                    "Services acted upon at once; 0 forbids all acts."),
            setting("max_targets_pct", &PolicyConfig::max_targets_pct,
                    "Share of all services acted upon at once, in percent; one always may be.", {.max = 100}),
            setting("max_acts_per_hour", &PolicyConfig::max_acts_per_hour, "Acts started within any hour.",
                    {.max = 100}),
            setting("cooldown", &PolicyConfig::cooldown,
                    "From the end of an act on a target to the next one.",
                    {.min = Duration::zero(), .max = kMaxMemory}),
            setting("max_strikes", &PolicyConfig::max_strikes,
                    "Failed acts on a service within the strike window after which a person must look.",
                    {.min = 1}),
            setting("strike_window", &PolicyConfig::strike_window,
                    "How long a failed act counts as a strike.",
                    {.min = Duration::zero(), .max = kMaxMemory}),
            setting("min_posterior", &PolicyConfig::min_posterior,
                    "Least probability of a cause to act upon.", {.min = 0, .max = 1}),
            setting("max_evidence_age", &PolicyConfig::max_evidence_age, "Older evidence is not acted upon.",
                    {.min = Duration::zero()}),
            setting("max_open_incidents", &PolicyConfig::max_open_incidents,
                    "With more open incidents than this, a person must say yes to each act."),
            setting("approval", &PolicyConfig::approval,
                    "When a person must say yes although the mode is auto."),
            setting("maintenance", &PolicyConfig::maintenance, "Windows of time that forbid or permit acts."),
            setting("rules", &PolicyConfig::rules,
                    "Other settings for some targets; of the rules that match, the last that sets a value "
                    "counts.")};
    }

    /// What the types cannot say, such as min <= max.
    void check(Findings& findings) const;
    friend bool operator==(const PolicyConfig&, const PolicyConfig&) = default;
};

/// Checks a configuration that came from no file, as its file would be. Errors: `invalid_argument`, naming
/// the setting, the value and the cure.
[[nodiscard]] Result<> check(const PolicyConfig& config);

/// The name of a policy in records: equal for equal configurations.
[[nodiscard]] model::PolicyVersion version_of(const PolicyConfig& config);

}  // namespace homeostat::policy

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::policy::Weekday> = std::to_array<std::string_view>(
    {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"});
template <>
inline constexpr auto homeostat::kEnumNames<homeostat::policy::MaintenanceEffect> =
    std::to_array<std::string_view>({"freeze", "allow"});
