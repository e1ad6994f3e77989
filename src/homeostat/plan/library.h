// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "homeostat/base/result.h"
#include "homeostat/model/diagnosis.h"
#include "homeostat/model/ids.h"
#include "homeostat/model/service.h"
#include "homeostat/plan/playbook.h"

namespace homeostat::plan {

/// The playbooks in force.
class PlaybookLibrary {
public:
    static constexpr std::size_t kMaxPlaybooks = 1000;

    PlaybookLibrary() = default;

    /// Errors: `invalid_argument` when two have one name and version; `resource_exhausted` above the bound.
    [[nodiscard]] static Result<PlaybookLibrary> create(std::vector<Playbook> playbooks);

    /// The remedies for a cause, in the order in which they are tried: by `order`, then by name.
    [[nodiscard]] std::vector<const Playbook*> ladder(model::CauseKind cause, const model::ServiceId& service,
                                                      model::Criticality criticality) const;

    /// All of them, by `order`, then by name and version.
    [[nodiscard]] const std::vector<Playbook>& playbooks() const { return playbooks_; }

private:
    std::vector<Playbook> playbooks_;
};

}  // namespace homeostat::plan
