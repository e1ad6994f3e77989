// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "homeostat/audit/chain.h"
#include "homeostat/base/time.h"
#include "homeostat/loop/effect.h"
#include "homeostat/loop/run.h"
#include "homeostat/model/audit_record.h"

namespace homeostat::loop {

/// Collects the effects of one step; each record is linked into the audit chain as it is made.
class Recorder {
public:
    explicit Recorder(audit::Chain chain) : chain_(std::move(chain)) {}

    void begin_step(Instant now) {
        now_ = now;
        ++step_;
    }
    [[nodiscard]] std::vector<Effect> take() { return std::exchange(effects_, {}); }

    /// A record that belongs to no incident.
    void record(model::RecordKind kind, std::optional<model::ServiceId> service, std::string reason,
                json::Value body);
    /// A record of an incident.
    void record(model::RecordKind kind, const Run& run, std::string reason, json::Value body);
    void emit(Effect effect) { effects_.push_back(std::move(effect)); }

    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] const audit::Chain& chain() const { return chain_; }

private:
    void seal(model::AuditRecord record);

    audit::Chain chain_;
    Instant now_;
    std::uint64_t step_ = 0;  // of the journal: where the inputs of a decision are found
    std::vector<Effect> effects_;
};

}  // namespace homeostat::loop
