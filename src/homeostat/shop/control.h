// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"

namespace homeostat::shop {

/// The body of `POST /control`: what shall go wrong in a process of the shop from now on. What is left
/// out stays as it is. All of it lives in the process's memory, so a restart ends it.
struct Control {
    std::optional<bool> burn_cpu;                 // a thread burns a core, and requests suffer from it
    std::optional<double> leak_mb_per_s;          // 0 stops the leak and gives the memory back
    std::optional<double> delay_ms;               // every request waits that much longer
    std::optional<std::vector<std::string>> cut;  // calls to these services fail at once
    std::optional<bool> silent;                   // exports no telemetry
    std::optional<double> surge;                  // of the load: factor on the rate of `surge_route`; 1: none
    std::optional<std::string> surge_route;

    static constexpr auto describe() {
        return std::tuple{
            field("burn_cpu", &Control::burn_cpu),      field("leak_mb_per_s", &Control::leak_mb_per_s),
            field("delay_ms", &Control::delay_ms),      field("cut", &Control::cut),
            field("silent", &Control::silent),          field("surge", &Control::surge),
            field("surge_route", &Control::surge_route)};
    }
};

}  // namespace homeostat::shop
