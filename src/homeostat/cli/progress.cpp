// SPDX-License-Identifier: Apache-2.0
#include "homeostat/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace homeostat::cli {
namespace {

constexpr std::string_view kWipe = "\r\x1b[2K";
constexpr auto kRedraw = std::chrono::milliseconds{100};

}  // namespace

Progress::Progress(Environment& environment, std::string what, std::uint64_t total)
    : environment_(environment), what_(std::move(what)), total_(total) {}

Progress::~Progress() {
    if (drawn_) environment_.err << kWipe << std::flush;
}

void Progress::advance(std::uint64_t steps) {
    done_ += steps;
    if (!environment_.progress) return;
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + kRedraw;
    draw(now);
}

void Progress::draw(Clock::time_point now) {
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(now - started_).count();
    environment_.err << kWipe << what_;
    if (total_ == 0) {
        environment_.err << fmt::format("  {}  {} s", done_, elapsed);
    } else {
        const auto done = std::min(done_, total_);
        constexpr std::uint64_t kBar = 30;
        const auto filled = static_cast<std::size_t>(done * kBar / total_);
        environment_.err << fmt::format("  [{:<30}] {} of {}  {} s", std::string(filled, '#'), done, total_,
                                        elapsed);
    }
    environment_.err << std::flush;
    drawn_ = true;
}

}  // namespace homeostat::cli
