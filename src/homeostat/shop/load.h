// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"

namespace homeostat::shop {

struct LoadOptions {
    std::string listen = "127.0.0.1:0";  // port 0: the system picks one
    std::string registry_path;           // of the supervisor; empty: we are in a pod of a cluster
    model::ServiceId service{"frontend"};
    std::map<std::string, double> rates_rps;  // mean of each route
    double swing = 0.15;                      // the rate goes up and down by this share over a day
    Duration day = std::chrono::seconds(60);  // a day's length
    std::uint64_t seed = 1;
};

/// What the users of the shop got.
struct LoadStats {
    std::uint64_t sent = 0;
    std::uint64_t good = 0;
    std::uint64_t failed = 0;   // 5xx, no answer, or none in time
    std::uint64_t refused = 0;  // 429: throttled
    std::uint64_t dropped = 0;  // not sent: all senders were busy

    static constexpr auto describe() {
        return std::tuple{field("sent", &LoadStats::sent), field("good", &LoadStats::good),
                          field("failed", &LoadStats::failed), field("refused", &LoadStats::refused),
                          field("dropped", &LoadStats::dropped)};
    }
};

/// What the users of the shop in `run_dir` got so far. Errors: `unavailable` when it does not run.
[[nodiscard]] Result<LoadStats> read_load_stats(const std::string& run_dir);

/// The rate's factor at `time` after the start: 1 ± swing over a day.
[[nodiscard]] double daily_factor(Duration time, double swing, Duration day);

/// The shop's users: an open loop, so requests come whether or not the earlier ones were answered, with
/// Poisson arrivals around a daily rhythm. GET /stats tells how they fare; POST /control makes a surge.
class Load {
public:
    /// Errors: those of http::Server::start.
    [[nodiscard]] static Result<std::unique_ptr<Load>> start(LoadOptions options);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    [[nodiscard]] std::string address() const;
    [[nodiscard]] LoadStats stats() const;

private:
    struct Impl;
    explicit Load(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::shop
