// SPDX-License-Identifier: Apache-2.0
#include "homeostat/telemetry/event_decoder.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "homeostat/telemetry/gate.h"

namespace {

struct Nowhere final : homeostat::model::SignalSink {
    void on_span(const homeostat::model::SpanView&) override {}
    void on_metric(const homeostat::model::MetricView&) override {}
    void on_log(const homeostat::model::LogView&) override {}
    void on_event(const homeostat::model::ServiceEvent&) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static homeostat::telemetry::EventDecoder decoder;
    static Nowhere sink;
    static homeostat::telemetry::Gate gate({}, sink);
    gate.begin(homeostat::EventTime(std::chrono::seconds(1'800'000'000)), "fuzzer");
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto event = decoder.decode(text)) {
        gate.on_event(*event);
    } else {
        gate.on_malformed(text, event.error().message);
    }
    (void)gate.take_quarantined();
    return 0;
}
