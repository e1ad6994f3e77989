// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/action.h"
#include "homeostat/model/change_event.h"
#include "homeostat/model/feature_window.h"
#include "homeostat/model/ids.h"

/// Everything that the loop may learn of the outside. A journal of these, with the instants at which
/// they were applied, is enough to decide everything again.
namespace homeostat::loop {

struct WindowsArrived {
    static constexpr std::string_view kType = "windows";
    std::vector<model::FeatureWindow> windows;

    static constexpr auto describe() { return std::tuple{field("windows", &WindowsArrived::windows)}; }
    friend bool operator==(const WindowsArrived&, const WindowsArrived&) = default;
};

struct Changed {
    static constexpr std::string_view kType = "changed";
    model::ChangeEvent change;

    static constexpr auto describe() { return std::tuple{field("change", &Changed::change)}; }
    friend bool operator==(const Changed&, const Changed&) = default;
};

struct OrderFinished {
    static constexpr std::string_view kType = "order_finished";
    model::OrderResult result;

    static constexpr auto describe() { return std::tuple{field("result", &OrderFinished::result)}; }
    friend bool operator==(const OrderFinished&, const OrderFinished&) = default;
};

struct ApprovalAnswered {
    static constexpr std::string_view kType = "approval";
    model::IncidentId incident;
    bool approved = false;
    std::string by;
    std::string reason;

    static constexpr auto describe() {
        return std::tuple{field("incident", &ApprovalAnswered::incident),
                          field("approved", &ApprovalAnswered::approved), field("by", &ApprovalAnswered::by),
                          field("reason", &ApprovalAnswered::reason)};
    }
    friend bool operator==(const ApprovalAnswered&, const ApprovalAnswered&) = default;
};

/// The stop switch: no order leaves while it is on; everything else goes on.
struct StopSwitched {
    static constexpr std::string_view kType = "stop_switched";
    bool stopped = false;
    std::string by;
    std::string reason;

    static constexpr auto describe() {
        return std::tuple{field("stopped", &StopSwitched::stopped), field("by", &StopSwitched::by),
                          field("reason", &StopSwitched::reason)};
    }
    friend bool operator==(const StopSwitched&, const StopSwitched&) = default;
};

using Input = std::variant<WindowsArrived, Changed, OrderFinished, ApprovalAnswered, StopSwitched>;

/// One call of Loop::step, as the journal keeps it.
struct JournalEntry {
    Instant now;
    std::vector<Input> inputs;

    friend bool operator==(const JournalEntry& a, const JournalEntry& b) {
        return a.now.loop == b.now.loop && a.now.event == b.now.event && a.inputs == b.inputs;
    }
};

}  // namespace homeostat::loop

template <>
struct homeostat::JsonCodec<homeostat::loop::JournalEntry> {
    static json::Value write(const loop::JournalEntry& entry) {
        return json::Object{{"loop_ns", to_json(entry.now.loop)},
                            {"at", to_json(entry.now.event)},
                            {"inputs", to_json(entry.inputs)}};
    }
    static Result<> read(const json::Value& json, loop::JournalEntry& out) {
        if (auto read = codec_detail::read_member(json, "loop_ns", out.now.loop); !read) return read;
        if (auto read = codec_detail::read_member(json, "at", out.now.event); !read) return read;
        return codec_detail::read_member(json, "inputs", out.inputs);
    }
};
