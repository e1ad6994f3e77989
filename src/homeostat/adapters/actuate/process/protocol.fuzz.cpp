// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/protocol.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto json = homeostat::json::parse(text)) {
        const auto request = homeostat::from_json<homeostat::actuate::Request>(*json);
        const auto reply = homeostat::from_json<homeostat::actuate::Reply>(*json);
        if (request.has_value() && reply.has_value()) return 0;
    }
    return 0;
}
