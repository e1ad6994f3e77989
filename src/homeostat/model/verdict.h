// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"

namespace homeostat::model {

enum class Decision : std::uint8_t {
    allow,
    needs_approval,
    suggest,  // the mode forbids acting: recorded as what would have been done
    deny,     // not now: `retry_at` of a reason may say when
};

/// One rule's word. Every rule that objected is listed, not the first only.
struct Reason {
    std::string rule;                    // stable id, such as "cooldown" or "max_replicas"
    std::string text;                    // plain words with the limit and the value after the act
    std::optional<LoopTime> retry_at;    // of a denial that time alone will lift
    Decision decision = Decision::deny;  // what this rule by itself asks for; allow: a person has answered it

    static constexpr auto describe() {
        return std::tuple{field("rule", &Reason::rule), field("text", &Reason::text),
                          field("retry_at_ns", &Reason::retry_at), field("decision", &Reason::decision)};
    }
    friend bool operator==(const Reason&, const Reason&) = default;
};

struct Verdict {
    Decision decision = Decision::deny;
    std::vector<Reason> reasons;
    PolicyVersion policy;

    static constexpr auto describe() {
        return std::tuple{field("decision", &Verdict::decision), field("reasons", &Verdict::reasons),
                          field("policy", &Verdict::policy)};
    }
    friend bool operator==(const Verdict&, const Verdict&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::Decision> =
    std::to_array<std::string_view>({"allow", "needs_approval", "suggest", "deny"});
