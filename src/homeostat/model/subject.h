// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <string>

#include "homeostat/base/codec.h"
#include "homeostat/model/ids.h"

namespace homeostat::model {

/// What a window of features is about: a service; one instance of it; or, with `callee`, the calls that
/// the service makes to the callee. An edge points from caller to callee, everywhere.
struct Subject {
    ServiceId service;
    std::optional<ServiceId> callee;
    std::optional<InstanceId> instance;

    [[nodiscard]] bool is_service() const { return !callee && !instance; }
    [[nodiscard]] bool is_edge() const { return callee.has_value(); }
    [[nodiscard]] bool is_instance() const { return instance.has_value(); }

    static constexpr auto describe() {
        return std::tuple{field("service", &Subject::service), field("callee", &Subject::callee),
                          field("instance", &Subject::instance)};
    }
    friend bool operator==(const Subject&, const Subject&) = default;
    friend auto operator<=>(const Subject&, const Subject&) = default;
};

/// "payment", "payment → db" or "payment/payment-2", for people.
[[nodiscard]] std::string to_string(const Subject& subject);

}  // namespace homeostat::model
