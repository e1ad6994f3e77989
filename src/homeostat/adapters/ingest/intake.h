// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "homeostat/adapters/ingest/batch.h"
#include "homeostat/base/result.h"
#include "homeostat/base/time.h"
#include "homeostat/model/signal.h"
#include "homeostat/telemetry/gate.h"

namespace homeostat::ingest {

enum class Encoding : std::uint8_t { protobuf, json };

/// One OTLP request as it was received.
struct Payload {
    Signal signal = Signal::traces;
    Encoding encoding = Encoding::protobuf;
    std::string_view bytes;
    std::string_view source;  // who brought it, for the quarantine: "otlp_http 127.0.0.1:40312"
};

struct IntakeConfig {
    telemetry::GateConfig gate;
    std::size_t bytes_waiting_max = std::size_t{64}
                                    << 20U;  // of payloads on their way through, all receivers
};

struct IntakeCounters {
    telemetry::GateCounters gate;
    std::uint64_t payloads = 0;
    std::uint64_t payloads_malformed = 0;
    std::uint64_t payloads_shed = 0;  // beyond `bytes_waiting_max`
    std::uint64_t bytes = 0;
    std::uint64_t metrics_ignored = 0;  // points of metrics that we have no use for
};

/// The one way in: decodes payloads, passes the records through the gate, and feeds the sink, which is
/// thus used by one thread at a time. The receivers' threads do the work themselves, one after the other:
/// a queue and a thread of its own would cost more than the work and could not answer what was rejected.
class Intake {
public:
    /// `sink` must outlive the intake; `clock` tells the present time and is called by any thread.
    Intake(IntakeConfig config, model::SignalSink& sink, std::function<EventTime()> clock);
    ~Intake();
    Intake(const Intake&) = delete;
    Intake& operator=(const Intake&) = delete;

    /// Takes an OTLP request; all of it or, on error, nothing of it reaches the sink. Errors:
    /// `invalid_argument` for a malformed one (set aside in the quarantine), `resource_exhausted` when too
    /// many bytes are waiting: the sender shall try again. Thread-safe.
    [[nodiscard]] Result<telemetry::GateTally> accept(const Payload& payload);

    /// Takes an event of `telemetry.raw` in JSON; its reader waits while others are served. Errors:
    /// `invalid_argument` for a malformed one, set aside likewise. Thread-safe.
    [[nodiscard]] Result<telemetry::GateTally> accept_event(std::string_view json, std::string_view source);

    /// Runs `use` while nothing reaches the sink: for whoever reads from it. Thread-safe.
    void exclusively(const std::function<void()>& use);

    /// The bad records since the last call, oldest first. Thread-safe.
    [[nodiscard]] std::vector<telemetry::QuarantinedRecord> take_quarantined();
    [[nodiscard]] IntakeCounters counters() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homeostat::ingest
