// SPDX-License-Identifier: Apache-2.0
#include "homeostat/policy/policy_config.h"

#include <fmt/format.h>

#include "homeostat/base/hash.h"
#include "homeostat/policy/calendar.h"

namespace homeostat::policy {
namespace {

/// One thing that is wrong with the settings taken together.
struct Flaw {
    std::string field;
    homeostat::Objection objection;
};

std::optional<Flaw> flaw_of_range(std::string field, std::int32_t min_replicas, std::int32_t max_replicas) {
    if (0 <= min_replicas && min_replicas <= max_replicas) return std::nullopt;
    return Flaw{std::move(field),
                {fmt::format("leaves no number of replicas between {} and {}", min_replicas, max_replicas),
                 "choose 0 <= min_replicas <= max_replicas"}};
}

std::vector<Flaw> flaws_of(const PolicyConfig& config) {
    std::vector<Flaw> flaws;
    if (auto flaw = flaw_of_range("max_replicas", config.min_replicas, config.max_replicas)) {
        flaws.push_back(*std::move(flaw));
    }
    for (std::size_t i = 0; i < config.rules.size(); ++i) {
        const auto& rule = config.rules[i];
        if (!rule.min_replicas && !rule.max_replicas) continue;
        if (auto flaw =
                flaw_of_range(fmt::format("rules[{}]", i), rule.min_replicas.value_or(config.min_replicas),
                              rule.max_replicas.value_or(config.max_replicas))) {
            flaws.push_back(*std::move(flaw));
        }
    }
    return flaws;
}

}  // namespace

std::optional<homeostat::Objection> accept_time_of_day(const std::string& text) {
    if (minute_of_day(text)) return std::nullopt;
    return homeostat::Objection{fmt::format("'{}' is no time of day", text),
                                "write HH:MM in UTC, such as 22:30"};
}

void PolicyConfig::check(Findings& findings) const {
    for (auto& flaw : flaws_of(*this)) {
        findings.report(flaw.field, std::move(flaw.objection.message), std::move(flaw.objection.cure));
    }
}

Result<> check(const PolicyConfig& config) {
    for (const auto& window : config.maintenance) {
        for (const auto& time : {window.from, window.to}) {
            const auto objection = accept_time_of_day(time);
            if (!objection) continue;
            return fail(ErrorCode::invalid_argument,
                        fmt::format("maintenance window '{}': {}; {}", window.name, objection->message,
                                    objection->cure));
        }
    }
    const auto flaws = flaws_of(config);
    if (flaws.empty()) return {};
    const auto& [field, objection] = flaws.front();
    return fail(ErrorCode::invalid_argument,
                fmt::format("{}: {}; {}", field, objection.message, objection.cure));
}

model::PolicyVersion version_of(const PolicyConfig& config) {
    return model::PolicyVersion{to_hex(hash64(json::to_text(show(config))))};
}

}  // namespace homeostat::policy
