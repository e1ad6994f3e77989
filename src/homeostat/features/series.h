// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/features/log_templates.h"
#include "homeostat/features/rolling_windows.h"
#include "homeostat/features/window_accumulator.h"

namespace homeostat::features {

/// Accumulators are some kilobytes each and live for about a second: they are used again, so that the
/// steady state does not allocate, and a series that reports nothing holds none.
class AccumulatorPool {
public:
    [[nodiscard]] WindowAccumulator* take();
    void give_back(WindowAccumulator* accumulator);

    [[nodiscard]] std::size_t allocated() const { return owned_.size(); }

private:
    std::vector<std::unique_ptr<WindowAccumulator>> owned_;
    std::vector<WindowAccumulator*> free_;
};

/// The windows of one series that are still open: one place for each second that may receive data.
class OpenWindows {
public:
    /// The most seconds that can be open at once.
    static constexpr std::size_t kPlaces = 16;

    [[nodiscard]] WindowAccumulator& at(Second second, AccumulatorPool& pool) {
        auto*& place = places_[index(second)];
        if (place == nullptr) place = pool.take();
        return *place;
    }
    /// What was reported in the second; null for nothing.
    [[nodiscard]] const WindowAccumulator* find(Second second) const { return places_[index(second)]; }
    [[nodiscard]] bool empty() const;
    void close(Second second, AccumulatorPool& pool);
    void close_all(AccumulatorPool& pool);

private:
    [[nodiscard]] static std::size_t index(Second second) {
        return static_cast<std::uint64_t>(second) % kPlaces;
    }
    std::array<WindowAccumulator*, kPlaces> places_{};
};

template <class Value>
using ByName = std::map<std::string, Value, std::less<>>;

/// One instance of a service; the one without a name collects what names no instance.
struct Instance {
    OpenWindows windows;
    Second last_reported = 0;
    std::optional<CounterReading> cpu_seconds;  // newest of the closed windows
    std::optional<CounterReading> restarts_total;
    std::optional<std::uint16_t> version;
};

/// The calls to one callee.
struct Edge {
    OpenWindows windows;
    Second last_reported = 0;  // a call
    Second last_fresh = 0;
    /// Which sides' spans count this edge: their silence is no absence of calls.
    bool counted_by_caller = false;
    bool counted_by_callee = false;
};

struct KnownVersion {
    std::string name;
    std::optional<Second> last_reported;  // in a closed window
};

/// What is known of one service. Its windows are the sum of its instances'.
struct Service {
    std::string name;
    ByName<Instance> instances;
    ByName<Edge> edges;  // by callee
    LogTemplates templates;
    RollingWindows rolling;
    std::vector<KnownVersion> versions;
    std::optional<std::uint16_t> current_version;  // the one introduced last
    Second last_reported = 0;
    bool reported = false;  // in the second that is being closed

    [[nodiscard]] bool reported_in(Second second) const;
};

}  // namespace homeostat::features
