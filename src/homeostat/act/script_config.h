// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "homeostat/base/schema.h"
#include "homeostat/base/time.h"
#include "homeostat/base/units.h"

namespace homeostat::act {

/// Which programs a script step may run, and what they get.
struct ScriptConfig {
    std::vector<std::string> programs;
    std::string directory = "/";
    std::map<std::string, std::string> environment;
    std::vector<std::string> inherit;
    Duration cpu_time = std::chrono::seconds(10);
    Bytes memory{std::int64_t{512} << 20U};
    std::int32_t open_files = 64;

    static constexpr auto schema() {
        using namespace std::chrono_literals;
        return std::tuple{
            setting("programs", &ScriptConfig::programs, "Absolute paths of the programs that may be run."),
            setting("directory", &ScriptConfig::directory, "Working directory of a script."),
            setting("environment", &ScriptConfig::environment, "Variables that a script gets."),
            setting("inherit", &ScriptConfig::inherit,
                    "Names of our own variables that a script gets as well."),
            setting("cpu_time", &ScriptConfig::cpu_time, "CPU time after which a script is killed.",
                    {.min = 1s, .max = 1h}),
            setting("memory", &ScriptConfig::memory, "Address space of each of its processes."),
            setting("open_files", &ScriptConfig::open_files, "Open files of each of its processes.",
                    {.min = 8, .max = 4096})};
    }
};

}  // namespace homeostat::act
