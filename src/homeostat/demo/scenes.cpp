// SPDX-License-Identifier: Apache-2.0
#include "homeostat/demo/scenes.h"

#include <algorithm>
#include <array>

#include "homeostat/base/check.h"

namespace homeostat::demo {
namespace {

using namespace std::chrono_literals;
using shop::Fault;

constexpr auto kScenes = std::to_array<Scene>({
    {Fault::crash, "kill -9 of an instance of payment-service", true, 40s},
    {Fault::bad_version, "a new version of catalog answers 500 to most requests", true, 40s},
    {Fault::hang, "SIGSTOP of an instance of payment-service", true, 45s},
    {Fault::slow_db, "every instance of db becomes slow", true, 45s},
    {Fault::telemetry_silence, "cart's telemetry falls silent; cart itself is well", false, 8s},
    {Fault::cpu_burn, "an instance of payment-service burns a core", true, 45s},
    {Fault::load_surge, "four times as many checkouts", true, 45s},
    {Fault::lost_dependency, "payment-service loses its way to rate-limiter", true, 45s},
    {Fault::memory_leak, "an instance of payment-service leaks 8 MB a second", true, 60s},
});

}  // namespace

std::span<const Scene> scenes() {
    return kScenes;
}

const Scene& scene_of(Fault fault) {
    const auto found = std::find_if(kScenes.begin(), kScenes.end(),
                                    [&](const Scene& scene) { return scene.fault == fault; });
    HOMEOSTAT_CHECK(found != kScenes.end());
    return *found;
}

}  // namespace homeostat::demo
