// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "homeostat/adapters/actuate/kubernetes/client.h"
#include "homeostat/adapters/actuate/kubernetes/watch_decoder.h"

namespace homeostat::kubernetes {

struct InformerConfig {
    Duration watch_lasting = std::chrono::minutes(5);  // then the watch is begun again where it ended
    Duration backoff_min = std::chrono::milliseconds(200);
    Duration backoff_max = std::chrono::seconds(30);
    std::uint64_t seed = 1;  // of the jitter, so that many of us do not come back at once
};

struct InformerCounters {
    std::uint64_t lists = 0;    // one at the start, one more whenever the server has forgotten our version
    std::uint64_t watches = 0;  // begun
    std::uint64_t events = 0;
    std::uint64_t errors = 0;
};

/// Keeps somebody informed about a list of objects: all of them first, each change afterwards, all of them
/// again when changes may have been missed. Calls the handlers from one thread of its own, which the
/// destructor joins within about a second.
class Informer {
public:
    struct Handlers {
        std::function<void(const std::vector<json::Value>&)> on_list;  // all objects there are now
        std::function<void(const WatchEvent&)> on_change;              // added, modified or deleted
    };

    Informer(ClusterAccess access, Query query, Handlers handlers, InformerConfig config = {});
    ~Informer();
    Informer(const Informer&) = delete;
    Informer& operator=(const Informer&) = delete;

    /// Safe from any thread.
    [[nodiscard]] InformerCounters counters() const;
    /// The last trouble, for people; empty: none since the last success. Safe from any thread.
    [[nodiscard]] std::string trouble() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::kubernetes
