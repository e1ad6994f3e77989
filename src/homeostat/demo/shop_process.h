// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "homeostat/base/result.h"
#include "homeostat/base/time.h"

namespace homeostat::demo {

/// The example shop as a process of its own, with all its instances below it. Nothing of it outlives this.
class ShopProcess {
public:
    /// Starts `homeostat-shop supervise`, which stands beside this program, and waits until every instance is
    /// ready. Errors: `not_found` for a program that is not there, `deadline_exceeded`.
    [[nodiscard]] static Result<std::unique_ptr<ShopProcess>> start(const std::string& run_dir,
                                                                    const std::string& otlp_endpoint);
    ~ShopProcess();
    ShopProcess(const ShopProcess&) = delete;
    ShopProcess& operator=(const ShopProcess&) = delete;

private:
    ShopProcess() = default;
    void live(const std::string& program, const std::string& run_dir, const std::string& endpoint);

    std::atomic<bool> closing_ = false;
    std::atomic<bool> ended_ = false;
    std::string failure_;  // why it could not be started; set before ended_
    std::thread keeper_;   // the child dies with the thread that started it
};

}  // namespace homeostat::demo
