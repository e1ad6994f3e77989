// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "homeostat/base/time.h"
#include "homeostat/shop/faults.h"

namespace homeostat::demo {

/// One act of the tour: what is broken, in words, and what must come of it.
struct Scene {
    shop::Fault fault = shop::Fault::crash;
    std::string_view headline;
    bool must_act = true;  // false: it must be left alone
    Duration patience{};   // healed, or rightly left alone, by then
};

/// All scenes, in the order in which the tour plays them.
[[nodiscard]] std::span<const Scene> scenes();

[[nodiscard]] const Scene& scene_of(shop::Fault fault);

}  // namespace homeostat::demo
