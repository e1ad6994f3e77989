// SPDX-License-Identifier: Apache-2.0
#include "homeostat/telemetry/quarantine.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace homeostat::telemetry {

std::uint64_t Quarantine::Counters::total() const {
    return std::accumulate(by_reason.begin(), by_reason.end(), std::uint64_t{0});
}

void Quarantine::add(QuarantinedRecord record) {
    if (!has_room()) {
        count(record.reason);
        return;
    }
    ++counters_.by_reason[static_cast<std::size_t>(record.reason)];
    records_.push_back(std::move(record));
}

void Quarantine::count(QuarantineReason reason) {
    ++counters_.by_reason[static_cast<std::size_t>(reason)];
    ++counters_.not_kept;
}

std::vector<QuarantinedRecord> Quarantine::take() {
    return std::exchange(records_, {});
}

std::string excerpt_of(std::string_view bytes) {
    std::string out(bytes.substr(0, Quarantine::kExcerptMax));
    std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '.');
    return out;
}

}  // namespace homeostat::telemetry
