// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/kubernetes/watch_decoder.h"

#include "homeostat/adapters/actuate/kubernetes/api_object.h"

namespace homeostat::kubernetes {
namespace {

Result<WatchEvent> event_of(std::string_view line) {
    HOMEOSTAT_TRY(const auto value, json::parse(line));
    const auto kind = enum_from<WatchKind>(text_at(value, {"type"}));
    const auto* object = value.find("object");
    if (kind && object != nullptr && object->as_object() != nullptr) return WatchEvent{*kind, *object};
    return fail(ErrorCode::data_loss, "a line of a watch is no event");
}

}  // namespace

Result<std::vector<WatchEvent>> WatchDecoder::feed(std::string_view bytes) {
    std::vector<WatchEvent> events;
    rest_ += bytes;
    std::size_t begin = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
        auto event = event_of(std::string_view(rest_).substr(begin, end - begin));
        if (!event) return fail(ErrorCode::data_loss, event.error().message);
        events.push_back(*std::move(event));
        begin = end + 1;
    }
    rest_.erase(0, begin);
    if (rest_.size() <= kLineBytesMax) return events;
    return fail(ErrorCode::resource_exhausted, "a line of a watch is longer than 4 MiB");
}

}  // namespace homeostat::kubernetes
