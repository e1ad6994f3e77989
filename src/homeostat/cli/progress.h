// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "homeostat/cli/command.h"

namespace homeostat::cli {

/// Shows how far a long work has come, on one line of standard error that is wiped at the end. Nothing is
/// drawn in the first two seconds, nor when standard error is no terminal.
///
///     Progress progress(environment, "simulating", incidents);
///     for (…) progress.advance();
class Progress {
public:
    /// `total` 0: not known.
    Progress(Environment& environment, std::string what, std::uint64_t total);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void advance(std::uint64_t steps = 1);

private:
    using Clock = std::chrono::steady_clock;

    void draw(Clock::time_point now);

    Environment& environment_;
    std::string what_;
    std::uint64_t total_;
    std::uint64_t done_ = 0;
    Clock::time_point started_ = Clock::now();
    Clock::time_point next_ = started_ + std::chrono::seconds{2};
    bool drawn_ = false;
};

}  // namespace homeostat::cli
