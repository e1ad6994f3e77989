// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "homeostat/base/check.h"
#include "homeostat/base/time.h"

/// What tests of many modules need.
namespace homeostat::kit {

/// A folder of its own for a test, gone with it.
class Folder {
public:
    Folder() {
        auto name = (std::filesystem::temp_directory_path() / "homeostat-test-XXXXXX").string();
        HOMEOSTAT_CHECK(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// Waits for a condition: true as soon as it holds, false when it does not hold in time.
inline bool eventually(const std::function<bool()>& condition, Duration patience = std::chrono::seconds{20}) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

}  // namespace homeostat::kit
