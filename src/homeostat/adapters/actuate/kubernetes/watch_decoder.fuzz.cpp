// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/watch_decoder.h"

#include "homeostat/base/check.h"

/// However a stream is cut, the same events come out.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat::kubernetes;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    WatchDecoder whole;
    const auto at_once = whole.feed(text);
    WatchDecoder piecewise;
    std::size_t count = 0;
    bool broken = false;
    for (std::size_t i = 0; i < text.size() && !broken; ++i) {
        const auto events = piecewise.feed(text.substr(i, 1));
        broken = !events;
        if (events) count += events->size();
    }
    HOMEOSTAT_CHECK(broken == !at_once);
    if (at_once) HOMEOSTAT_CHECK(count == at_once->size());
    return 0;
}
