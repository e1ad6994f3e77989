// SPDX-License-Identifier: Apache-2.0
#include "homeostat/plan/library.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "homeostat/base/contains.h"

namespace homeostat::plan {
namespace {

bool matches(const Match& match, model::CauseKind cause, const model::ServiceId& service,
             model::Criticality criticality) {
    return contains(match.causes, cause) && (match.services.empty() || contains(match.services, service)) &&
           (match.criticality.empty() || contains(match.criticality, criticality));
}

}  // namespace

Result<PlaybookLibrary> PlaybookLibrary::create(std::vector<Playbook> playbooks) {
    if (playbooks.size() > kMaxPlaybooks) {
        return fail(ErrorCode::resource_exhausted, fmt::format("{} playbooks are more than {}; remove some",
                                                               playbooks.size(), kMaxPlaybooks));
    }
    std::set<model::PlaybookId> ids;
    for (const auto& playbook : playbooks) {
        if (ids.insert(playbook.id()).second) continue;
        return fail(ErrorCode::invalid_argument,
                    fmt::format("playbook {} is there twice; give one another name or version",
                                playbook.id().value()));
    }
    std::ranges::sort(playbooks, [](const Playbook& a, const Playbook& b) {
        return std::tie(a.order, a.name, a.version) < std::tie(b.order, b.name, b.version);
    });
    PlaybookLibrary library;
    library.playbooks_ = std::move(playbooks);
    return library;
}

std::vector<const Playbook*> PlaybookLibrary::ladder(model::CauseKind cause, const model::ServiceId& service,
                                                     model::Criticality criticality) const {
    std::vector<const Playbook*> rungs;
    for (const auto& playbook : playbooks_) {
        if (matches(playbook.match, cause, service, criticality)) rungs.push_back(&playbook);
    }
    return rungs;
}

}  // namespace homeostat::plan
