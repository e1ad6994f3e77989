// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "homeostat/model/change_event.h"

namespace homeostat::actuate {

/// Follows a supervisor's change events from the oldest one it holds, each once, and reconnects when the
/// supervisor goes and comes back. Calls `on_change` from a thread of its own, which the destructor joins.
class ChangeFeed {
public:
    ChangeFeed(std::string socket_path, std::function<void(const model::ChangeEvent&)> on_change);
    ~ChangeFeed();
    ChangeFeed(const ChangeFeed&) = delete;
    ChangeFeed& operator=(const ChangeFeed&) = delete;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::actuate
