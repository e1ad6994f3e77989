// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "homeostat/base/codec.h"
#include "homeostat/base/time.h"
#include "homeostat/model/ids.h"

namespace homeostat::model {

enum class ChangeKind : std::uint8_t {
    version_changed,  // `detail` is the new version
    instance_started,
    instance_exited,  // `detail` says how: "signal 9", "exit 1"
    scaled,           // `detail` is the new number of replicas
    configured,
    instance_removed,  // taken away on purpose, by whoever may: nothing is missing
};

/// Something that was done to, or happened to, a service; first-class evidence for a cause.
struct ChangeEvent {
    EventTime at{};
    ServiceId service;
    std::optional<InstanceId> instance;
    ChangeKind kind = ChangeKind::configured;
    std::string detail;
    std::optional<OrderId> order;  // set when our own act caused it: then it is no evidence

    static constexpr auto describe() {
        return std::tuple{field("at", &ChangeEvent::at),
                          field("service", &ChangeEvent::service),
                          field("instance", &ChangeEvent::instance),
                          field("kind", &ChangeEvent::kind),
                          field("detail", &ChangeEvent::detail),
                          field("order", &ChangeEvent::order)};
    }
    friend bool operator==(const ChangeEvent&, const ChangeEvent&) = default;
};

}  // namespace homeostat::model

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::model::ChangeKind> = std::to_array<std::string_view>(
    {"version_changed", "instance_started", "instance_exited", "scaled", "configured", "instance_removed"});
