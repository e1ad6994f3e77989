// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/describe.h"
#include "homeostat/base/json.h"
#include "homeostat/base/result.h"

namespace homeostat::kubernetes {

enum class WatchKind : std::uint8_t {
    added,
    modified,
    deleted,
    bookmark,  // nothing happened; `object` holds the version that the watch has reached
    error,     // `object` is a Status; the watch is over
};

struct WatchEvent {
    WatchKind kind = WatchKind::added;
    json::Value object;
};

/// Takes the stream of a watch apart: one JSON object a line, cut anywhere.
class WatchDecoder {
public:
    static constexpr std::size_t kLineBytesMax = std::size_t{4} << 20U;  // an object has 1.5 MiB at most

    /// The events that `bytes` complete. Errors: `data_loss` for a line that is no event,
    /// `resource_exhausted` for one that is too long; the watch must then be begun anew.
    [[nodiscard]] Result<std::vector<WatchEvent>> feed(std::string_view bytes);

private:
    std::string rest_;
};

}  // namespace homeostat::kubernetes

template <>
inline constexpr auto homeostat::kEnumNames<homeostat::kubernetes::WatchKind> =
    std::to_array<std::string_view>({"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"});
